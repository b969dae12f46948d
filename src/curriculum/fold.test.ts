import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CurriculumStatus, curriculumStatusSchema } from '../api/curriculum.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import { foldTrial, statusUnder, type Trial } from './fold.ts';
import { tierIndex } from './rules.ts';
import { known, rulesWith, statusIn, trial } from './testing.ts';

const rules = rulesWith();
const foldAll = (trials: readonly Trial[], status?: CurriculumStatus): CurriculumStatus =>
  trials.reduce((now: CurriculumStatus, next) => foldTrial(now, next, rules).status, statusUnder(status, rules));

describe('a new Curriculum', () => {
  test('stands in warmup, untried', () => {
    expect(statusUnder(undefined, rules)).toMatchObject({
      ...{ tier: 'warmup', stint: 0, difficulty: 0.25, persona: 'junior', trials: 0, trialsInTier: 0 },
      ...{ masterySummary: '0 of 4', weakSpots: [], graduated: [], lastRewards: '' },
      unlocked: ['oom_kill', 'crashloop', 'image_pull', 'scale_zero'],
    });
  });
  test('stands where its minimum difficulty leaves it', () => {
    expect(statusUnder(undefined, rulesWith({ minDifficulty: 0.5 }))).toMatchObject({ tier: 'intermediate', difficulty: 0.6, stint: 0 });
  });
});

describe('an edited spec', () => {
  test('a higher minimum difficulty lifts the tier, which is a change of tier', () => {
    const low = foldAll([trial(), trial()]);
    expect(statusUnder(low, rulesWith({ minDifficulty: 0.3 }))).toMatchObject({
      tier: 'beginner',
      stint: 1,
      trialsInTier: 0,
      tierResults: [],
    });
  });
  test('a lower one moves nobody', () => {
    expect(statusUnder(statusIn('advanced'), rules)).toMatchObject({ tier: 'advanced', stint: 0 });
  });
  test('a tier that the spec does not know is left for the lowest', () => {
    expect(statusUnder({ ...statusIn('expert'), tier: 'master' }, rules).tier).toBe('warmup');
  });
  test('denied faults are locked at once', () => {
    expect(statusUnder(statusIn('warmup'), rulesWith({ faults: { deny: ['oom_kill'] } })).unlocked).not.toContain('oom_kill');
  });
});

