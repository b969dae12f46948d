import { RUN_LIFE_SECONDS } from '../api/defaults.ts';
import type { RunOf } from './choose.ts';

/** The operator counts from another moment of the same reset, by another clock, and may note one an hour late. */
const RENEW_AFTER_MS = (RUN_LIFE_SECONDS * 1000) / 2;

/**
 * Names the runs of a gateway, one for each Curriculum: `identity` and the time of its first use, because a gateway that comes back under its old name
 * counts its seeds from 0 again. A run that nobody trained in for half its life gets a successor, since the Curriculum refuses a run that is over.
 */
export function ownRuns(identity: string, now: () => Date): RunOf {
  const runs = new Map<string, { name: string; usedMs: number }>();
  return (curriculum, split) => {
    const nowMs = now().getTime();
    const last = runs.get(curriculum);
    const current = last && nowMs - last.usedMs < RENEW_AFTER_MS ? last : { name: `${identity}-${nowMs.toString(36)}`, usedMs: nowMs };
    // What is held out keeps no run alive.
    if (split === 'train') current.usedMs = nowMs;
    runs.set(curriculum, current);
    return current.name;
  };
}
