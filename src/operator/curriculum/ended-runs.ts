import type { Assignment } from '../../api/assignment.ts';
import { type CurriculumStatus, MAX_ENDED_RUNS } from '../../api/curriculum.ts';

/** A run that nobody has reset for so long is over (design: 24 h). */
const RUN_LIFE_MS = 24 * 3_600_000;

/**
 * Runs whose last reset is a day ago, the status that remembers them as over, and when the next one will be (ms). A run goes as a whole: a
 * seed whose assignment alone was gone would be drawn anew.
 */
export function endedRuns(
  status: CurriculumStatus,
  assignments: readonly Assignment[],
  now: Date,
): { ended: string[]; status: CurriculumStatus; nextMs?: number } {
  const lastReset = new Map<string, number>();
  for (const { metadata, spec, status: own } of assignments) {
    const times = [metadata.creationTimestamp, own?.lastStartTime].flatMap((time) => (time ? [Date.parse(time)] : []));
    lastReset.set(spec.run, Math.max(lastReset.get(spec.run) ?? 0, ...times));
  }
  const left = [...lastReset].map(([run, at]) => ({ run, ms: at + RUN_LIFE_MS - now.getTime() }));
  // What was written down before a death is ended still, whatever is left of it.
  const ended = left.filter(({ run, ms }) => ms <= 0 || status.endedRuns?.includes(run)).map(({ run }) => run);
  const waits = left.filter(({ run }) => !ended.includes(run)).map(({ ms }) => ms);
  const known = (status.endedRuns ?? []).filter((run) => !ended.includes(run));
  return {
    ended,
    status: ended.length
      ? {
          ...status,
          runs: status.runs.filter(({ name }) => !ended.includes(name)),
          endedRuns: [...known, ...ended].slice(-MAX_ENDED_RUNS),
        }
      : status,
    ...(waits.length ? { nextMs: Math.min(...waits) } : {}),
  };
}
