import { expect, test } from '@jest/globals';
import type { Assignment } from '../../api/assignment.ts';
import type { CurriculumStatus } from '../../api/curriculum.ts';
import { assignment, statusIn } from '../../curriculum/testing.ts';
import { endedRuns } from './ended-runs.ts';

const HOUR_MS = 3_600_000;
const NOW = new Date('2026-01-03T00:00:00.000Z');
const ago = (hours: number): string => new Date(NOW.getTime() - hours * HOUR_MS).toISOString();

function of(run: string, createdHoursAgo: number, startedHoursAgo?: number): Assignment {
  const made = assignment(
    { run },
    startedHoursAgo === undefined ? {} : { lastStartTime: ago(startedHoursAgo) },
    `a-${run}-${createdHoursAgo}`,
  );
  return { ...made, metadata: { ...made.metadata, creationTimestamp: ago(createdHoursAgo) } };
}

const status: CurriculumStatus = {
  ...statusIn('warmup'),
  runs: ['old', 'new'].map((name) => ({ name, trials: 1, drawn: {} })),
};

test('a run ends a day after its last reset, as a whole, and its name is kept', () => {
  const ended = endedRuns(status, [of('old', 30), of('old', 24.1), of('new', 40, 1)], NOW);
  expect(ended.ended).toEqual(['old']);
  expect(ended.status.runs.map((run) => run.name)).toEqual(['new']);
  expect(ended.status.endedRuns).toEqual(['old']);
  expect(ended.nextMs).toBe(23 * HOUR_MS);
});

test('one fresh seed keeps a whole run', () => {
  const { ended, status: same } = endedRuns(status, [of('old', 30), of('old', 1)], NOW);
  expect(ended).toEqual([]);
  expect(same).toBe(status);
});

test('a run whose end was written down is ended still, whatever is left of it', () => {
  const { ended, status: again } = endedRuns({ ...status, endedRuns: ['old'] }, [of('old', 1)], NOW);
  expect(ended).toEqual(['old']);
  expect(again.endedRuns).toEqual(['old']);
});

test('without assignments there is nothing to wait for', () => {
  expect(endedRuns(status, [], NOW)).toEqual({ ended: [], status });
});
