import { describe, expect, test } from '@jest/globals';
import type { FaultMastery } from '../api/curriculum.ts';
import { weakSpotsOf, withResult } from './mastery.ts';
import { rulesWith } from './testing.ts';

const rule = rulesWith().spec.mastery;
const times = (n: number, value: number): number[] => Array<number>(n).fill(value);

function after(results: readonly number[]): { entry: FaultMastery; reasons: string[] } {
  let mastery: FaultMastery[] = [];
  const reasons: string[] = [];
  for (const result of results) {
    const next = withResult(mastery, 'oom_kill', result, rule);
    mastery = next.mastery;
    reasons.push(...next.happenings.map(({ reason }) => reason));
  }
  return { entry: mastery[0], reasons };
}

describe('mastery', () => {
  const cases: Record<string, [number[], Partial<FaultMastery>, string[]]> = {
    'two trials are too few': [[1, 1], { rate: 1, mastered: false }, []],
    'three at .7 are enough': [[0.7, 0.7, 0.7], { rate: 0.7, mastered: true }, ['Mastered']],
    'below .7 is not mastered': [[0.7, 0.7, 0.69], { mastered: false }, []],
    'only the last ten count': [[...times(5, 0), ...times(10, 1)], { rate: 1, trials: 15, mastered: true }, ['Mastered', 'Graduated']],
    'nine at 1 do not graduate': [times(9, 1), { graduated: false }, ['Mastered']],
    'ten at .8 graduate': [times(10, 0.8), { graduated: true }, ['Mastered', 'Graduated']],
    'ten below .8 do not': [times(10, 0.79), { graduated: false, mastered: true }, ['Mastered']],
    'a graduated fault may fall to .5': [[...times(10, 1), ...times(5, 0)], { rate: 0.5, graduated: true }, ['Mastered', 'Graduated']],
    'below .5 it is back in training': [
      [...times(10, 1), ...times(6, 0)],
      { rate: 0.4, graduated: false },
      ['Mastered', 'Graduated', 'BackInTraining'],
    ],
    'it graduates again like the first time': [
      [...times(10, 1), ...times(6, 0), ...times(8, 1)],
      { rate: 0.8, graduated: true },
      ['Mastered', 'Graduated', 'BackInTraining', 'Mastered', 'Graduated'],
    ],
  };
  test.each(Object.entries(cases))('%s', (_name, [results, expected, reasons]) => {
    const { entry, reasons: seen } = after(results);
    expect(entry).toMatchObject(expected);
    expect(seen).toEqual(reasons);
  });
  test('faults are told apart and stand in order', () => {
    const one = withResult([], 'scale_zero', 1, rule).mastery;
    const two = withResult(one, 'oom_kill', 0, rule).mastery;
    expect(two.map(({ fault, rate }) => [fault, rate])).toEqual([
      ['oom_kill', 0],
      ['scale_zero', 1],
    ]);
  });
});

test('weak spots are unlocked, tried, and below .7, however often they were tried', () => {
  const tried = (fault: string, rate: number): FaultMastery => ({
    fault,
    rate,
    trials: 1,
    results: [rate],
    mastered: false,
    graduated: false,
  });
  const mastery = [tried('a', 0.69), tried('b', 0.7), tried('locked', 0)];
  expect(weakSpotsOf(mastery, ['a', 'b', 'untried'], rule)).toEqual(['a']);
});
