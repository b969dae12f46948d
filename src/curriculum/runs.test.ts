import { describe, expect, test } from '@jest/globals';
import { MAX_RUNS } from '../api/curriculum.ts';
import type { Choice } from './choose.ts';
import { recalled, reserve, runOf } from './runs.ts';
import { assignment, statusIn } from './testing.ts';

const control: Choice = {
  ...{ tier: 'warmup', stint: 0, persona: 'junior', maxDifficulty: 0.25, redHerrings: false, llmDesign: false, adversarial: false },
};
const drawing = (ordinal: number, startsOver = false): Choice => ({
  ...control,
  draw: {
    pool: { split: 'train', type: 'oom_kill', size: 1, band: 0 },
    scenario: { key: 'k', faults: [], difficulty: 0.2 },
    ...{ ordinal, usedUp: startsOver, startsOver },
  },
});

describe('reserve', () => {
  test('what is drawn is drawn for this run alone', () => {
    const { status } = reserve(statusIn('warmup'), 'one', drawing(4));
    expect(status.runs).toEqual([{ name: 'one', trials: 1, drawn: { 'oom_kill/1/0': 5 } }]);
    expect(runOf(status, 'other')).toEqual({ name: 'other', trials: 0, drawn: {} });
  });
  test('a control is a trial of the run and takes no scenario', () => {
    const { status } = reserve(reserve(statusIn('warmup'), 'one', drawing(0)).status, 'one', control);
    expect(status.runs).toEqual([{ name: 'one', trials: 2, drawn: { 'oom_kill/1/0': 1 } }]);
  });
  test('that scenarios come again is told', () => {
    expect(reserve(statusIn('warmup'), 'one', drawing(6, true)).happenings).toEqual([
      { reason: 'ScenariosUsedUp', message: 'Run one has played all that its tier admits of oom_kill; incidents of 1 fault come again' },
    ]);
    expect(reserve(statusIn('warmup'), 'one', drawing(7)).happenings).toEqual([]);
  });
  test('with too many runs, the one that drew longest ago is forgotten', () => {
    let status = statusIn('warmup');
    for (let run = 0; run < MAX_RUNS; run++) status = reserve(status, `run-${run}`, control).status;
    status = reserve(status, 'run-0', control).status;
    status = reserve(status, 'another', control).status;
    const names = status.runs.map(({ name }) => name);
    expect(names).toHaveLength(MAX_RUNS);
    expect(names).toContain('run-0');
    expect(names).not.toContain('run-1');
  });
});

describe('recalled', () => {
  const pool = (type: string, ordinal: number) => ({ type, size: 1, band: 0, ordinal });
  const had = [
    assignment({ run: 'one', trial: 0, pool: pool('oom_kill', 3) }),
    assignment({ run: 'one', trial: 5, pool: pool('oom_kill', 1) }),
    assignment({ run: 'one', trial: 2, pool: pool('crashloop', 0) }),
    assignment({ run: 'one', trial: 7, pool: undefined }),
    assignment({ run: 'other', trial: 9, pool: pool('oom_kill', 8) }),
    assignment({ run: 'one', split: 'eval', trial: undefined, pool: pool('oom_kill', 30) }),
  ];

  test('a run that was forgotten goes on behind everything that its Assignments say it had', () => {
    const status = recalled(statusIn('warmup'), 'one', had);
    expect(runOf(status, 'one')).toEqual({ name: 'one', trials: 8, drawn: { 'oom_kill/1/0': 4, 'crashloop/1/0': 1 } });
  });
  test('a run that is known keeps its counters, which know what was passed over', () => {
    const { status } = reserve(statusIn('warmup'), 'one', drawing(40));
    expect(recalled(status, 'one', had)).toBe(status);
  });
  test('a run that had nothing is new', () => {
    const status = statusIn('warmup');
    expect(recalled(status, 'third', had)).toBe(status);
  });
  test('one run more than are remembered, in turn: none draws the same twice', () => {
    const names = Array.from({ length: MAX_RUNS + 1 }, (_, i) => `run-${i}`);
    const made: ReturnType<typeof assignment>[] = [];
    let status = statusIn('warmup');
    for (let ordinal = 0; ordinal < 3; ordinal++) {
      for (const run of names) {
        status = recalled(status, run, made);
        const { trials, drawn } = runOf(status, run);
        expect([run, trials, drawn['oom_kill/1/0'] ?? 0]).toEqual([run, ordinal, ordinal]);
        status = reserve(status, run, drawing(ordinal)).status;
        made.push(assignment({ run, trial: trials, pool: pool('oom_kill', ordinal) }));
      }
    }
    expect(status.runs).toHaveLength(MAX_RUNS);
  });
});
