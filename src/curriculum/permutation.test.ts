import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { permutation } from './permutation.ts';

const all = (n: number, key: string): number[] => Array.from({ length: n }, (_, i) => i).map(permutation(n, key));

describe('permutation', () => {
  test('every n up to 2,000 is met once each', () => {
    for (let n = 1; n <= 2000; n++) {
      const seen = new Uint8Array(n);
      for (const place of all(n, 'key')) seen[place]++;
      if (!seen.every((times) => times === 1)) throw new Error(`not a permutation of ${n}`);
    }
  });
  test('whatever the key', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.string(), (n, key) => {
        expect(new Set(all(n, key)).size).toBe(n);
      }),
      { numRuns: 200 },
    );
  });
  test('the same key gives the same order, another key another', () => {
    expect(all(100, 'a')).toEqual(all(100, 'a'));
    expect(all(100, 'a')).not.toEqual(all(100, 'b'));
  });
  test('every place comes first about equally often', () => {
    const counts = Array<number>(10).fill(0);
    for (let key = 0; key < 5000; key++) counts[permutation(10, String(key))(0)]++;
    expect(Math.min(...counts)).toBeGreaterThan(400);
    expect(Math.max(...counts)).toBeLessThan(600);
  });
  test('neighbours do not stay neighbours', () => {
    const order = all(1000, 'key');
    const near = order.slice(1).filter((place, i) => Math.abs(place - order[i]) === 1).length;
    expect(near).toBeLessThan(15);
  });
  test.each([0, -1, 1.5, 2 ** 30 + 1])('refuses to permute %p things', (n) => expect(() => permutation(n, 'key')).toThrow(RangeError));
  test.each([-1, 7, 0.5])('refuses place %p of 7', (index) => expect(() => permutation(7, 'key')(index)).toThrow('is not in 0..6'));
});
