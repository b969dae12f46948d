import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WORK_PHASES, type WorkPhase } from '../api/episode.ts';
import { type RewardInput, rewardOf } from './reward.ts';
import type { RewardStep } from './shaping.ts';
import { DEFAULT_WEIGHTS, TRAINING_WEIGHTS } from './weights.ts';

const step = (phase: WorkPhase | undefined, judgeScore = 0, mutations = phase === 'fix' ? 1 : 0, repeat = false): RewardStep => ({
  judgeScore,
  mutations,
  repeat,
  ...(phase ? { phase } : {}),
});
const resolved = (steps: RewardStep[], more: Partial<RewardInput> = {}): RewardInput => ({
  steps,
  maxSteps: 16,
  difficulty: 0.25,
  resolved: true,
  scorable: true,
  endedByFix: true,
  faultsFixedShare: 1,
  diagnosisScore: 0,
  ...more,
});
const failed = (more: Partial<RewardInput> = {}): RewardInput =>
  resolved([step('triage')], { resolved: false, faultsFixedShare: 0, ...more });

const looked = [step('triage'), step('investigate'), step('fix')];
interface Want {
  total?: number | null;
  base?: number;
  bonus?: number;
  shaping?: number;
  partialCredit?: number;
}
const cases: Record<string, [RewardInput, Want]> = {
  'an unscorable episode has no reward, resolved or not': [resolved(looked, { scorable: false }), { total: null }],
  'the fastest fix of the hardest incident, well worked, is worth 8': [
    resolved([step('fix', 1)], { difficulty: 1, weights: { ...DEFAULT_WEIGHTS, phaseSkipped: 0 } }),
    { total: 8, base: 2.5, bonus: 5, shaping: 0.5 },
  ],
  'the slowest and worst worked fix is worth 3': [
    resolved(
      Array.from({ length: 17 }, () => step('fix', -1)),
      { difficulty: 0 },
    ),
    { total: 3, base: 2.5, bonus: 1, shaping: -0.5 },
  ],
  'three phases in their order, fix last, earn 0.2 each': [resolved(looked), { shaping: 0.2 }],
  'a fix without looking skips two phases': [resolved([step('fix')]), { shaping: -0.5 }],
  'a skipped phase costs 0.3': [resolved([step('triage'), step('fix')]), { shaping: (0.2 - 0.3) / 2 }],
  'a skipped phase that is made up for later earns nothing': [
    resolved([step('triage'), step('fix'), step('investigate'), step('fix')]),
    { shaping: (0.2 - 0.3) / 2 },
  ],
  'a phase scores once': [resolved([step('triage'), step('triage'), step('investigate'), step('fix')]), { shaping: 0.2 }],
  'verify is not skipped when the fix ends the episode': [resolved(looked, { endedByFix: true }), { shaping: 0.2 }],
  'verify is skipped when a report ends the episode': [resolved(looked, { endedByFix: false }), { shaping: (0.6 - 0.3) / 3 }],
  'verify after the fix earns its 0.2': [resolved([...looked, step('verify')], { endedByFix: false }), { shaping: 0.2 }],
  'a no-fault report after a look does not skip fix and verify': [
    resolved([step('triage'), step('investigate')], { endedByFix: false }),
    { shaping: 0.2 },
  ],
  'a right report without any step is as quick as one step': [
    resolved([], { endedByFix: false, difficulty: 1 }),
    { total: 7.5, bonus: 5, shaping: 0 },
  ],
  'the judge counts whole for the step that opens a phase': [
    resolved([step('triage', 0.3), step('investigate', -0.3), step('fix', 0.3)]),
    { shaping: 0.3 },
  ],
  'a good further step in a phase adds nothing': [resolved([step('triage', -0.1), step('triage', 1)]), { shaping: 0.1 }],
  'a bad further step in a phase costs': [resolved([step('triage', 0.1), step('triage', -0.2)]), { shaping: 0.1 }],
  'a line that is no work counts where the judge disliked it': [resolved([step('triage'), step(undefined, -0.3)]), { shaping: -0.1 }],
  'each repeat costs 0.15': [resolved([step('triage'), step('triage', 0, 0, true), step('triage', 0, 0, true)]), { shaping: -0.1 }],
  'shaping never exceeds 0.5': [resolved([step('triage', 1)]), { shaping: 0.5 }],
  'shaping never falls below -0.5': [resolved([step('triage', -1), step('triage', -1)]), { shaping: -0.5 }],
  'each step after the first costs its share of the bonus': [resolved(looked), { bonus: 1 + 4 * 0.625 * (1 - 2 / 16) }],
  'each mutating kubectl call counts as a step': [
    resolved([step('triage'), step('investigate'), step('fix', 0, 5)]),
    { bonus: 1 + 4 * 0.625 * (1 - 6 / 16) },
  ],
  'the bonus does not fall below 1': [resolved([step('fix', 0, 40)]), { bonus: 1 }],
  'difficulty 0 halves what speed is worth': [resolved([step('fix')], { difficulty: 0 }), { bonus: 3 }],
  'failing is -2, however good the steps': [failed({ steps: [step('triage', 1)], diagnosisScore: 1, faultsFixedShare: 1 }), { total: -2 }],
  'failing without a step is -2: doing nothing never beats trying': [failed({ steps: [] }), { total: -2, base: -2 }],
  'partial credit pays half for faults fixed': [
    failed({ weights: TRAINING_WEIGHTS, faultsFixedShare: 0.5 }),
    { total: -1.75, partialCredit: 0.25 },
  ],
  'partial credit pays half for the diagnosis': [
    failed({ weights: TRAINING_WEIGHTS, diagnosisScore: 1 }),
    { total: -1.5, partialCredit: 0.5 },
  ],
  'a resolved episode gets no partial credit': [resolved(looked, { weights: TRAINING_WEIGHTS, diagnosisScore: 1 }), { partialCredit: 0 }],
};

