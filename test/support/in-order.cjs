const Sequencer = require('@jest/test-sequencer').default;

/** Test files by name, on every machine. Left to itself jest orders them by what ran there before, so that a failure on one machine need not be one on the next. */
module.exports = class InOrder extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => (a.path < b.path ? -1 : 1));
  }
};
