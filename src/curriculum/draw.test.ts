import { describe, expect, test } from '@jest/globals';
import { drawFrom } from './draw.ts';
import type { Pool, ScenarioSource } from './scenario-source.ts';

const pool: Pool = { split: 'train', type: 'oom_kill', size: 1, band: 0 };
const source: ScenarioSource = {
  pools: () => [pool],
  count: () => 5,
  at: (_pool, index) => ({ key: String(index), faults: [], difficulty: index / 10 }),
};
const draw = (from: number, { again = false, admits = (_difficulty: number): boolean => true } = {}) =>
  drawFrom(source, pool, { key: 'k', from, again, admits: ({ difficulty }) => admits(difficulty) });

describe('drawFrom', () => {
  test('goes through the pool without repeating', () => {
    const keys = [0, 1, 2, 3, 4].map((from) => draw(from)?.scenario.key);
    expect(new Set(keys).size).toBe(5);
  });
  test('has nothing new after that', () => expect(draw(5)).toBeUndefined());
  test('begins another round when asked to, in the same order, and says so once', () => {
    const first = draw(5, { again: true });
    expect(first).toMatchObject({ ordinal: 5, usedUp: true, startsOver: true, scenario: draw(0)?.scenario });
    expect(draw(6, { again: true })).toMatchObject({ ordinal: 6, usedUp: true, startsOver: false });
    expect(draw(10, { again: true })).toMatchObject({ ordinal: 10, usedUp: true, startsOver: true });
  });
  test('passes over what is not admitted', () => {
    const only = draw(0, { admits: (difficulty) => difficulty === 0.3 });
    expect(only?.scenario.key).toBe('3');
    expect(draw((only?.ordinal ?? 0) + 1, { admits: (difficulty) => difficulty === 0.3 })).toBeUndefined();
    expect(draw(2, { again: true, admits: (difficulty) => difficulty === 0.3 })).toMatchObject({ usedUp: true, startsOver: true });
  });
  test.each([false, true])('finds nothing where nothing is admitted (another round: %p)', (again) => {
    expect(draw(0, { again, admits: () => false })).toBeUndefined();
  });
  test('finds nothing in an empty pool', () => {
    expect(drawFrom({ ...source, count: () => 0 }, pool, { key: 'k', from: 0, again: true, admits: () => true })).toBeUndefined();
  });
});
