import { createHash } from 'node:crypto';

const ROUNDS = 6;
const { imul } = Math;

/**
 * A permutation of 0..n-1 that depends on `key` and `n` alone and keeps no list: a Feistel network over the next power of four, walked until
 * it lands below n (cycle walking; Black and Rogaway, 2002).
 *
 * @param n 1..2^30
 * @returns index -> index; throws RangeError outside 0..n-1
 */
export function permutation(n: number, key: string): (index: number) => number {
  if (!Number.isInteger(n) || n < 1 || n > 2 ** 30) throw new RangeError(`Cannot permute ${n} things`);
  const halfBits = Math.max(1, Math.ceil(Math.log2(n) / 2));
  const mask = 2 ** halfBits - 1;
  const digest = createHash('sha256').update(key).digest();
  const roundKeys = Array.from({ length: ROUNDS }, (_, round) => digest.readUInt32BE(4 * round));
  const encrypt = (value: number): number => {
    let left = value >>> halfBits;
    let right = value & mask;
    for (let round = 0; round < ROUNDS; round++) {
      const next = left ^ (mix(right ^ roundKeys[round]) & mask);
      left = right;
      right = next;
    }
    return (left << halfBits) | right;
  };
  return (index) => {
    if (!Number.isInteger(index) || index < 0 || index >= n) throw new RangeError(`${index} is not in 0..${n - 1}`);
    let value = encrypt(index);
    while (value >= n) value = encrypt(value);
    return value;
  };
}

/** Spreads 32 bits over 32 bits (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let x = value;
  x = imul(x ^ (x >>> 16), 0x85ebca6b);
  x = imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
