import { describe, expect, test } from '@jest/globals';
import { floorTier, reachAt } from './reach.ts';
import { rulesWith } from './testing.ts';

describe('the lowest tier', () => {
  const cases: Record<string, [Parameters<typeof rulesWith>[0], string]> = {
    'is warmup by default': [{}, 'warmup'],
    'reaches the minimum difficulty': [{ minDifficulty: 0.4 }, 'beginner'],
    'has something of that difficulty': [{ minDifficulty: 0.6 }, 'advanced'],
    'unlocks a fault that is allowed': [{ faults: { allow: ['liveness_probe'] } }, 'beginner'],
    'bears the difficulty of a fault that is allowed': [{ faults: { allow: ['resource_quota'] } }, 'intermediate'],
    'does not stop at a fault that is denied': [{ faults: { allow: ['oom_kill', 'resource_quota'], deny: ['oom_kill'] } }, 'intermediate'],
  };
  test.each(Object.entries(cases))('%s', (_name, [spec, tier]) => {
    const rules = rulesWith(spec);
    expect(rules.spec.tiers[floorTier(rules)].name).toBe(tier);
  });
  test('is none when nothing is hard enough', () => {
    expect(() => floorTier(rulesWith({ minDifficulty: 0.7, faults: { deny: ['resource_quota', 'bad_config'] } }))).toThrow(
      'There is nothing to draw: no incident of oom_kill, crashloop, image_pull, scale_zero, liveness_probe has a difficulty ' +
        'from 0.7 to 0.95, the hardest has 0.65; allow more faults or lower minDifficulty',
    );
  });
  test('is none when nothing is allowed', () => {
    expect(() => floorTier(rulesWith({ faults: { allow: ['oom_kill'], deny: ['oom_kill'] } }))).toThrow(
      'no incident of the faults that are allowed',
    );
  });
});

test('a pair is not admitted for one of its faults when the other is denied', () => {
  const { pools, admits } = reachAt(rulesWith({ faults: { deny: ['crashloop'] } }), 4);
  const { source } = rulesWith();
  const pairs = pools.filter(({ type, size }) => type === 'oom_kill' && size === 2);
  const scenarios = pairs.flatMap((pool) => Array.from({ length: source.count(pool) }, (_, index) => source.at(pool, index)));
  const denied = scenarios.filter(({ faults }) => faults.some(({ type }) => type === 'crashloop'));
  expect(denied.length).toBeGreaterThan(0);
  expect(scenarios.filter((scenario) => !admits(scenario))).toEqual(denied);
});
