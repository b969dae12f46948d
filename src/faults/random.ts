import { createHash } from 'node:crypto';
import type { Random } from './fault.ts';

/** Uniform integers that depend on `seed` alone: SHA-256 of the seed and a counter, 32 bits a draw. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  return (n) => {
    if (!Number.isInteger(n) || n < 1) throw new RangeError(`Nothing to choose from (${n})`);
    const limit = 2 ** 32 - (2 ** 32 % n);
    for (;;) {
      const value = createHash('sha256').update(`${seed}\n${counter++}`).digest().readUInt32BE();
      if (value < limit) return value % n;
    }
  };
}