describe('foldTrial', () => {
  test('a trial shows in mastery, tier, recent results and rewards', () => {
    expect(foldAll([trial({ success: 0.5, reward: 0.75 })])).toMatchObject({
      ...{ trials: 1, trialsInTier: 1, tierResults: [0.5], weakSpots: ['oom_kill'], lastRewards: '+0.8' },
      ...{ masterySummary: '0 of 4, weak: oom_kill' },
      mastery: [{ fault: 'oom_kill', trials: 1, results: [0.5], rate: 0.5 }],
      recent: [{ assignment: 'a-1', fault: 'oom_kill', tier: 'warmup', success: 0.5, reward: 0.75 }],
    });
  });
  test('one from an earlier tier counts for mastery and not for promotion', () => {
    const status = foldAll([trial({ stint: 0, tier: 'warmup' })], { ...statusIn('beginner'), stint: 1 });
    expect(status).toMatchObject({ trials: 1, trialsInTier: 0, tierResults: [], mastery: [{ fault: 'oom_kill', trials: 1 }] });
  });
  test('one from an earlier stay in the same tier is from an earlier tier, too', () => {
    expect(foldAll([trial({ stint: 0 })], { ...statusIn('warmup'), stint: 2 }).trialsInTier).toBe(0);
  });
  test('one without a fault is a recent result and nothing else', () => {
    const before = foldAll([trial()]);
    const after = foldAll([trial({ assignment: 'a-2', fault: undefined, reward: -2 })], before);
    expect(after).toMatchObject({
      trials: 2,
      trialsInTier: 1,
      mastery: before.mastery,
      tierResults: before.tierResults,
      lastRewards: '+3.5 -2.0',
    });
    expect(after.recent.at(-1)).not.toHaveProperty('fault');
  });
  test('graduation and promotion are told in the order in which they happen', () => {
    const status = statusIn('warmup', rules, {
      mastery: [{ fault: 'oom_kill', trials: 9, results: Array<number>(9).fill(0.8), rate: 0.8, mastered: true, graduated: false }],
      ...{ trialsInTier: 4, tierResults: [1, 1, 1, 1] },
    });
    const { status: after, happenings } = foldTrial(status, trial({ success: 0.8 }), rules);
    expect(happenings.map(({ reason }) => reason)).toEqual(['Graduated', 'Promoted', 'Unlocked']);
    expect(after).toMatchObject({ tier: 'beginner', stint: 1, difficulty: 0.4, persona: 'senior', graduated: ['oom_kill'] });
  });
  test('an agent that forgets goes down, and what it had graduated from is trained again', () => {
    let status = statusIn('intermediate', rules, { mastery: [known('oom_kill', 1, true)] });
    const reasons: string[] = [];
    for (let i = 0; i < 10; i++) {
      const folded = foldTrial(status, trial({ tier: 'intermediate', success: 0 }), rules);
      status = folded.status;
      reasons.push(...folded.happenings.map(({ reason }) => reason));
    }
    expect(status).toMatchObject({ tier: 'beginner', graduated: [], weakSpots: ['oom_kill'] });
    expect(reasons).toEqual(['BackInTraining', 'Demoted']);
  });
  test('recent results are twenty at most, rewards at a glance five', () => {
    const status = foldAll(Array.from({ length: 30 }, (_, i) => trial({ assignment: `a-${i}`, fault: undefined, reward: i / 10 })));
    expect(status.recent.map(({ assignment }) => assignment)).toEqual(Array.from({ length: 20 }, (_, i) => `a-${i + 10}`));
    expect(status.lastRewards).toBe('+2.5 +2.6 +2.7 +2.8 +2.9');
  });
});

const anyTrial = fc.record({
  fault: fc.option(fc.constantFrom(...FAULT_TYPES), { nil: undefined }),
  success: fc.integer({ min: 0, max: 8 }).map((resolved) => resolved / 8),
  stale: fc.boolean(),
});

describe('whatever the results', () => {
  const played = fc.array(anyTrial, { maxLength: 120, size: 'max' });

  test('the tier moves by one, the bounds of the kind hold, and the same results give the same status', () => {
    fc.assert(
      fc.property(played, (trials) => {
        const fold = () => {
          let status = statusUnder(undefined, rules);
          for (const [i, { fault, success, stale }] of trials.entries()) {
            const before = status;
            const stint = stale ? before.stint - 1 : before.stint;
            status = foldTrial(before, trial({ assignment: `a-${i}`, fault, success, stint }), rules).status;
            const moved = tierIndex(rules.spec, status.tier) - tierIndex(rules.spec, before.tier);
            expect(Math.abs(moved)).toBeLessThanOrEqual(stale || fault === undefined ? 0 : 1);
            expect(status.stint - before.stint).toBe(Math.abs(moved));
          }
          return status;
        };
        const status = fold();
        expect(curriculumStatusSchema.parse(status)).toEqual(status);
        expect(JSON.stringify(fold())).toBe(JSON.stringify(status));
      }),
      { numRuns: 60 },
    );
  });

  test('what does not count for the tier may come in any order, fault by fault', () => {
    fc.assert(
      fc.property(played, fc.infiniteStream(fc.nat()), (trials, chance) => {
        const queues = [...new Set(trials.map(({ fault }) => fault))].map((fault) => trials.filter((one) => one.fault === fault));
        const interleaved: typeof trials = [];
        while (queues.some((queue) => queue.length)) {
          const left = queues.filter((queue) => queue.length);
          interleaved.push(...left[chance.next().value % left.length].splice(0, 1));
        }
        const learned = (order: typeof trials) => {
          const { mastery, weakSpots, graduated, tier } = foldAll(order.map(({ fault, success }) => trial({ fault, success, stint: -1 })));
          return { mastery, weakSpots, graduated, tier };
        };
        expect(learned(interleaved)).toEqual(learned(trials));
      }),
      { numRuns: 60 },
    );
  });
});
