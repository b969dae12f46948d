import { type Rules, unlockedAt } from './rules.ts';
import type { Pool, Scenario } from './scenario-source.ts';

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

/** Index of the lowest tier in which there is anything to draw. Throws a sentence when there is none. */
export function floorTier(rules: Rules): number {
  const { tiers, minDifficulty } = rules.spec;
  const index = tiers.findIndex((tier, i) => tier.maxDifficulty >= minDifficulty && hasAny(rules, reachAt(rules, i)));
  if (index >= 0) return index;
  const { types } = unlockedAt(rules, tiers.length - 1);
  throw new Error(
    `There is nothing to draw: no incident of ${types.join(', ') || 'the faults that are allowed'} has a difficulty from ${minDifficulty} to ` +
      `${tiers.at(-1)?.maxDifficulty}; allow more faults or lower minDifficulty`,
  );
}

function hasAny({ source }: Rules, { pools, admits }: Reach): boolean {
  for (const pool of pools) {
    for (let index = 0; index < source.count(pool); index++) if (admits(source.at(pool, index))) return true;
  }
  return false;
}
