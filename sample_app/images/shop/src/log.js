// One JSON object a line on standard output, written at once so that a dying process loses nothing.
import { writeSync } from 'node:fs';

function write(level, msg, fields) {
  writeSync(1, `${JSON.stringify({ time: new Date().toISOString(), level, msg, ...fields })}\n`);
}

export const log = {
  info: (msg, fields) => write('info', msg, fields),
  warn: (msg, fields) => write('warn', msg, fields),
  error: (msg, fields) => write('error', msg, fields),
  fatal: (msg, fields) => write('fatal', msg, fields),
};

/** A logger for conditions that repeat: the same `key` is written again only after `everyMs`. */
export function sparse(everyMs) {
  const last = new Map();
  return (level, key, msg, fields) => {
    const now = Date.now();
    if (now - (last.get(key) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
    last.set(key, now);
    log[level](msg, fields);
  };
}
