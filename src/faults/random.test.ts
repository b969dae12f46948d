import { expect, test } from '@jest/globals';
import { seededRandom } from './random.ts';

const draw = (seed: string, n: number, count: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random(n));
};

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw('7', 1000, 20)).toEqual(draw('7', 1000, 20));
  expect(draw('7', 1000, 20)).not.toEqual(draw('8', 1000, 20));
});

test('every number comes about equally often', () => {
  const counts = [0, 0, 0, 0, 0];
  for (const n of draw('counts', 5, 5000)) counts[n] += 1;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

test('nothing to choose from is an error', () => {
  expect(() => seededRandom('x')(0)).toThrow('Nothing to choose from');
});
