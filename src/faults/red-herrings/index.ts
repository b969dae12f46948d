import { changeCause } from './change-cause.ts';
import { changeNote } from './change-note.ts';
import { extraReplica } from './extra-replica.ts';
import { failedJob } from './failed-job.ts';
import { freshPods } from './fresh-pods.ts';
import { noisyJob } from './noisy-job.ts';
import { pendingJob } from './pending-job.ts';
import type { RedHerring } from './red-herring.ts';
import { staleEvent } from './stale-event.ts';

/** Every red herring the gym knows. */
export const RED_HERRINGS: ReadonlyMap<string, RedHerring> = new Map(
  [staleEvent, failedJob, noisyJob, pendingJob, changeNote, changeCause, freshPods, extraReplica].map((h) => [h.kind, h]),
);
export const RED_HERRING_KINDS: readonly string[] = [...RED_HERRINGS.keys()];