describe('rewardOf', () => {
  test.each(Object.entries(cases))('%s', (_sentence, [input, want]) => {
    const reward = rewardOf(input);
    if (want.total === null) {
      expect(reward).toBeNull();
      return;
    }
    if (want.total !== undefined) expect(reward?.total).toBe(want.total);
    for (const part of ['base', 'bonus', 'shaping', 'partialCredit'] as const) {
      const value = want[part];
      if (value !== undefined) expect(reward?.parts[part]).toBeCloseTo(value, 4);
    }
  });

  const wrong: [string, Partial<RewardInput>, RegExp][] = [
    ['a difficulty of 2', { difficulty: 2 }, /difficulty is 2, not in 0\.\.1/],
    ['a score that is no number', { steps: [step('triage', Number.NaN)] }, /judgeScore of step 1 is NaN/],
    ['maxSteps 0', { maxSteps: 0 }, /maxSteps is 0/],
    ['more partial credit than a wire value bears', { weights: { ...DEFAULT_WEIGHTS, partialCredit: 5 } }, /partialCredit is 5/],
  ];
  test.each(wrong)('refuses %s', (_name, more, message) => expect(() => rewardOf(resolved(looked, more))).toThrow(message));
});

const score = fc.double({ min: -1, max: 1, noNaN: true });
const anyStep: fc.Arbitrary<RewardStep> = fc
  .record({
    judgeScore: score,
    mutations: fc.nat(4),
    repeat: fc.boolean(),
    phase: fc.option(fc.constantFrom(...WORK_PHASES), { nil: undefined }),
  })
  .map(({ phase, ...rest }) => ({ ...rest, ...(phase ? { phase } : {}) }));
