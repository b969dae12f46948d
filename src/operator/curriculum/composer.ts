import type { ScenarioSource } from '../../curriculum/scenario-source.ts';
import { compose, noFaultControl } from '../../designer/procedural.ts';
import { scenarioSource } from '../../designer/scenarios.ts';
import { seededRandom } from '../../faults/random.ts';
import type { Baseline } from '../../health/snapshot.ts';
import type { Composer } from './desk.ts';

/** Lists of tiers whose scenarios are kept in mind; there is one for each Curriculum that has tiers of its own. */
const MAX_SOURCES = 8;
/** Red herrings at most, where the tier admits any; the seed says how many. */
const MAX_RED_HERRINGS = 4;

/** The procedural designer over the healthy app. What can be drawn is worked out once for each list of tiers. */
export function composerFor(app: Baseline): Composer {
  const sources = new Map<string, ScenarioSource>();
  return {
    source(tierMaxima) {
      const key = tierMaxima.join(' ');
      const known = sources.get(key) ?? scenarioSource(app, tierMaxima);
      if (sources.size >= MAX_SOURCES) sources.clear();
      sources.set(key, known);
      return known;
    },
    compose({ scenario, maxDifficulty, redHerrings }, name) {
      const seed = seededRandom(name)(2 ** 31);
      if (!scenario) return noFaultControl(seed, app);
      return compose(scenario, { seed, app, redHerrings: redHerrings ? MAX_RED_HERRINGS : 0, maxDifficulty });
    },
  };
}
