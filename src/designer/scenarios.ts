import type { Pool, Scenario, ScenarioSource } from '../curriculum/scenario-source.ts';
import type { Baseline } from '../health/snapshot.ts';
import { difficultyOf } from './difficulty.ts';
import { type Variation, variationsOf } from './variations.ts';

type Size = Pool['size'];
const SIZES: readonly Size[] = [1, 2, 3];

interface Filled {
  readonly pool: Pool;
  /** Its scenarios: the variations of each. */
  readonly members: (readonly Variation[])[];
}

/**
 * Everything that can be broken in the app: each fault on each workload with each parameter that makes a difference, and every two and three of
 * them of different types in different namespaces. What no tier admits is left out. A scenario of several faults is in the pool of one of its
 * types, each about as often as the others, and that fault comes first.
 *
 * @param app the healthy app
 * @param tierMaxima greatest difficulty of each tier, from the lowest up
 * @param allHeldOut true for an app that nobody trains on: split `eval` is all there is
 */
export function scenarioSource(app: Baseline, tierMaxima: readonly number[], { allHeldOut = false } = {}): ScenarioSource {
  const filled = new Map<string, Filled>();
  const variations = variationsOf(app);
  for (const size of SIZES) {
    for (const members of compositionsOf(variations, size)) {
      const band = tierMaxima.findIndex((max) => max >= hardness(members));
      if (band < 0) continue;
      const split = allHeldOut || members.some((v) => v.heldOut) ? 'eval' : 'train';
      const pool: Pool = { split, type: members[0].fault.type, size, band };
      const known = filled.get(idOf(pool));
      if (known) known.members.push(members);
      else filled.set(idOf(pool), { pool, members: [members] });
    }
  }
  const membersOf = (pool: Pool) => filled.get(idOf(pool))?.members ?? [];
  return {
    pools: (split) => [...filled.values()].map(({ pool }) => pool).filter((pool) => pool.split === split),
    count: (pool) => membersOf(pool).length,
    at: (pool, index) => {
      const members = membersOf(pool)[index];
      if (!members) throw new Error(`Pool ${idOf(pool)} has ${membersOf(pool).length} scenarios, so there is no scenario ${index}`);
      return scenarioOf(members);
    },
  };
}

const hardness = (members: readonly Variation[]): number => difficultyOf({ faults: members.map((v) => v.fault) });

function scenarioOf(members: readonly Variation[]): Scenario {
  const key = members
    .map((v) => v.key)
    .sort()
    .join(' + ');
  return { key, faults: members.map((v) => v.fault), difficulty: hardness(members) };
}

const idOf = ({ split, type, size, band }: Pool): string => `${split}/${type}/${size}/${band}`;

/** Every `size` variations of different types in different namespaces, in a fixed order; so each has a Deployment and a quota of its own. */
function* compositionsOf(variations: readonly Variation[], size: Size): Generator<readonly Variation[]> {
  let ordinal = 0;
  const extend = function* (members: readonly Variation[], from: number): Generator<readonly Variation[]> {
    if (members.length === size) {
      const first = ordinal++ % size;
      yield [...members.slice(first), ...members.slice(0, first)];
      return;
    }
    for (let i = from; i < variations.length; i++) {
      const next = variations[i];
      if (members.every((v) => goTogether(v, next))) yield* extend([...members, next], i + 1);
    }
  };
  yield* extend([], 0);
}

const goTogether = ({ fault: a }: Variation, { fault: b }: Variation): boolean =>
  a.type !== b.type && a.target.namespace !== b.target.namespace;
