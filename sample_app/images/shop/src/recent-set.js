import { createHash } from 'node:crypto';

/**
 * A Bloom filter over recent keys: says "certainly new" or "maybe seen" without asking a store.
 * The whole table is touched when it is made, so that memory is taken at start and not in the middle of a sale.
 */
export class RecentSet {
  #bits;

  /** mebibytes: size of the table. 24 MiB keeps false alarms below one in a million up to a million keys. */
  constructor(mebibytes) {
    this.#bits = Buffer.allocUnsafeSlow(mebibytes * 1024 * 1024).fill(0);
  }

  #positions(key) {
    const digest = createHash('sha256').update(key).digest();
    return [0, 4, 8, 12, 16, 20, 24].map((at) => digest.readUInt32LE(at) % (this.#bits.length * 8));
  }

  add(key) {
    for (const bit of this.#positions(key)) this.#bits[bit >> 3] |= 1 << (bit & 7);
  }

  maybeHas(key) {
    return this.#positions(key).every((bit) => this.#bits[bit >> 3] & (1 << (bit & 7)));
  }
}
