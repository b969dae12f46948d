import { createHash } from 'node:crypto';
import { type AppName, DEFAULT_APP } from '../api/apps.ts';
import type { Alert, FaultSpec, FaultStatus, Params, RedHerringStatus, Target } from '../api/incident.ts';
import { type ArenaView, viewArena } from '../health/arena-view.ts';
import { holdSeconds } from '../health/hold.ts';
import { evaluate, type OracleResult } from '../health/oracle.ts';
import { type ArenaSnapshot, type Baseline, targetKey, workloadKey } from '../health/snapshot.ts';
import { onePage } from './alerts.ts';
import { commonCheats } from './cheats.ts';
import type { Attempt, FaultContext, Mutation, Random } from './fault.ts';
import { FAULT_TYPES, FAULTS, faultOf } from './index.ts';
import { resolveRules } from './params.ts';
import { seededRandom } from './random.ts';

/** The target beside the app it is in. Throws when the baseline has no such Deployment. */
export function contextOf(target: Target, baseline: Baseline): FaultContext {
  const deployment = baseline.deployments.find((d) => workloadKey(d) === targetKey(target));
  if (!deployment) {
    const known = baseline.deployments.map(workloadKey).sort().join(', ');
    throw new Error(`Deployment ${targetKey(target)} does not exist; the app has ${known}`);
  }
  return { deployment, target, baseline };
}

/** Why these faults cannot be played on this app, as a sentence; undefined when they can. */
export function validateFaults(faults: readonly FaultSpec[], baseline: Baseline): string | undefined {
  const seen = new Set<string>();
  for (const spec of faults) {
    const problem = faultProblem(spec, baseline);
    if (problem) return problem;
    const key = targetKey(spec.target);
    if (seen.has(key)) return `Two faults have the target ${key}; every fault needs a Deployment of its own`;
    seen.add(key);
  }
  const quotas = faults.filter((f) => f.type === 'resource_quota').map((f) => f.target.namespace);
  const twice = quotas.find((namespace, i) => quotas.indexOf(namespace) !== i);
  return twice ? `Two resource_quota faults are in namespace ${twice}, which has one quota; choose two namespaces` : undefined;
}

