import type { Alert, FaultStatus, Params, Target } from '../api/incident.ts';
import type { ArenaView } from '../health/arena-view.ts';
import type { JudgedFault } from '../health/policy.ts';
import type { Baseline } from '../health/snapshot.ts';
import type { JsonPatchOperation } from '../kube/client.ts';
import type { Deployment, KubeObject } from '../kube/types.ts';

/** What a mutation of the cluster looks like: plain patches, deletions and creations, as any kubectl would send them. Namespaces are plain. */
export type Mutation =
  | {
      verb: 'patch';
      kind: 'Deployment' | 'ResourceQuota';
      namespace: string;
      name: string;
      type: 'strategic' | 'merge';
      patch: unknown;
      subresource?: 'scale';
    }
  /** JSON patch operations: for what has to be exactly so, with nothing left of what was there. */
  | {
      verb: 'patch';
      kind: 'Deployment' | 'ResourceQuota';
      namespace: string;
      name: string;
      type: 'json';
      patch: readonly JsonPatchOperation[];
    }
  | { verb: 'deletePods'; namespace: string; selector: Record<string, string> }
  /** An object that is there already is left as it is. `manager`: who wrote it where no person would have. */
  | { verb: 'create'; namespace: string; object: KubeObject & Record<string, unknown>; manager?: string };

/** What a fault may look at to choose and plan: the healthy app. */
export interface FaultContext {
  /** The target's Deployment as the baseline has it. */
  deployment: Deployment;
  target: Target;
  baseline: Baseline;
}

/** A line of shell that an agent could type (plain namespaces), with a sentence that says what it tries. */
export interface Attempt {
  name: string;
  lines: readonly string[];
  /** The cluster must refuse it: some line ends with 1. Without this every line must end with 0, or the attempt proves nothing. */
  refused?: true;
}

/** Chosen by the seed: uniform integers in [0, n). */
export type Random = (n: number) => number;

export interface ParamRule {
  description: string;
  /** Two scenarios that differ only in cosmetic parameters are the same scenario. */
  cosmetic?: true;
  /** What a seed chooses from when none is given; at least one for targets that can be chosen. */
  values(context: FaultContext): readonly string[];
  /** Why a given value cannot be played, as the end of a sentence ("must be ..."); undefined when it can. */
  problem(value: string, context: FaultContext): string | undefined;
}

/**
 * One fault. The engine does selection, records, conditions and finalizers; a fault says what to break, how that shows, and what proves it
 * fixed. Everything here is pure.
 */
export interface Fault {
  readonly type: string;
  /** What breaks, in one sentence, for documentation and designers; never shown to agents. */
  readonly description: string;
  /** Fault class words that count as the right diagnosis (lower case). */
  readonly diagnosisTerms: readonly string[];
  /** 0..1: how far the symptom is from the cause. */
  readonly difficulty: number;
  readonly params: Readonly<Record<string, ParamRule>>;
  /** True for targets this fault can hurt. */
  canTarget(context: FaultContext): boolean;
  /** The mutations; the same call on an already broken target changes nothing more. */
  inject(context: FaultContext, params: Params): readonly Mutation[];
  /** What a user of kubectl sees once the fault hurts, or undefined while it does not yet. */
  symptom(record: FaultStatus, view: ArenaView): string | undefined;
  /** Seconds after which the fault would show again if it were still there, from the live objects. */
  recurrenceSeconds(record: FaultStatus, view: ArenaView): number;
  /** What proves this fault fixed beyond the policies that hold for every workload. */
  readonly proof: (record: FaultStatus) => JudgedFault['proof'];
  /** Env values that mean the same; see JudgedFault. */
  readonly sameEnv?: JudgedFault['sameEnv'];
  /** While it is there, no further pod of the target's size is let in. */
  readonly keepsPodsOut?: true;
  /** True, user-facing, never naming the cause. */
  alert(target: Target): Alert;
  referenceFix(context: FaultContext, params: Params): Attempt;
  /** At least three more ways that count. */
  honestFixes(context: FaultContext, params: Params): readonly Attempt[];
  /** At least six that must not count; the engine adds those that every fault shares. */
  cheats(context: FaultContext, params: Params): readonly Attempt[];
}
