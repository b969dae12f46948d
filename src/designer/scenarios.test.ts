import { describe, expect, test } from '@jest/globals';
import { GREATEST_DRAWN_DIFFICULTY } from '../api/defaults.ts';
import type { FaultSpec } from '../api/incident.ts';
import { hardestOf } from '../curriculum/reach.ts';
import { targetsOf, validateFaults } from '../faults/engine.ts';
import { FAULT_TYPES, faultOf } from '../faults/index.ts';
import { shopBaseline } from '../faults/testing.ts';
import { clone } from '../health/testing.ts';
import { difficultyOf } from './difficulty.ts';
import { scenarioSource } from './scenarios.ts';
import { heldOutPairs, pairKey, variationsOf } from './variations.ts';

const app = shopBaseline();
const TIERS = [0.25, 0.4, 0.6, 0.8, 0.95];
const source = scenarioSource(app, TIERS);
const SPLITS = ['train', 'eval'] as const;
const pools = SPLITS.flatMap((split) => source.pools(split));
const contents = pools.map((pool) => ({ pool, scenarios: Array.from({ length: source.count(pool) }, (_, i) => source.at(pool, i)) }));
const all = contents.flatMap(({ scenarios }) => scenarios);

describe('the scenarios', () => {
  test('are all distinct, over both splits', () => {
    expect(new Set(all.map((s) => s.key)).size).toBe(all.length);
  });
  test('are enough for a run of thousands', () => {
    for (const split of SPLITS) {
      const counts = [1, 2, 3].map((size) =>
        source
          .pools(split)
          .filter((p) => p.size === size)
          .reduce((sum, p) => sum + source.count(p), 0),
      );
      expect(counts[0]).toBeGreaterThan(20);
      expect(counts[1]).toBeGreaterThan(500);
      expect(counts[2]).toBeGreaterThan(3000);
    }
  });
  test('can all be played', () => {
    // Parts are validated one by one, and by two: what does not clash in pairs does not clash.
    for (const { faults } of all.filter((s) => s.faults.length < 3)) expect(validateFaults(faults, app)).toBeUndefined();
  });
  test('break different types in different namespaces', () => {
    const distinct = (values: string[]) => new Set(values).size === values.length;
    const clashing = all.filter(({ faults }) => !distinct(faults.map((f) => f.type)) || !distinct(faults.map((f) => f.target.namespace)));
    expect(clashing).toEqual([]);
  });
  test('name every parameter that makes a difference, and no cosmetic one', () => {
    const wanted = (type: string) => Object.keys(faultOf(type).params).filter((name) => !faultOf(type).params[name].cosmetic);
    const named = (fault: FaultSpec) => Object.keys(fault.params ?? {});
    const wrong = all.filter(({ faults }) => faults.some((f) => named(f).sort().join() !== wanted(f.type).sort().join()));
    expect(wrong).toEqual([]);
  });
  test('are as hard as their faults', () => {
    expect(all.filter(({ faults, difficulty }) => difficulty !== difficultyOf({ faults }))).toEqual([]);
  });
});

test.each(SPLITS)('split %s reaches the greatest difficulty that may be asked for, and none goes beyond', (split) => {
  expect(hardestOf(source, source.pools(split))).toBe(GREATEST_DRAWN_DIFFICULTY);
});

describe('a pool', () => {
  test('holds scenarios of its own kind only, its type first', () => {
    const misplaced = contents.flatMap(({ pool, scenarios }) =>
      scenarios.filter(
        ({ faults, difficulty }) =>
          faults.length !== pool.size || faults[0].type !== pool.type || TIERS.findIndex((max) => max >= difficulty) !== pool.band,
      ),
    );
    expect(misplaced).toEqual([]);
  });
  test('of each type and size is there in both splits', () => {
    const kinds = (split: 'train' | 'eval') =>
      source
        .pools(split)
        .map(({ type, size }) => `${type} ${size}`)
        .sort();
    expect(kinds('train')).toEqual(FAULT_TYPES.flatMap((type) => [1, 2, 3].map((size) => `${type} ${size}`)).sort());
    expect(kinds('eval')).toEqual(kinds('train'));
  });
  test('is the same each time, whatever order the app is listed in and whatever its arena is called', () => {
    const other = JSON.parse(JSON.stringify(app).replaceAll('k3x9a1b2c3', 'zzzzzzzzzz'));
    const again = scenarioSource({ ...clone(other), deployments: other.deployments.toReversed() }, TIERS);
    for (const { pool, scenarios } of contents) {
      expect(again.count(pool)).toBe(scenarios.length);
      expect(again.at(pool, scenarios.length - 1)).toEqual(scenarios.at(-1));
    }
  });
  test('that does not exist is empty, and past its end there is nothing', () => {
    const [{ pool, scenarios }] = contents;
    expect(source.count({ ...pool, band: 4 })).toBe(0);
    expect(() => source.at(pool, scenarios.length)).toThrow(
      `has ${scenarios.length} scenarios, so there is no scenario ${scenarios.length}`,
    );
  });
  test('is missing where no tier admits it', () => {
    const easy = scenarioSource(app, [0.25, 0.4]);
    expect(easy.pools('train').map((p) => p.size)).toEqual(Array(FAULT_TYPES.length).fill(1));
  });
});

describe('what is held out', () => {
  const heldOut = heldOutPairs(app);
  test('is about a quarter of the targets of each type, at least one of two', () => {
    for (const type of FAULT_TYPES) {
      const targets = targetsOf(type, app).length;
      const held = [...heldOut].filter((pair) => pair.startsWith(`${type}@`)).length;
      expect(held).toBe(Math.max(1, Math.round(targets / 4)));
      expect(held).toBeLessThan(targets);
    }
  });
  test('is in every eval scenario and in no train one', () => {
    const wrong = contents.flatMap(({ pool, scenarios }) =>
      scenarios.filter(({ faults }) => faults.some((f) => heldOut.has(pairKey(f))) !== (pool.split === 'eval')),
    );
    expect(wrong).toEqual([]);
  });
  test('is everything of an app that nobody trains on', () => {
    const whole = scenarioSource(app, TIERS, { allHeldOut: true });
    expect(whole.pools('train')).toEqual([]);
    const keys = whole.pools('eval').flatMap((pool) => Array.from({ length: whole.count(pool) }, (_, i) => whole.at(pool, i).key));
    expect(new Set(keys)).toEqual(new Set(all.map((s) => s.key)));
  });
  test('is nothing where a type has one target', () => {
    const alone = { ...app, deployments: app.deployments.filter((d) => d.metadata.name === 'payment-api') };
    expect(heldOutPairs(alone).size).toBe(0);
    expect(variationsOf(alone).every((v) => !v.heldOut)).toBe(true);
  });
});
