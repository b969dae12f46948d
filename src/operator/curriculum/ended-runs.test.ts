import { expect, test } from '@jest/globals';
import type { Assignment } from '../../api/assignment.ts';
import type { CurriculumStatus, Split } from '../../api/curriculum.ts';
import type { Episode } from '../../api/episode.ts';
import { assignment, statusIn } from '../../curriculum/testing.ts';
import { endedRuns, resetAgain } from './ended-runs.ts';

const HOUR_MS = 3_600_000;
const NOW = new Date('2026-01-03T00:00:00.000Z');
const ago = (hours: number): string => new Date(NOW.getTime() - hours * HOUR_MS).toISOString();

function of(run: string, createdHoursAgo: number, startedHoursAgo?: number, split: Split = 'train'): Assignment {
  const started = startedHoursAgo === undefined ? {} : { lastStartTime: ago(startedHoursAgo) };
  const made = assignment({ run, split }, started, `a-${run}-${createdHoursAgo}`);
  return { ...made, metadata: { ...made.metadata, creationTimestamp: ago(createdHoursAgo) } };
}

const status: CurriculumStatus = {
  ...statusIn('warmup'),
  runs: ['old', 'new'].map((name) => ({ name, trials: 1, drawn: {} })),
};

test('a run ends a day after its last reset, as a whole, and its name is kept', () => {
  const ended = endedRuns(status, [of('old', 30), of('old', 24.1), of('new', 40, 1)], NOW);
  expect(ended.assignments.map((a) => a.spec.run)).toEqual(['old', 'old']);
  expect(ended.runs).toEqual(['old']);
  expect(ended.status.runs.map((run) => run.name)).toEqual(['new']);
  expect(ended.status.endedRuns).toEqual(['old']);
  expect(ended.nextMs).toBe(23 * HOUR_MS);
});

test('one fresh seed keeps a whole run', () => {
  const { runs, status: same } = endedRuns(status, [of('old', 30), of('old', 1)], NOW);
  expect(runs).toEqual([]);
  expect(same).toBe(status);
});

test('a run whose end was written down is ended still, whatever is left of it', () => {
  const { runs, status: again } = endedRuns({ ...status, endedRuns: ['old'] }, [of('old', 1)], NOW);
  expect(runs).toEqual(['old']);
  expect(again.endedRuns).toEqual(['old']);
});

test('without assignments there is nothing to wait for', () => {
  expect(endedRuns(status, [], NOW)).toEqual({ runs: [], assignments: [], status });
});

test('what is held out goes by its own age, and its run is never refused', () => {
  const old = of('eval', 30, undefined, 'eval');
  const ended = endedRuns(status, [old, of('eval', 2, undefined, 'eval')], NOW);
  expect(ended).toEqual({ runs: [], assignments: [old], status, nextMs: 22 * HOUR_MS });
});

test('a reset of a closed group is written down, once an hour', () => {
  const closed = { ...of('old', 30), status: { closedTime: ago(29) } };
  const episode = (hoursAgo: number) => ({ metadata: { creationTimestamp: ago(hoursAgo) } }) as Episode;
  expect(resetAgain(closed, [episode(5), episode(3)])?.lastStartTime).toBe(ago(3));
  expect(resetAgain(closed, [episode(29.5)])).toBeUndefined();
  expect(resetAgain(of('old', 30), [episode(3)])).toBeUndefined();
  expect(resetAgain(closed, [])).toBeUndefined();
});
