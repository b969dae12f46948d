import type { Alert, FaultSpec, InlineIncident, RedHerringSpec, Target } from '../api/incident.ts';
import type { Scenario } from '../curriculum/scenario-source.ts';
import { contextOf, resolveParams } from '../faults/engine.ts';
import type { Random } from '../faults/fault.ts';
import { seededRandom } from '../faults/random.ts';
import { RED_HERRING_KINDS } from '../faults/red-herrings/index.ts';
import { redHerringTargets, resolveRedHerrings } from '../faults/red-herrings/plan.ts';
import { type Baseline, targetKey } from '../health/snapshot.ts';
import { type Announced, announce, cascadesOf } from './cascades.ts';
import { difficultyOf } from './difficulty.ts';
import { topologyOf } from './topology.ts';

export interface ComposeOptions {
  /** Integer >= 0. */
  readonly seed: number;
  /** The healthy app. */
  readonly app: Baseline;
  /** Most red herrings, 0..4; the seed draws how many. Where there may be any, the page may speak of another place than the broken one, too. */
  readonly redHerrings: number;
  /** 0..1. Distance and noise end where the incident would become harder. */
  readonly maxDifficulty: number;
}

/**
 * The incident of a scenario: what is cosmetic about its faults, what the page says and what lies beside, all of it by the seed. The same
 * arguments give the same bytes.
 *
 * @throws Error with a sentence when the faults alone are harder than allowed
 */
export function compose(scenario: Scenario, { seed, app, redHerrings, maxDifficulty }: ComposeOptions): InlineIncident {
  if (scenario.difficulty > maxDifficulty) {
    throw new Error(`Scenario ${scenario.key} has difficulty ${scenario.difficulty}, more than the ${maxDifficulty} that is allowed`);
  }
  const random = seededRandom(`compose ${seed} ${scenario.key}`);
  const faults = withParams(scenario.faults, app, random);
  const topology = topologyOf(app);
  const difficultyWith = (announced: readonly Announced[], noise = 0): number =>
    difficultyOf({ faults, hops: announce(announced, topology).hops, redHerrings: noise });

  let announced: readonly Announced[] = faults.map((fault) => ({ fault }));
  for (const [i, fault] of faults.entries()) {
    const cascades = redHerrings > 0 ? cascadesOf(fault, faults, topology) : [];
    const changed = announced.with(i, { fault, cascade: [undefined, ...cascades][random(cascades.length + 1)] });
    if (difficultyWith(changed) <= maxDifficulty) announced = changed;
  }
  const laid = drawRedHerrings(random(redHerrings + 1), faults, [], app, random);
  while (laid.length > 0 && difficultyWith(announced, laid.length) > maxDifficulty) laid.pop();
  return {
    faults,
    ...(laid.length ? { redHerrings: laid } : {}),
    alert: announce(announced, topology).alert,
    difficulty: difficultyWith(announced, laid.length),
  };
}

/** Red herrings beside the one that makes a control's page true. */
const MOST_EXTRA = 2;

/**
 * An incident in which nothing is broken: a workload was restarted, which its customers felt for a moment, and perhaps more is lying around. The
 * right answer is to say so. The same arguments give the same bytes.
 *
 * @throws Error with a sentence when no workload of the app can be restarted without harm
 */
export function noFaultControl(seed: number, app: Baseline): InlineIncident {
  const random = seededRandom(`control ${seed}`);
  const restartable = redHerringTargets('fresh_pods', [], app).filter((target) => stopsForRollouts(target, app));
  if (restartable.length === 0) throw new Error('No workload of this app can be restarted without harm, so there is no control');
  const target = restartable[random(restartable.length)];
  const restarted: RedHerringSpec = { kind: 'fresh_pods', target, params: {} };
  const redHerrings = [restarted, ...drawRedHerrings(random(MOST_EXTRA + 1), [], [restarted], app, random)];
  const alert = BLIPS[random(BLIPS.length)](target);
  return { faults: [], redHerrings, alert, difficulty: difficultyOf({ faults: [], redHerrings: redHerrings.length }) };
}

/** Pages of a moment's interruption that is over. True of every workload that stops for a rollout. */
const BLIPS: readonly ((target: Target) => Alert)[] = [
  ({ namespace, name }) => ({
    severity: 'info',
    title: `${name}: brief interruption`,
    message:
      `Requests to ${name} in namespace ${namespace} may have failed for some seconds within the last five minutes. ` +
      'Nothing has alarmed since. Check whether anything is still wrong.',
  }),
  ({ namespace, name }) => ({
    severity: 'warning',
    title: `${name}: availability dipped`,
    message:
      `Service ${name} in namespace ${namespace} was not available for some seconds within the last five minutes. ` +
      'Customers may have seen errors meanwhile. Make sure that they can pay.',
  }),
  ({ namespace, name }) => ({
    severity: 'info',
    title: `${name}: requests went unanswered for a moment`,
    message:
      `Whoever asked ${name} in namespace ${namespace} within the last five minutes may have waited for some seconds or got no answer. ` +
      'Find out whether it needs anything.',
  }),
];

/** Nothing serves while it is rolled out. */
function stopsForRollouts(target: Target, app: Baseline): boolean {
  return contextOf(target, app).deployment.spec.strategy?.rollingUpdate?.maxUnavailable === '100%';
}

/** The same faults with every parameter that is not given chosen. */
export function withParams(faults: readonly FaultSpec[], app: Baseline, random: Random): FaultSpec[] {
  return faults.map(({ type, target, params = {} }) => ({
    type,
    target,
    params: resolveParams(type, params, contextOf(target, app), random),
  }));
}

/** As many red herrings as find a workload of their own that is neither broken nor `taken`, of different kinds. */
function drawRedHerrings(
  count: number,
  faults: readonly FaultSpec[],
  taken: readonly RedHerringSpec[],
  app: Baseline,
  random: Random,
): RedHerringSpec[] {
  const kinds = RED_HERRING_KINDS.filter((kind) => taken.every((t) => t.kind !== kind));
  const drawn: RedHerringSpec[] = [];
  while (drawn.length < count && kinds.length > 0) {
    const [kind] = kinds.splice(random(kinds.length), 1);
    const used = new Set([...taken, ...drawn].map((t) => targetKey(t.target)));
    const targets = redHerringTargets(kind, faults, app).filter((target) => !used.has(targetKey(target)));
    if (targets.length) drawn.push({ kind, target: targets[random(targets.length)] });
  }
  return resolveRedHerrings(drawn, app).map(({ kind, target, params }) => ({ kind, target, params }));
}
