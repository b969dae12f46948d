import { expect, test } from '@jest/globals';
import { rulesWith } from './testing.ts';

const { source, spec } = rulesWith();
const scenarios = (['train', 'eval'] as const).flatMap((split) =>
  source.pools(split).flatMap((pool) => Array.from({ length: source.count(pool) }, (_, index) => ({ pool, ...source.at(pool, index) }))),
);

test('no two places hold the same scenario', () => expect(new Set(scenarios.map(({ key }) => key)).size).toBe(scenarios.length));

test('a pool holds what it says', () => {
  for (const { pool, faults, difficulty } of scenarios) {
    expect([faults[0].type, faults.length]).toEqual([pool.type, pool.size]);
    expect(new Set(faults.map(({ type }) => type)).size).toBe(pool.size);
    expect(spec.tiers.findIndex(({ maxDifficulty }) => maxDifficulty >= difficulty)).toBe(pool.band);
  }
});

test('every set of one to three of seven faults is there', () => {
  const sets = new Set(
    scenarios.map(({ faults }) =>
      faults
        .map(({ type }) => type)
        .sort()
        .join(),
    ),
  );
  expect(sets.size).toBe(7 + 21 + 35);
});
