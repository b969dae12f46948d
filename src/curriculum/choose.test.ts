import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CurriculumStatus } from '../api/curriculum.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import { type Choice, chooseNext } from './choose.ts';
import { statusUnder } from './fold.ts';
import { type Rules, unlockedAt } from './rules.ts';
import { reserve } from './runs.ts';
import { known, rulesWith, statusIn } from './testing.ts';

const noControls = { designer: { noFaultShare: 0 } };
const rules = rulesWith(noControls);
const choose = (status: CurriculumStatus, { trial = 0, inFlight = [] as string[], by = rules } = {}): Choice =>
  chooseNext(status, inFlight, by, { curriculum: 'c', run: 'r', trial });
const WARMUP = ['oom_kill', 'crashloop', 'image_pull', 'scale_zero'];

/** How often each fault is drawn from one and the same status, in parts of 1. */
function shares(status: CurriculumStatus, draws = 600): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let trial = 0; trial < draws; trial++) {
    const type = choose(status, { trial }).draw?.pool.type ?? 'none';
    counts[type] = (counts[type] ?? 0) + 1 / draws;
  }
  return counts;
}

describe('the next fault', () => {
  const mastery = (rates: Record<string, number>, graduated: string[] = []) =>
    statusIn('warmup', rules, { mastery: Object.entries(rates).map(([fault, rate]) => known(fault, rate, graduated.includes(fault))) });

  test('is an untried one as long as there is one', () => {
    const status = mastery({ oom_kill: 0, crashloop: 1 });
    expect(Object.keys(shares(status, 50)).sort()).toEqual(['image_pull', 'scale_zero']);
  });
  test('what is in flight counts as tried', () => {
    for (let trial = 0; trial < 20; trial++) {
      const inFlight: string[] = [];
      for (let draw = 0; draw < 4; draw++) inFlight.push(choose(statusIn('warmup'), { trial, inFlight }).draw?.pool.type ?? '');
      expect(inFlight.sort()).toEqual(WARMUP.toSorted());
    }
  });
  test('is a weak spot three times as often as one that goes well', () => {
    const { oom_kill: weak, ...others } = shares(mastery({ oom_kill: 0.69, crashloop: 0.7, image_pull: 0.7, scale_zero: 0.7 }));
    expect(weak).toBeGreaterThan(0.44);
    expect(weak).toBeLessThan(0.56);
    expect(Object.keys(others)).toHaveLength(3);
  });
  test('is one in training three times as often as one that has graduated', () => {
    const all = shares(mastery({ oom_kill: 0.75, crashloop: 0.75, image_pull: 1, scale_zero: 1 }, ['image_pull', 'scale_zero']));
    const ratio = (all.oom_kill + all.crashloop) / (all.image_pull + all.scale_zero);
    expect(ratio).toBeGreaterThan(2.4);
    expect(ratio).toBeLessThan(3.7);
  });
  test('can still be a graduated one while another is weak, or nobody would see that it is forgotten', () => {
    const { crashloop } = shares(
      mastery({ oom_kill: 0, crashloop: 1, image_pull: 1, scale_zero: 1 }, ['crashloop', 'image_pull', 'scale_zero']),
    );
    expect(crashloop).toBeGreaterThan(0.04);
    expect(crashloop).toBeLessThan(0.13);
  });
});

describe('the scenario', () => {
  test('is of the hardest band that the tier admits', () => {
    for (let trial = 0; trial < 50; trial++) {
      const draw = choose(statusIn('intermediate'), { trial }).draw;
      expect(draw?.pool.band).toBe(2);
    }
  });
  test('is an easier one rather than one that the run has had', () => {
    const by = rulesWith({ ...noControls, faults: { allow: ['oom_kill', 'resource_quota'] } });
    let status = statusIn('intermediate', by, { mastery: [known('resource_quota', 1, true)] });
    const bands: (number | undefined)[] = [];
    const taken: (boolean | undefined)[] = [];
    // Of oom_kill, with resource_quota: six singles of band 0, and three of the six pairs of band 3, which this tier does not admit.
    for (let trial = 0; trial < 7; trial++) {
      const choice = choose(status, { trial, by });
      bands.push(choice.draw?.pool.band);
      taken.push(choice.draw?.usedUp);
      status = { ...reserve(status, 'r', choice).status, mastery: status.mastery };
    }
    expect(bands).toEqual(Array(7).fill(0));
    expect(taken).toEqual([...Array(6).fill(false), true]);
  });
  test('is one of many faults in adversarial mode', () => {
    const by = rulesWith({ ...noControls, mode: 'adversarial' });
    const status = statusIn('advanced', by, { mastery: ['oom_kill', 'crashloop'].map((fault) => known(fault, 1, true)) });
    const sizes = Array.from({ length: 30 }, (_, trial) => choose(status, { trial, by }));
    expect(sizes.every(({ adversarial, draw }) => adversarial && draw?.pool.size === 3)).toBe(true);
    const standard = Array.from({ length: 30 }, (_, trial) => choose(status, { trial }));
    expect(standard.some(({ draw }) => draw?.pool.size === 2)).toBe(true);
  });
});

