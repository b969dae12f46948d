import type { Alert, FaultStatus, Params, Target } from '../api/incident.ts';
import type { Policy } from '../health/policy.ts';
import type { ArenaSnapshot, Baseline } from '../health/snapshot.ts';
import type { Deployment, ResourceQuota } from '../kube/types.ts';

/** What a mutation of the cluster looks like: plain patches, creations and deletions, as any kubectl would send them. Namespaces are plain. */
export type Mutation =
  | {
      verb: 'patch';
      kind: 'Deployment' | 'ResourceQuota' | 'Service' | 'ConfigMap';
      namespace: string;
      name: string;
      type: 'strategic' | 'merge' | 'json';
      patch: unknown;
      subresource?: 'scale';
    }
  | { verb: 'deletePods'; namespace: string; selector: Record<string, string> };

/** What a fault may look at to choose and plan: the healthy app. */
export interface FaultContext {
  deployment: Deployment;
  quotas: readonly ResourceQuota[];
  /** Real DNS suffix matters to no fault: names in values are plain and mapped on the way in. */
  baseline: Baseline;
}

/** A line of shell that an agent could type (plain namespaces), with a sentence that says what it tries. */
export interface Attempt {
  name: string;
  lines: readonly string[];
}

/** Chosen by the seed: uniform integers in [0, n). */
export type Random = (n: number) => number;

/**
 * One fault for one target. The engine does selection, records, conditions and finalizers; a fault says what to break, how that shows,
 * and what proves it fixed. Everything here is pure.
 */
export interface Fault {
  readonly type: string;
  /** What breaks, in one sentence, for documentation and designers; never shown to agents. */
  readonly description: string;
  /** Fault class words that count as the right diagnosis (lower case). */
  readonly diagnosisTerms: readonly string[];
  /** 0..1: how far the symptom is from the cause. */
  readonly difficulty: number;
  /** Parameters with their defaults and bounds; an Error with a clear sentence when `given` has an unknown or bad one. */
  resolveParams(given: Params, context: FaultContext, random: Random): Params;
  /** True for Deployments this fault can hurt. */
  canTarget(deployment: Deployment): boolean;
  /** The mutations; repeatable while Injecting (the same call on an already broken target changes nothing). */
  inject(target: Target, params: Params, context: FaultContext): readonly Mutation[];
  /** What a user of kubectl sees once the fault hurts, or undefined while it does not yet. */
  symptom(record: FaultStatus, snapshot: ArenaSnapshot, baseline: Baseline): string | undefined;
  /** Seconds after which the fault would show again if it were still there, from the live objects. */
  recurrenceSeconds(record: FaultStatus, snapshot: ArenaSnapshot): number;
  /** What proves this fault fixed beyond the policies that hold for every workload. */
  proof(record: FaultStatus): readonly Policy[];
  /** True, user-facing, never naming the cause. */
  alert(target: Target): Alert;
  referenceFix(record: FaultStatus, baseline: Baseline): Attempt;
  honestFixes(record: FaultStatus, baseline: Baseline): readonly Attempt[];
  cheats(record: FaultStatus, baseline: Baseline): readonly Attempt[];
}
