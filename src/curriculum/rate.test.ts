import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { meanOf, pushed } from './rate.ts';

const cases: Record<string, [number[], number]> = {
  'the mean of nothing is 0': [[], 0],
  'ten times 0.7 is 0.7, not just below': [Array<number>(10).fill(0.7), 0.7],
  'thirds are cut to four decimals': [[1, 0, 0], 0.3333],
};
test.each(Object.entries(cases))('%s', (_name, [values, mean]) => expect(meanOf(values)).toBe(mean));

test('the order of arrival does not show in a mean', () => {
  // Rewards have four decimals, so the mean of eight may lie just between two roundings.
  const rewards = fc.array(
    fc.integer({ min: -20_000, max: 80_000 }).map((points) => points / 1e4),
    { minLength: 8, maxLength: 8 },
  );
  const shuffled = rewards.chain((values) => fc.tuple(fc.constant(values), fc.shuffledSubarray(values, { minLength: 8 })));
  fc.assert(
    fc.property(shuffled, ([values, other]) => expect(meanOf(other)).toBe(meanOf(values))),
    { numRuns: 1000 },
  );
});

test('a window keeps the newest', () => expect(pushed([1, 2, 3], 4, 3)).toEqual([2, 3, 4]));
