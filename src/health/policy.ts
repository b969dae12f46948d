import type { Target } from '../api/incident.ts';
import type { EnvVar } from '../kube/types.ts';
import type { ArenaView } from './arena-view.ts';
import type { ArenaSnapshot, Baseline } from './snapshot.ts';

/** What the oracle needs to know of an injected fault. */
export interface JudgedFault {
  target: Target;
  /** Says what still proves the fault there, beyond the policies that hold for every workload. */
  proof: readonly Policy[];
  /** True when `live` means the same as `baseline` (another spelling of a host name, say). Values that are equal are never asked about. */
  sameEnv?: (live: EnvVar, baseline: EnvVar, namespace: string) => boolean;
}

export interface OracleInput {
  snapshot: ArenaSnapshot;
  baseline: Baseline;
  faults: readonly JudgedFault[];
}

/**
 * Why the arena is not healthy. settling: nothing is known to be wrong any more, the cluster is just not done (a rollout in progress, a pod
 * starting); not settling: it will not get better by waiting.
 */
export interface Finding {
  reason: string;
  message: string;
  settling: boolean;
  /** namespace/name of the workload it is about, plain. */
  workload?: string;
  /** The cause may lie in another workload: counts as settling while anything else in the arena still moves. */
  mayFollowOthers?: true;
}

/** Looks at one moment and says all that is wrong, or nothing. Policies run in order; the first finding that will not settle is the reason. */
export type Policy = (view: ArenaView) => readonly Finding[];
