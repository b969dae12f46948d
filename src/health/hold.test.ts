import { describe, expect, test } from '@jest/globals';
import { advance, type Hold, holdSeconds, NO_HOLD } from './hold.ts';
import type { OracleResult } from './oracle.ts';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 2, 1) + seconds * 1000);
const look = (change: Partial<OracleResult> = {}): OracleResult => ({
  verdict: 'healthy',
  workloads: [],
  fixed: [],
  complete: true,
  quietSince: at(0),
  lastServedAt: at(100),
  ...change,
});

describe('holdSeconds', () => {
  test.each<[string, number[], number | undefined, number]>([
    ['five seconds when no fault comes back', [], undefined, 5],
    ['one and a half times the longest recurrence', [2, 8, 3], undefined, 12],
    ['what the spec asks for when that is more', [8], 60, 60],
    ['not less than the fault needs when the spec asks for less', [8], 1, 12],
    ['whole seconds, rounded up', [5], undefined, 8],
  ])('is %s', (_, recurrences, asked, seconds) => {
    expect(holdSeconds(recurrences, asked)).toBe(seconds);
  });
});

describe('advance', () => {
  /** The hold after looks at these seconds. */
  const holdAfter = (...looks: [seconds: number, result: OracleResult][]): Hold =>
    looks.reduce((hold, [seconds, result]) => advance(hold, result, 5, at(seconds)), NO_HOLD);

  test('starts at the first healthy look', () => {
    expect(holdAfter([10, look()])).toMatchObject({ since: at(10), resolved: false });
  });
  test('is over after its time', () => {
    expect(holdAfter([10, look()], [14.9, look()]).resolved).toBe(false);
    expect(holdAfter([10, look()], [15, look()]).resolved).toBe(true);
  });
  test('ends with any look that is not healthy', () => {
    expect(holdAfter([10, look()], [14, look({ verdict: 'settling' })], [15, look()])).toMatchObject({ since: at(15), resolved: false });
  });
  test('starts again when something moved between two looks', () => {
    expect(holdAfter([10, look()], [15, look({ quietSince: at(13) })])).toMatchObject({ since: at(15), resolved: false });
  });
  test('goes on when what moved lies before it', () => {
    expect(holdAfter([10, look({ quietSince: at(9) })], [15, look({ quietSince: at(9) })]).resolved).toBe(true);
  });
  test('waits until a customer was served within it', () => {
    expect(holdAfter([10, look({ lastServedAt: at(9) })], [20, look({ lastServedAt: at(9) })]).resolved).toBe(false);
    expect(holdAfter([10, look()], [20, look({ lastServedAt: undefined })]).resolved).toBe(false);
  });
  test('asks for the full check before it resolves', () => {
    expect(holdAfter([10, look()], [15, look({ complete: false })])).toMatchObject({ resolved: false, needsFullCheck: true });
    expect(holdAfter([10, look()], [12, look({ complete: false })]).needsFullCheck).toBe(false);
  });
});
