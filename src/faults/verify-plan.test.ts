import { describe, expect, test } from '@jest/globals';
import type { FaultSpec } from '../api/incident.ts';
import { targetsOf } from './engine.ts';
import { FAULT_TYPES } from './index.ts';
import { seededRandom } from './random.ts';
import { shopBaseline } from './testing.ts';
import { allPlays, notPlayedAsMeant, type Scenario, samplePlays } from './verify-plan.ts';

const app = shopBaseline();
const single = (type: string): Scenario => ({ name: type, faults: [{ type, target: targetsOf(type, app)[0] }] });
const several: Scenario = {
  name: 'multi-fault',
  faults: [
    { type: 'oom_kill', target: { namespace: 'payments', name: 'payment-api' } },
    { type: 'image_pull', target: { namespace: 'frontend', name: 'web-app' } },
    { type: 'scale_zero', target: { namespace: 'auth', name: 'auth-service' } },
  ] satisfies FaultSpec[],
};
const scenarios = [...FAULT_TYPES.map(single), several];

describe.each(scenarios.map((s) => [s.name, s] as const))('the plays of %s', (_, scenario) => {
  const plays = allPlays(scenario, app);
  const count = (kind: string): number => plays.filter((p) => p.kind === kind).length;

  test('are the reference fix, three honest fixes, six cheats, nothing and a last step', () => {
    expect([count('reference'), count('nothing'), count('last-step')]).toEqual([1, 1, 1]);
    expect(count('honest')).toBeGreaterThanOrEqual(3);
    expect(count('cheat')).toBeGreaterThanOrEqual(6);
  });
  test('resolve exactly where they are honest', () => {
    for (const play of plays) expect(play.resolves).toBe(['reference', 'honest', 'last-step'].includes(play.kind));
  });
  test('have every blind line among them, alone and all in one', () => {
    const names = plays.map((p) => p.attempt.name);
    expect(names).toEqual(expect.arrayContaining(['undo every rollout', 'restart everything', 'scale everything', 'raise every limit']));
    expect(names).toEqual(expect.arrayContaining(['delete every quota', 'all blind lines at once']));
  });
  test('are sampled by the seed: five, the same again, others for another seed', () => {
    const sample = (seed: number): string[] =>
      samplePlays(scenario, app, seededRandom(`${seed}`)).map((p) => `${p.kind} ${p.attempt.name}`);
    expect(sample(1).map((s) => s.split(' ')[0])).toEqual(['reference', 'honest', 'cheat', 'cheat', 'nothing']);
    expect(new Set(sample(1)).size).toBe(5);
    expect(sample(1)).toEqual(sample(1));
    expect(new Set(Array.from({ length: 10 }, (_, i) => sample(i).join())).size).toBeGreaterThan(1);
  });
});

test('of several faults, fixing all but one is a cheat for each of them', () => {
  const names = allPlays(several, app).map((p) => p.attempt.name);
  expect(names).toEqual(
    expect.arrayContaining([
      'all but oom_kill on payments/payment-api',
      'all but image_pull on frontend/web-app',
      'all but scale_zero on auth/auth-service',
    ]),
  );
});

describe('an attempt', () => {
  const ended = (...exitCodes: number[]) => exitCodes.map((exitCode, i) => ({ line: `line ${i + 1}`, output: `out ${i + 1}\n`, exitCode }));
  const plain = { name: 'x', lines: ['line 1', 'line 2'] };
  const refused = { ...plain, refused: true } as const;

  test.each([
    ['whose lines all went through', plain, ended(0, 0)],
    ['without a line', { name: 'do nothing', lines: [] }, []],
    ['of which a part must be refused and was', refused, ended(1, 0)],
  ])('%s was played as it is meant', (_, attempt, ends) => expect(notPlayedAsMeant(attempt, ends)).toBeUndefined());

  test.each([
    ['with a line that failed', plain, ended(1, 0), 'This line ended with exit code 1, so nothing is proven: line 1\nIt said: out 1'],
    [
      'with a line that was cut off',
      plain,
      ended(0, 124),
      'This line ended with exit code 124, so nothing is proven: line 2\nIt said: out 2',
    ],
    [
      'that must be refused, and was cut off',
      refused,
      ended(1, 124),
      'This line ended with exit code 124, so nothing is proven: line 2\nIt said: out 2',
    ],
    ['that must be refused, and was let in', refused, ended(0, 0), 'The cluster let in what it must refuse'],
  ])('%s proves nothing, and says why', (_, attempt, ends, why) => expect(notPlayedAsMeant(attempt, ends)).toBe(why));
});
