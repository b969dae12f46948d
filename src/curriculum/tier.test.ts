import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { tierIndex } from './rules.ts';
import { rulesWith } from './testing.ts';
import { moveTier } from './tier.ts';

const times = (n: number, value: number): number[] => Array<number>(n).fill(value);
const standing = (tier: string, results: readonly number[]) => ({
  ...{ tier, stint: 3, trialsInTier: results.length, tierResults: results.slice(-10) },
});

describe('moveTier', () => {
  const cases: Record<string, [string, number[], string]> = {
    'no trial, no move': ['warmup', [], 'warmup'],
    'warmup: five trials at .6': ['warmup', times(5, 0.6), 'beginner'],
    'warmup: four are too few': ['warmup', times(4, 0.6), 'warmup'],
    'warmup: below .6 is too little': ['warmup', times(20, 0.59), 'warmup'],
    'beginner: five at .6': ['beginner', times(5, 0.6), 'intermediate'],
    'intermediate: eight at .65': ['intermediate', times(8, 0.65), 'advanced'],
    'intermediate: seven are too few': ['intermediate', times(7, 0.65), 'intermediate'],
    'advanced: ten at .7': ['advanced', times(10, 0.7), 'expert'],
    'advanced: nine are too few': ['advanced', times(9, 0.89), 'advanced'],
    'expert: nothing is above': ['expert', times(30, 1), 'expert'],
    'fast track: three at .9': ['advanced', times(3, 0.9), 'expert'],
    'fast track: two are too few': ['advanced', times(2, 1), 'advanced'],
    'fast track: a bad start is not forgotten': ['advanced', [0, 1, 1, 1], 'advanced'],
    'only the last ten trials promote': ['warmup', [...times(10, 0), ...times(6, 1), ...times(4, 0)], 'beginner'],
    'down: ten trials below .3': ['intermediate', times(10, 0.29), 'beginner'],
    'down: .3 is enough to stay': ['intermediate', times(10, 0.3), 'intermediate'],
    'down: nine are too few': ['intermediate', times(9, 0), 'intermediate'],
    'down: only the last ten trials count': ['expert', [...times(20, 1), ...times(10, 0)], 'advanced'],
    'nothing is below warmup': ['warmup', times(30, 0), 'warmup'],
  };
  test.each(Object.entries(cases))('%s', (_name, [tier, results, expected]) => {
    expect(moveTier(standing(tier, results), rulesWith()).standing.tier).toBe(expected);
  });

  test('a new tier starts without results, and the change is counted', () => {
    const { standing: moved, happenings } = moveTier(standing('warmup', times(3, 1)), rulesWith());
    expect(moved).toEqual({ tier: 'beginner', stint: 4, trialsInTier: 0, tierResults: [] });
    expect(happenings.map(({ message }) => message)).toEqual([
      'From warmup up to beginner on the fast track: success 1 after 3 trials of the tier',
      'Tier beginner unlocks bad_config, liveness_probe, resource_quota',
    ]);
  });
  test('going down is said, too', () => {
    const { happenings } = moveTier(standing('advanced', times(12, 0.1)), rulesWith());
    expect(happenings).toEqual([
      { reason: 'Demoted', message: 'From advanced down to intermediate: success 0.1 over the last 10 trials of the tier' },
    ]);
  });
  test('nobody falls below what minDifficulty asks for', () => {
    expect(moveTier(standing('intermediate', times(10, 0)), rulesWith({ minDifficulty: 0.5 })).standing.tier).toBe('intermediate');
  });
  test('without an advanceRate a tier is not left upwards', () => {
    const tiers = [
      { name: 'low', maxDifficulty: 0.3 },
      { name: 'high', maxDifficulty: 0.9 },
    ];
    expect(moveTier(standing('low', times(50, 1)), rulesWith({ tiers })).standing.tier).toBe('low');
  });
  test('it moves by one tier at most, whatever the rules', () => {
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    const promotion = fc.record({
      window: fc.integer({ min: 1, max: 10 }),
      fastTrackTrials: fc.integer({ min: 1, max: 5 }),
      demoteRate: rate,
    });
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2, 3, 4), fc.array(rate, { maxLength: 20 }), promotion, (from, results, chosen) => {
        const rules = rulesWith({ promotion: chosen });
        const moved = moveTier(standing(rules.spec.tiers[from].name, results), rules);
        expect(Math.abs(tierIndex(rules.spec, moved.standing.tier) - from)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
