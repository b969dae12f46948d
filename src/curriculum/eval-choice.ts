import type { Persona } from '../api/judging.ts';
import { permutation } from './permutation.ts';
import { hardestOf } from './reach.ts';
import { personaOf } from './rules.ts';
import { poolKey } from './runs.ts';
import type { Pool, Scenario, ScenarioSource } from './scenario-source.ts';

export interface EvalChoice {
  readonly pool: Pool;
  readonly ordinal: number;
  readonly scenario: Scenario;
  /** A smaller seed has the same scenario. */
  readonly usedUp: boolean;
  readonly persona: Persona;
}

/**
 * The held-out scenario of a seed: of the seed, the held-out pools and the least difficulty alone, never of what an agent has done. Seeds walk
 * through the pools in turn, so any stretch of them covers all kinds evenly.
 *
 * @param seed integer >= 0
 * @throws Error with a sentence for a bad seed, or when nothing is hard enough
 */
export function evalChoice(seed: number, source: ScenarioSource, minDifficulty = 0): EvalChoice {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`Seed ${seed} is no integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
  const indices = (pool: Pool): number[] => Array.from({ length: source.count(pool) }, (_, index) => index);
  const admits = (pool: Pool) => (index: number) => minDifficulty <= 0 || source.at(pool, index).difficulty >= minDifficulty;
  const pools = source
    .pools('eval')
    .filter((pool) => indices(pool).some(admits(pool)))
    .toSorted((a, b) => (poolKey(a) < poolKey(b) ? -1 : 1));
  if (pools.length === 0) {
    const hardest = hardestOf(source, source.pools('eval'));
    throw new Error(
      `Nothing that is held out has a difficulty of ${minDifficulty} or more: the hardest has ${hardest}; lower minDifficulty`,
    );
  }
  const pool = pools[seed % pools.length];
  const ordinal = Math.floor(seed / pools.length);
  const all = indices(pool).filter(admits(pool));
  const place = permutation(all.length, JSON.stringify(['eval', poolKey(pool)]));
  const scenario = source.at(pool, all[place(ordinal % all.length)]);
  return { pool, ordinal, scenario, usedUp: ordinal >= all.length, persona: personaOf(scenario.difficulty) };
}