function faultProblem({ type, target, params }: FaultSpec, baseline: Baseline): string | undefined {
  const fault = FAULTS.get(type);
  if (!fault) return `Fault type ${type} does not exist; the types are ${FAULT_TYPES.join(', ')}`;
  try {
    const context = contextOf(target, baseline);
    if (target.container && !context.deployment.spec.template.spec.containers.some((c) => c.name === target.container)) {
      const names = context.deployment.spec.template.spec.containers.map((c) => c.name);
      return `Deployment ${targetKey(target)} has no container ${target.container}; it has ${names.join(', ')}`;
    }
    if (!fault.canTarget(context)) {
      const fit = targetsOf(type, baseline).map(targetKey);
      return `${type} does not hurt ${targetKey(target)}; it can hurt ${fit.length ? fit.join(', ') : 'nothing in this app'}`;
    }
    resolveParams(type, params ?? {}, context, seededRandom(''));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Deployments of the app that this fault can hurt. */
export function targetsOf(type: string, baseline: Baseline): Target[] {
  return workloadTargets(baseline).filter((target) => faultOf(type).canTarget(contextOf(target, baseline)));
}

/** Every Deployment of the app. */
export function workloadTargets(baseline: Baseline): Target[] {
  return baseline.deployments.map((d): Target => ({ namespace: d.metadata.namespace ?? '', name: d.metadata.name }));
}

/** Every parameter of the fault, given or chosen. Throws a sentence for an unknown or bad one. */
export function resolveParams(type: string, given: Params, context: FaultContext, random: Random): Params {
  return resolveRules(type, faultOf(type).params, given, context, random);
}

/**
 * Records of the faults with every parameter resolved. Parameters that are not given depend on the specs alone, so the same Incident
 * breaks the same thing in every arena. Throws what validateFaults says.
 */
export function resolveFaults(faults: readonly FaultSpec[], baseline: Baseline): FaultStatus[] {
  const problem = validateFaults(faults, baseline);
  if (problem) throw new Error(problem);
  return faults.map((spec): FaultStatus => {
    const random = seededRandom(canonical(spec));
    const params = resolveParams(spec.type, spec.params ?? {}, contextOf(spec.target, baseline), random);
    return { type: spec.type, target: spec.target, params, state: 'Pending' };
  });
}

/** All mutations that make these faults real, in order. */
export function planInjection(records: readonly FaultStatus[], baseline: Baseline): Mutation[] {
  return records.flatMap((r) => faultOf(r.type).inject(contextOf(r.target, baseline), r.params ?? {}));
}

/** Per fault what a user of kubectl sees, or undefined while it does not hurt yet. */
export function allSymptoms(records: readonly FaultStatus[], snapshot: ArenaSnapshot, baseline: Baseline): (string | undefined)[] {
  const view = viewOf(records, snapshot, baseline);
  return records.map((r) => faultOf(r.type).symptom(r, view));
}

/** The oracle's word on an arena with these faults. */
export function assess(records: readonly FaultStatus[], snapshot: ArenaSnapshot, baseline: Baseline): OracleResult {
  return evaluate({ snapshot, baseline, faults: judged(records) });
}

/** Seconds all must stay healthy, from the live objects; `asked` is spec.resolution.holdSeconds. */
export function holdSecondsFor(records: readonly FaultStatus[], snapshot: ArenaSnapshot, baseline: Baseline, asked?: number): number {
  const view = viewOf(records, snapshot, baseline);
  return holdSeconds(
    records.map((r) => faultOf(r.type).recurrenceSeconds(r, view)),
    asked,
  );
}

const judged = (records: readonly FaultStatus[]) =>
  records.map((r) => ({ target: r.target, proof: faultOf(r.type).proof(r), sameEnv: faultOf(r.type).sameEnv }));

const viewOf = (records: readonly FaultStatus[], snapshot: ArenaSnapshot, baseline: Baseline): ArenaView =>
  viewArena({ snapshot, baseline, faults: judged(records) });

/** One page for one fault; for several, one page that names every workload. For none: a page that asks for a look, and claims nothing. */
export function makeAlert(faults: readonly Pick<FaultSpec, 'type' | 'target'>[]): Alert {
  if (faults.length > 0) return onePage(faults.map((f) => ({ place: f.target.name, alert: faultOf(f.type).alert(f.target) })));
  return {
    severity: 'info',
    title: 'Shop: check asked for',
    message: 'Support asks whether the shop works as it should. Check whether customers can pay, and say what you find.',
  };
}

/** Reference fix, honest fixes and cheats of one record; for proofs and tests. */
export function attemptsOf(
  record: FaultStatus,
  baseline: Baseline,
): { reference: Attempt; honest: readonly Attempt[]; cheats: readonly Attempt[] } {
  const fault = faultOf(record.type);
  const context = contextOf(record.target, baseline);
  const params = record.params ?? {};
  return {
    reference: fault.referenceFix(context, params),
    honest: fault.honestFixes(context, params),
    cheats: [...fault.cheats(context, params), ...commonCheats(fault, context)],
  };
}

/** Hash of all that makes two plays the same: the app, faults and red herrings with every parameter, alert, limits. 64 hex digits. */
export function scenarioHash(scenario: {
  app?: AppName;
  faults: readonly Pick<FaultStatus, 'type' | 'target' | 'params'>[];
  redHerrings?: readonly Pick<RedHerringStatus, 'kind' | 'target' | 'params'>[];
  alert: Alert;
  maxSteps?: number;
}): string {
  const { alert, maxSteps } = scenario;
  // Hashes of the default app are older than the other apps.
  const app = scenario.app === DEFAULT_APP ? undefined : scenario.app;
  const faults = scenario.faults.map(({ type, target, params = {} }) => ({ type, target, params }));
  const redHerrings = scenario.redHerrings?.map(({ kind, target, params = {} }) => ({ kind, target, params }));
  return createHash('sha256').update(canonical({ app, faults, redHerrings, alert, maxSteps })).digest('hex');
}

/** JSON with sorted keys and nothing undefined: the same text for the same value. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v) =>
    v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v,
  );
}
