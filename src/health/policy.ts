import type { FaultStatus } from '../api/incident.ts';
import type { ArenaSnapshot, Baseline } from './snapshot.ts';

export interface OracleInput {
  snapshot: ArenaSnapshot;
  baseline: Baseline;
  /** The injected faults, with resolved parameters. */
  faults: readonly FaultStatus[];
  /** Seconds that everything must have been healthy; policies look back this far for restarts and failed transactions. */
  holdSeconds: number;
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
}

/** A policy looks at one moment and says what is wrong, or nothing. Policies run in order; the first hit is the condition's reason and message. */
export type Policy = (input: OracleInput) => Finding | undefined;
