import type { Pool, Scenario, ScenarioSource } from './scenario-source.ts';

export interface PaperSpace {
  readonly types: readonly string[];
  /** 0..1, of an incident of these fault types. */
  readonly difficultyOf: (types: readonly string[]) => number;
  /** Maximum difficulty of each tier, from the lowest up. */
  readonly tiers: readonly number[];
  /** Scenarios of each set of fault types. */
  readonly variants: number;
}

/**
 * For tests: scenarios that exist on paper only, every set of one to three fault types, a number of times. A scenario is drawn for each of
 * its faults as often as for the others.
 */
export function paperSource({ types, difficultyOf, tiers, variants }: PaperSpace): ScenarioSource {
  const contents = new Map<string, Scenario[]>();
  const pools: Pool[] = [];
  for (const split of ['train', 'eval'] as const) {
    for (const set of setsOf(types)) {
      const difficulty = difficultyOf(set);
      const band = tiers.findIndex((max) => max >= difficulty);
      if (band < 0) continue;
      for (let variant = 0; variant < variants; variant++) {
        const primary = set[variant % set.length];
        const pool: Pool = { split, type: primary, size: set.length as Pool['size'], band };
        const inOrder = [primary, ...set.filter((type) => type !== primary)];
        const faults = inOrder.map((type) => ({ type, target: { namespace: 'paper', name: `app-${variant}` } }));
        const scenario = { key: `${split} ${set.join('+')} ${variant}`, faults, difficulty };
        const content = contents.get(idOf(pool));
        if (content) content.push(scenario);
        else {
          pools.push(pool);
          contents.set(idOf(pool), [scenario]);
        }
      }
    }
  }
  const contentOf = (pool: Pool): readonly Scenario[] => contents.get(idOf(pool)) ?? [];
  return {
    pools: (split) => pools.filter((pool) => pool.split === split),
    count: (pool) => contentOf(pool).length,
    at: (pool, index) => contentOf(pool)[index],
  };
}

const idOf = ({ split, type, size, band }: Pool): string => `${split}/${type}/${size}/${band}`;

/** Every set of one, two or three of `types`. */
function setsOf(types: readonly string[]): string[][] {
  const extended = (sets: string[][]): string[][] =>
    sets.flatMap((set) => types.filter((type) => type > (set.at(-1) ?? '')).map((type) => [...set, type]));
  const singles = extended([[]]);
  const pairs = extended(singles);
  return [...singles, ...pairs, ...extended(pairs)];
}