describe('what freezes with it', () => {
  test('tier, persona and what the tier unlocks', () => {
    expect(choose({ ...statusIn('advanced'), stint: 7 })).toMatchObject({
      ...{ tier: 'advanced', stint: 7, persona: 'principal', maxDifficulty: 0.8, redHerrings: true, llmDesign: false, adversarial: false },
    });
  });
  const designs: Record<string, [Parameters<typeof rulesWith>[0], string, boolean]> = {
    'an LLM designs from expert on': [{ designer: { kind: 'llm', noFaultShare: 0 } }, 'expert', true],
    'not before': [{ designer: { kind: 'llm', noFaultShare: 0 } }, 'advanced', false],
    'earlier in adversarial mode': [{ mode: 'adversarial', designer: { kind: 'llm', noFaultShare: 0 } }, 'intermediate', true],
    'never when the designer is procedural': [{ mode: 'adversarial', ...noControls }, 'expert', false],
  };
  test.each(Object.entries(designs))('%s', (_name, [spec, tier, llmDesign]) => {
    const by = rulesWith(spec);
    const status = statusIn(tier, by, { mastery: ['oom_kill', 'crashloop'].map((fault) => known(fault, 1, true)) });
    expect(choose(status, { by }).llmDesign).toBe(llmDesign);
  });
});

describe('controls', () => {
  test('a tenth of all draws breaks nothing', () => {
    const by = rulesWith();
    const controls = Array.from({ length: 1000 }, (_, trial) => choose(statusIn('warmup'), { trial, by })).filter(({ draw }) => !draw);
    expect(controls.length).toBeGreaterThan(70);
    expect(controls.length).toBeLessThan(130);
  });
  test('which of them is the run’s and the trial’s alone', () => {
    const by = rulesWith({ designer: { noFaultShare: 0.5 } });
    const pattern = (status: CurriculumStatus) =>
      Array.from({ length: 50 }, (_, trial) => choose(status, { trial, by }).draw === undefined);
    expect(pattern(statusIn('warmup'))).toEqual(pattern(statusIn('expert', by, { mastery: [known('oom_kill', 1, true)] })));
  });
  test.each([0, 1])('a share of %p is kept to', (noFaultShare) => {
    const by = rulesWith({ designer: { noFaultShare } });
    for (let trial = 0; trial < 50; trial++) expect(choose(statusIn('warmup'), { trial, by }).draw === undefined).toBe(noFaultShare === 1);
  });
});

test('where nothing can be drawn, it says so', () => {
  const by = rulesWith({ ...noControls, faults: { allow: ['bad_config'] } });
  const message = 'Curriculum c has nothing to draw in tier warmup; allow more faults or change minDifficulty';
  expect(() => choose({ ...statusUnder(undefined, by), tier: 'warmup' }, { by })).toThrow(message);
});

describe('whatever the state', () => {
  const anyRules = fc
    .record({
      mode: fc.constantFrom('standard' as const, 'adversarial' as const),
      minDifficulty: fc.constantFrom(0, 0.12, 0.3, 0.45, 0.5),
      deny: fc.uniqueArray(fc.constantFrom(...FAULT_TYPES), { maxLength: 3 }),
    })
    .map(({ mode, minDifficulty, deny }) => rulesWith({ mode, minDifficulty, faults: { deny } }));
  const anyMastery = fc.uniqueArray(
    fc.record({ fault: fc.constantFrom(...FAULT_TYPES), rate: fc.constantFrom(0, 0.5, 0.7, 0.9), graduated: fc.boolean() }),
    { selector: ({ fault }) => fault },
  );
  const anyTier = fc.constantFrom('warmup', 'beginner', 'intermediate', 'advanced', 'expert');
  const statusOf = (by: Rules, tier: string, mastery: { fault: string; rate: number; graduated: boolean }[]) =>
    statusIn(tier, by, { mastery: mastery.map(({ fault, rate, graduated }) => known(fault, rate, graduated)) });

  test('nothing is harder than the tier, easier than the minimum, denied or locked', () => {
    fc.assert(
      fc.property(anyRules, anyTier, anyMastery, fc.nat(), (by, tier, mastery, trial) => {
        const status = statusOf(by, tier, mastery);
        const index = by.spec.tiers.findIndex(({ name }) => name === status.tier);
        const choice = choose(status, { by, trial });
        if (!choice.draw) return;
        const { difficulty, faults } = choice.draw.scenario;
        expect(difficulty).toBeGreaterThanOrEqual(by.spec.minDifficulty);
        expect(difficulty).toBeLessThanOrEqual(by.spec.tiers[index].maxDifficulty);
        expect(faults.length).toBeLessThanOrEqual(unlockedAt(by, index).faultsAtOnce);
        for (const { type } of faults) expect(status.unlocked).toContain(type);
      }),
      { numRuns: 200 },
    );
  });

  test('no scenario comes twice in a run, across tiers, until it says so; and the same run is drawn again the same', () => {
    fc.assert(
      fc.property(anyRules, fc.array(fc.tuple(anyTier, anyMastery), { minLength: 1, maxLength: 6 }), (by, phases) => {
        const play = () => {
          const keys = new Set<string>();
          let runs: CurriculumStatus['runs'] = [];
          let trial = 0;
          for (const [tier, mastery] of phases) {
            for (let draws = 0; draws < 15; draws++) {
              const status = { ...statusOf(by, tier, mastery), runs };
              const choice = choose(status, { by, trial: trial++ });
              runs = reserve(status, 'r', choice).status.runs;
              if (!choice.draw) continue;
              expect(keys.has(choice.draw.scenario.key)).toBe(choice.draw.usedUp);
              keys.add(choice.draw.scenario.key);
            }
          }
          return [...keys];
        };
        expect(play()).toEqual(play());
      }),
      { numRuns: 40 },
    );
  });
});
