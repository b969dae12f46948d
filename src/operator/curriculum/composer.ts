import { type AppName, DEFAULT_APP, TRANSFER_APP } from '../../api/apps.ts';
import type { ScenarioSource } from '../../curriculum/scenario-source.ts';
import { compose, noFaultControl } from '../../designer/procedural.ts';
import { scenarioSource } from '../../designer/scenarios.ts';
import { seededRandom } from '../../faults/random.ts';
import type { Baseline } from '../../health/snapshot.ts';
import type { Composer } from './desk.ts';

/** Lists of tiers whose scenarios are kept in mind; there is one for each Curriculum that has tiers of its own. */
export const MAX_SOURCES = 8;
/** Red herrings at most, where the tier admits any; the seed says how many. */
const MAX_RED_HERRINGS = 4;

/**
 * The procedural designer over a healthy app. What can be drawn is worked out once for each list of tiers; of the app of split transfer all of it
 * is held out.
 */
export function composerFor(name: AppName, app: Baseline): Composer {
  // Incidents of the default app say nothing of it, as when there was no other.
  const named = name === DEFAULT_APP ? {} : { app: name };
  const sources = new Map<string, ScenarioSource>();
  return {
    source(tierMaxima) {
      const key = tierMaxima.join(' ');
      const known = sources.get(key);
      if (known) return known;
      const made = scenarioSource(app, tierMaxima, { allHeldOut: name === TRANSFER_APP });
      if (sources.size >= MAX_SOURCES) sources.clear();
      sources.set(key, made);
      return made;
    },
    compose({ scenario, maxDifficulty, redHerrings }, name) {
      const seed = seededRandom(name)(2 ** 31);
      const incident = scenario
        ? compose(scenario, { seed, app, redHerrings: redHerrings ? MAX_RED_HERRINGS : 0, maxDifficulty })
        : noFaultControl(seed, app);
      return { ...named, ...incident };
    },
  };
}
