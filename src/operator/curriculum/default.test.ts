import { expect, test } from '@jest/globals';
import { curriculumFromEnv } from './default.ts';

test.each([
  ['nothing, the defaults', {}, {}],
  ['a mode', { GYM_MODE: 'adversarial' }, { mode: 'adversarial' }],
  ['a least difficulty', { EVAL_MIN_DIFFICULTY: '0.4' }, { minDifficulty: 0.4 }],
  ['the greatest one', { EVAL_MIN_DIFFICULTY: '0.7' }, { minDifficulty: 0.7 }],
  ['empty ones, the defaults', { GYM_MODE: '', EVAL_MIN_DIFFICULTY: '' }, {}],
])('the environment may say %s', (_name, env, spec) => {
  expect(curriculumFromEnv(env)).toEqual(spec);
});

test.each([
  [{ GYM_MODE: 'hard' }, /GYM_MODE is hard; it must be standard or adversarial/],
  [
    { EVAL_MIN_DIFFICULTY: '0.75' },
    /EVAL_MIN_DIFFICULTY is 0.75; it must be a number from 0 to 0.7, the difficulty of the hardest incident/,
  ],
  [{ EVAL_MIN_DIFFICULTY: '-1' }, /is -1/],
  [{ EVAL_MIN_DIFFICULTY: 'high' }, /is high/],
])('%j is refused with a sentence', (env, message) => {
  expect(() => curriculumFromEnv(env)).toThrow(message);
});
