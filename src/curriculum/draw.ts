import { permutation } from './permutation.ts';
import type { Pool, Scenario, ScenarioSource } from './scenario-source.ts';

export interface Draw {
  readonly pool: Pool;
  /** Which draw from the pool this is, from 0; those that were passed over count. */
  readonly ordinal: number;
  readonly scenario: Scenario;
  /** The run has had this scenario before. */
  readonly usedUp: boolean;
  /** The first of a further round through the pool. */
  readonly startsOver: boolean;
}

/**
 * The next scenario of a pool in the order of `key`, from draw `from` on, passing over what it does not admit.
 *
 * @param again false: only what has not come yet. true: from the beginning of the next round
 * @returns undefined when a whole round holds nothing of it
 */
export function drawFrom(
  source: ScenarioSource,
  pool: Pool,
  { key, from, again, admits }: { key: string; from: number; again: boolean; admits: (scenario: Scenario) => boolean },
): Draw | undefined {
  const count = source.count(pool);
  if (count === 0) return undefined;
  const place = permutation(count, key);
  const start = again ? Math.max(from, count) : from;
  const end = again ? start + count : count;
  for (let ordinal = start; ordinal < end; ordinal++) {
    const scenario = source.at(pool, place(ordinal % count));
    if (!admits(scenario)) continue;
    const rounds = Math.floor(ordinal / count);
    return { pool, ordinal, scenario, usedUp: rounds > 0, startsOver: rounds > 0 && from <= rounds * count };
  }
  return undefined;
}
