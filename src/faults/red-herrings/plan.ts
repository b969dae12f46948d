import type { FaultSpec, RedHerringSpec, RedHerringStatus, Target } from '../../api/incident.ts';
import { type Baseline, targetKey } from '../../health/snapshot.ts';
import { canonical, contextOf, validateFaults, workloadTargets } from '../engine.ts';
import type { Mutation } from '../fault.ts';
import { resolveRules } from '../params.ts';
import { seededRandom } from '../random.ts';
import { RED_HERRING_KINDS, RED_HERRINGS } from './index.ts';
import type { RedHerring } from './red-herring.ts';

/** What an Incident breaks and what it lays beside that. */
export interface Composition {
  faults: readonly FaultSpec[];
  redHerrings?: readonly RedHerringSpec[];
}

/** Why this cannot be played on this app, as a sentence; undefined when it can. */
export function validateComposition({ faults, redHerrings = [] }: Composition, baseline: Baseline): string | undefined {
  return validateFaults(faults, baseline) ?? validateRedHerrings(redHerrings, faults, baseline);
}

function validateRedHerrings(redHerrings: readonly RedHerringSpec[], faults: readonly FaultSpec[], baseline: Baseline): string | undefined {
  const broken = new Set(faults.map((f) => targetKey(f.target)));
  const seen = new Set<string>();
  for (const spec of redHerrings) {
    const key = targetKey(spec.target);
    try {
      const herring = redHerringOf(spec.kind);
      const context = contextOf(spec.target, baseline);
      if (broken.has(key)) return `Red herring ${spec.kind} is on ${key}, which is broken; choose a workload that is not`;
      if (seen.has(key)) return `Two red herrings are on ${key}; every one needs a workload of its own`;
      if (!herring.canTarget(context)) return `Red herring ${spec.kind} would hurt ${key} or has nothing to stand on there`;
      if (isRefused(herring, spec.target, faults))
        return `Red herring ${spec.kind} makes pods, and the quota of namespace ${spec.target.namespace} is broken; choose another namespace`;
      resolveRules(spec.kind, herring.params, spec.params ?? {}, context, seededRandom(''));
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    seen.add(key);
  }
  return undefined;
}

/** Workloads that this kind can stand beside while these faults are there. */
export function redHerringTargets(kind: string, faults: readonly FaultSpec[], baseline: Baseline): Target[] {
  const herring = redHerringOf(kind);
  const broken = new Set(faults.map((f) => targetKey(f.target)));
  return workloadTargets(baseline).filter(
    (target) => !broken.has(targetKey(target)) && !isRefused(herring, target, faults) && herring.canTarget(contextOf(target, baseline)),
  );
}

/** A tight quota would refuse the pods, or they would take the room of those that the fault's right fix lets in again. */
function isRefused(herring: RedHerring, target: Target, faults: readonly FaultSpec[]): boolean {
  return herring.makesPods && faults.some((f) => f.type === 'resource_quota' && f.target.namespace === target.namespace);
}

/** Records with every parameter resolved; those that are not given depend on the specs alone. */
export function resolveRedHerrings(specs: readonly RedHerringSpec[], baseline: Baseline): RedHerringStatus[] {
  return specs.map(({ kind, target, params = {} }): RedHerringStatus => {
    const random = seededRandom(canonical({ kind, target, params }));
    return {
      kind,
      target,
      params: resolveRules(kind, redHerringOf(kind).params, params, contextOf(target, baseline), random),
      state: 'Pending',
    };
  });
}

/** All mutations that lay these red herrings, in order. */
export function planRedHerrings(records: readonly RedHerringStatus[], baseline: Baseline): Mutation[] {
  return records.flatMap((r) => redHerringOf(r.kind).mutations(contextOf(r.target, baseline), r.params ?? {}));
}

function redHerringOf(kind: string): RedHerring {
  const herring = RED_HERRINGS.get(kind);
  if (!herring) throw new Error(`Red herring ${kind} does not exist; the kinds are ${RED_HERRING_KINDS.join(', ')}`);
  return herring;
}
