import type { InlineIncident, Target } from '../api/incident.ts';
import { makeAlert, targetsOf, validateFaults } from '../faults/engine.ts';
import type { Random } from '../faults/fault.ts';
import { FAULTS } from '../faults/index.ts';
import { seededRandom } from '../faults/random.ts';
import type { Baseline } from '../health/snapshot.ts';
import { difficultyOf } from './difficulty.ts';
import { withParams } from './procedural.ts';

const TYPES: readonly string[] = [...FAULTS.keys()];
/** Name under which a reset asks for an incident of several faults; no fault type of its own. */
export const MULTI_FAULT = 'multi-fault';
/** All names of faults that a reset can ask for. */
export const FAULT_NAMES: readonly string[] = [...TYPES, MULTI_FAULT];
/** One seed in so many is an incident of several faults. */
const MULTI_EVERY = 4;

interface Candidate {
  readonly type: string;
  readonly target: Target;
}

/**
 * The incident of a seed: the same seed gives the same bytes, whenever and wherever it is asked. Neighbouring seeds walk through the fault types and,
 * type by type, through their targets, so any stretch of seeds covers both evenly; every fourth one breaks two or three things in
 * different namespaces.
 *
 * @param seed integer >= 0
 * @param app the healthy app
 * @param fault a fault type or `multi-fault`; every kind when absent
 * @throws Error with a sentence for a bad seed, an unknown fault, or one that nothing in the app can suffer
 */
export function seededIncident(seed: number, app: Baseline, fault?: string): InlineIncident {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`Seed ${seed} is no integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
  const random = seededRandom(`incident ${seed} ${fault ?? ''}`);
  const chosen = choose(seed, app, fault, random);
  const faults = withParams(chosen, app, random);
  const problem = validateFaults(faults, app);
  if (problem) throw new Error(`Seed ${seed} makes no playable incident: ${problem}`);
  return { faults, alert: makeAlert(faults), difficulty: difficultyOf({ faults }) };
}

function choose(seed: number, app: Baseline, fault: string | undefined, random: Random): Candidate[] {
  if (fault === MULTI_FAULT) return several(seed, app, random);
  if (fault !== undefined) {
    if (!TYPES.includes(fault)) throw new Error(`Fault type ${fault} does not exist; the types are ${FAULT_NAMES.join(', ')}`);
    return [nth(seed, byType(app, [fault]))];
  }
  const round = Math.floor(seed / MULTI_EVERY);
  const place = seed % MULTI_EVERY;
  if (place === MULTI_EVERY - 1) return several(round, app, random);
  return [nth(round * (MULTI_EVERY - 1) + place, byType(app, TYPES))];
}

/** Two or three faults of different types, each in a namespace of its own. */
function several(n: number, app: Baseline, random: Random): Candidate[] {
  const groups = byType(app, TYPES);
  const chosen = [nth(Math.floor(n / 2), groups)];
  const wanted = 2 + (n % 2);
  while (chosen.length < wanted) {
    const free = groups
      .flat()
      .filter((next) => chosen.every(({ type, target }) => type !== next.type && target.namespace !== next.target.namespace));
    if (free.length === 0) break;
    chosen.push(free[random(free.length)]);
  }
  return chosen;
}

/** Candidates grouped by type; types that nothing in the app can suffer are left out. */
function byType(app: Baseline, types: readonly string[]): Candidate[][] {
  const groups = types.map((type) => targetsOf(type, app).map((target) => ({ type, target }))).filter((group) => group.length > 0);
  if (groups.length === 0) throw new Error(`Nothing in this app can suffer ${types.join(', ')}`);
  return groups;
}

/** Takes the types in turn, and with each turn the next target of a type. */
function nth(n: number, groups: readonly Candidate[][]): Candidate {
  const group = groups[n % groups.length];
  return group[Math.floor(n / groups.length) % group.length];
}
