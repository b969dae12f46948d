import type { Assignment, AssignmentStatus } from '../../api/assignment.ts';
import { type CurriculumStatus, MAX_ENDED_RUNS } from '../../api/curriculum.ts';
import { RUN_LIFE_SECONDS } from '../../api/defaults.ts';
import type { Episode } from '../../api/episode.ts';

/** A reset of a group that is closed is written down no more often than this. */
const NOTE_MS = 3_600_000;

export interface Ended {
  /** Train runs that are over. A run goes as a whole: a seed whose assignment alone was gone would be drawn anew. */
  readonly runs: readonly string[];
  /** Assignments to remove: of those runs, and held-out ones by their own age, since those come again the same. */
  readonly assignments: readonly Assignment[];
  /** Remembers the runs, so that they are refused. */
  readonly status: CurriculumStatus;
  /** Until the next one ends. */
  readonly nextMs?: number;
}

/** What is over a day after its last reset. */
export function endedRuns(status: CurriculumStatus, assignments: readonly Assignment[], now: Date): Ended {
  const leftMs = (assignment: Assignment): number => lastReset(assignment) + RUN_LIFE_SECONDS * 1000 - now.getTime();
  const train = assignments.filter(({ spec }) => spec.split === 'train');
  const left = new Map<string, number>();
  for (const assignment of train) {
    const { run } = assignment.spec;
    left.set(run, Math.max(left.get(run) ?? Number.NEGATIVE_INFINITY, leftMs(assignment)));
  }
  // What was written down before a death is ended still, whatever is left of it.
  const runs = [...left].filter(([run, ms]) => ms <= 0 || status.endedRuns?.includes(run)).map(([run]) => run);
  const isOver = (assignment: Assignment): boolean =>
    assignment.spec.split === 'train' ? runs.includes(assignment.spec.run) : leftMs(assignment) <= 0;
  const waits = [
    ...[...left].filter(([run]) => !runs.includes(run)).map(([, ms]) => ms),
    ...assignments.filter((assignment) => assignment.spec.split !== 'train' && !isOver(assignment)).map(leftMs),
  ];
  const known = (status.endedRuns ?? []).filter((run) => !runs.includes(run));
  return {
    runs,
    assignments: assignments.filter(isOver),
    status: runs.length
      ? {
          ...status,
          runs: status.runs.filter(({ name }) => !runs.includes(name)),
          endedRuns: [...known, ...runs].slice(-MAX_ENDED_RUNS),
        }
      : status,
    ...(waits.length ? { nextMs: Math.min(...waits) } : {}),
  };
}

/** The status of a closed group that was reset again since, so that it stays; undefined when there is nothing worth a write. */
export function resetAgain(assignment: Assignment, episodes: readonly Episode[]): AssignmentStatus | undefined {
  const latest = Math.max(...episodes.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '')));
  if (!assignment.status?.closedTime || !(latest - lastReset(assignment) >= NOTE_MS)) return undefined;
  return { ...assignment.status, lastStartTime: new Date(latest).toISOString() };
}

function lastReset({ metadata, status }: Assignment): number {
  return Math.max(...[metadata.creationTimestamp, status?.lastStartTime].flatMap((time) => (time ? [Date.parse(time)] : [])));
}
