import { type Rules, unlockedAt } from './rules.ts';
import type { Pool, Scenario, ScenarioSource } from './scenario-source.ts';

/** What can be drawn in a tier. */
export interface Reach {
  readonly pools: readonly Pool[];
  /** A pool may hold more than that: too easy for spec.minDifficulty, or with a fault that is locked or denied beside its own. */
  readonly admits: (scenario: Scenario) => boolean;
}

export function reachAt(rules: Rules, index: number): Reach {
  const { types, faultsAtOnce } = unlockedAt(rules, index);
  const { minDifficulty, tiers } = rules.spec;
  const { maxDifficulty } = tiers[index];
  return {
    pools: rules.source.pools('train').filter(({ type, size, band }) => types.includes(type) && size <= faultsAtOnce && band <= index),
    admits: ({ difficulty, faults }) =>
      difficulty >= minDifficulty && difficulty <= maxDifficulty && faults.every(({ type }) => types.includes(type)),
  };
}

/** Index of the lowest tier in which there is anything to draw. Throws a sentence that names the greatest minDifficulty there may be when there is none. */
export function floorTier(rules: Rules): number {
  const { tiers, minDifficulty } = rules.spec;
  const index = tiers.findIndex((tier, i) => tier.maxDifficulty >= minDifficulty && hasAny(rules, reachAt(rules, i)));
  if (index >= 0) return index;
  const last = tiers.length - 1;
  const { types } = unlockedAt(rules, last);
  const { pools, admits } = reachAt({ ...rules, spec: { ...rules.spec, minDifficulty: 0 } }, last);
  const hardest = hardestOf(rules.source, pools, admits);
  throw new Error(
    `There is nothing to draw: no incident of ${types.join(', ') || 'the faults that are allowed'} has a difficulty from ${minDifficulty} to ` +
      `${tiers[last].maxDifficulty}${hardest === undefined ? '; allow more faults' : `, the hardest has ${hardest}; allow more faults or lower minDifficulty`}`,
  );
}

/** Difficulty of the hardest scenario in `pools` that `admits` admits; undefined when there is none. */
export function hardestOf(source: ScenarioSource, pools: readonly Pool[], admits: Reach['admits'] = () => true): number | undefined {
  let hardest: number | undefined;
  for (const pool of pools) {
    for (let index = 0; index < source.count(pool); index++) {
      const scenario = source.at(pool, index);
      if (admits(scenario)) hardest = Math.max(hardest ?? 0, scenario.difficulty);
    }
  }
  return hardest;
}

function hasAny({ source }: Rules, { pools, admits }: Reach): boolean {
  for (const pool of pools) {
    for (let index = 0; index < source.count(pool); index++) if (admits(source.at(pool, index))) return true;
  }
  return false;
}
