import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WORK_PHASES } from '../api/episode.ts';
import { type Delivery, deliver } from './deliver.ts';
import { rewardOf } from './reward.ts';
import { DEFAULT_WEIGHTS, MAX_PARTIAL_CREDIT, REWARD_RANGE, TRAINING_WEIGHTS } from './weights.ts';

const frame = { value: -2 as number | null, previousValue: -2, delivered: -2, judgeScore: 0.4, done: false };

describe('deliver', () => {
  const cases: [string, Delivery, Partial<typeof frame>, number | null][] = [
    ['telescope: the first frame of an unsolved episode is -2', 'telescope', { previousValue: 0, delivered: 0 }, -2],
    ['telescope: a frame that changes nothing is 0', 'telescope', {}, 0],
    ['telescope: the frame that solves brings what is missing', 'telescope', { value: 6.1, done: true }, 8.1],
    ['telescope: a fix in the very first frame brings the total', 'telescope', { value: 7.5, previousValue: 0, done: true }, 7.5],
    ['telescope: a fault that breaks again takes its credit back', 'telescope', { value: -2, previousValue: -1.75 }, -0.25],
    ['last: 0 until done', 'last', { value: -2 }, 0],
    ['last: the total when done', 'last', { value: 6.1, done: true }, 6.1],
    ['step: the score of the judge', 'step', {}, 0.4],
    ['step: the last frame brings the rest', 'step', { value: 6.1, delivered: 1.1, done: true }, 5],
    ['an unscorable episode has no reward in telescope', 'telescope', { value: null, done: true }, null],
    ['an unscorable episode has no reward in last', 'last', { value: null, done: true }, null],
    ['an unscorable episode has no reward in step', 'step', { value: null, done: true }, null],
  ];
  test.each(cases)('%s', (_sentence, delivery, more, want) => expect(deliver(delivery, { ...frame, ...more })).toBe(want));
});

const plays = fc.record({
  moves: fc.array(
    fc.record({
      judgeScore: fc.double({ min: -1, max: 1, noNaN: true }),
      mutations: fc.nat(3),
      repeat: fc.boolean(),
      phase: fc.constantFrom(...WORK_PHASES),
      faultsFixedShare: fc.constantFrom(0, 1 / 3, 0.5, 1),
      diagnosisScore: fc.constantFrom(0, 0.25, 0.5, 1),
    }),
    { minLength: 1, maxLength: 64 },
  ),
  solvedAtTheEnd: fc.boolean(),
  maxSteps: fc.integer({ min: 1, max: 64 }),
  difficulty: fc.double({ min: 0, max: 1, noNaN: true }),
  weights: fc.constantFrom(DEFAULT_WEIGHTS, TRAINING_WEIGHTS, { ...DEFAULT_WEIGHTS, partialCredit: MAX_PARTIAL_CREDIT }),
});

type Play = typeof plays extends fc.Arbitrary<infer T> ? T : never;

/** Plays an episode frame by frame; the agent stops after `stop` frames. */
function wire(delivery: Delivery, p: Play, stop: number) {
  const sent: number[] = [];
  let value = 0;
  for (let t = 1; t <= stop; t++) {
    const last = t === p.moves.length;
    const { faultsFixedShare, diagnosisScore } = p.moves[t - 1];
    const resolved = last && p.solvedAtTheEnd;
    const { maxSteps, difficulty, weights } = p;
    const reward = rewardOf({
      ...{ maxSteps, difficulty, weights, resolved, faultsFixedShare, diagnosisScore },
      ...{ steps: p.moves.slice(0, t), scorable: true, endedByFix: true },
    });
    const next = reward?.total ?? Number.NaN;
    const delivered = sent.reduce((a, b) => a + b, 0);
    sent.push(
      deliver(delivery, { value: next, previousValue: value, delivered, judgeScore: p.moves[t - 1].judgeScore, done: last }) ?? Number.NaN,
    );
    value = next;
  }
  return { sent, total: value };
}
const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);

describe('for every episode', () => {
  test('telescoped rewards sum up to the total wherever the agent stops, each within the declared range', () => {
    fc.assert(
      fc.property(plays, fc.nat(63), (p, where) => {
        const { sent, total } = wire('telescope', p, 1 + (where % p.moves.length));
        expect(sum(sent)).toBeCloseTo(total, 9);
        for (const reward of sent) {
          expect(reward).toBeGreaterThanOrEqual(REWARD_RANGE.min);
          expect(reward).toBeLessThanOrEqual(REWARD_RANGE.max);
        }
      }),
    );
  });
  test.each<Delivery>(['last', 'step'])('rewards delivered as %s sum up to the total of a finished episode', (delivery) => {
    fc.assert(
      fc.property(plays, (p) => {
        const { sent, total } = wire(delivery, p, p.moves.length);
        expect(sum(sent)).toBeCloseTo(total, 3);
      }),
    );
  });
});