const anyInput: fc.Arbitrary<RewardInput> = fc.record({
  steps: fc.array(anyStep, { maxLength: 70 }),
  maxSteps: fc.integer({ min: 1, max: 64 }),
  difficulty: fc.double({ min: 0, max: 1, noNaN: true }),
  resolved: fc.boolean(),
  scorable: fc.constant(true),
  endedByFix: fc.boolean(),
  faultsFixedShare: fc.double({ min: 0, max: 1, noNaN: true }),
  diagnosisScore: fc.double({ min: 0, max: 1, noNaN: true }),
});
const total = (input: RewardInput): number => {
  const reward = rewardOf(input);
  if (!reward) throw new Error('unscorable');
  return reward.total;
};

describe('for every episode', () => {
  test('resolved lies in 3..8, failed is exactly -2', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        expect(total({ ...input, resolved: false })).toBe(-2);
        const points = total({ ...input, resolved: true });
        expect(points).toBeGreaterThanOrEqual(3);
        expect(points).toBeLessThanOrEqual(8);
      }),
    );
  });

  test('with partial credit a failed one lies in -2..-1 and grows with what was fixed and known', () => {
    fc.assert(
      fc.property(anyInput, fc.double({ min: 0, max: 1, noNaN: true }), (input, more) => {
        const base = { ...input, resolved: false, weights: TRAINING_WEIGHTS };
        const points = total(base);
        expect(points).toBeGreaterThanOrEqual(-2);
        expect(points).toBeLessThanOrEqual(-1);
        expect(total({ ...base, faultsFixedShare: Math.max(base.faultsFixedShare, more) })).toBeGreaterThanOrEqual(points);
        expect(total({ ...base, diagnosisScore: Math.max(base.diagnosisScore, more) })).toBeGreaterThanOrEqual(points);
      }),
    );
  });

  test('the parts sum up to the total', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const reward = rewardOf(input);
        const { base, bonus, shaping, partialCredit } = reward?.parts ?? { base: 0, bonus: 0, shaping: 0, partialCredit: 0 };
        expect(base + bonus + shaping + partialCredit).toBeCloseTo(reward?.total ?? Number.NaN, 9);
      }),
    );
  });

  test('one more step in a phase that was reached before never pays, wherever it is put in and however the judge likes it', () => {
    fc.assert(
      fc.property(anyInput, anyStep, fc.nat(70), (input, padding, where) => {
        const at = where % (input.steps.length + 1);
        const reached = new Set(input.steps.slice(0, at).map((s) => s.phase));
        fc.pre(padding.phase === undefined || reached.has(padding.phase));
        const padded = [...input.steps.slice(0, at), padding, ...input.steps.slice(at)];
        expect(total({ ...input, resolved: true, steps: padded })).toBeLessThanOrEqual(total({ ...input, resolved: true }));
      }),
      { numRuns: 500 },
    );
  });

  test('the same work with waiting lines between never scores more', () => {
    fc.assert(
      fc.property(anyInput, fc.integer({ min: 1, max: 10 }), (input, idle) => {
        const waiting: RewardStep = { judgeScore: 0, mutations: 0, repeat: false };
        const longer = input.steps.flatMap((s) => [...Array.from({ length: idle }, () => waiting), s]);
        expect(total({ ...input, resolved: true, steps: longer })).toBeLessThanOrEqual(total({ ...input, resolved: true }));
      }),
    );
  });

  test('a repeat flag never pays', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const clean = input.steps.map((s) => ({ ...s, repeat: false }));
        expect(total({ ...input, resolved: true })).toBeLessThanOrEqual(total({ ...input, resolved: true, steps: clean }));
      }),
    );
  });

  test('solving always beats not solving, whatever the weights preset', () => {
    fc.assert(
      fc.property(anyInput, anyInput, fc.constantFrom(DEFAULT_WEIGHTS, TRAINING_WEIGHTS), (a, b, weights) => {
        expect(total({ ...a, resolved: true, weights })).toBeGreaterThan(total({ ...b, resolved: false, weights }));
      }),
    );
  });
});
