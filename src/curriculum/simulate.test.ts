import { describe, expect, test } from '@jest/globals';
import { type CurriculumStatus, curriculumStatusSchema } from '../api/curriculum.ts';
import { LEARNERS, type Learner, type LearnerName } from './learners.ts';
import { type SimulationReport, simulate } from './simulate.ts';
import { seededDelay } from './synthetic-episodes.ts';
import { rulesWith } from './testing.ts';

const SEEDS = [1, 2, 3];
const rules = rulesWith();
const play = (learner: Learner, seed = 1, delay?: (trial: number, member: number) => number): SimulationReport =>
  simulate({ learner, episodes: 2000, seed, rules, ...(delay ? { delay } : {}) });
const told = (report: SimulationReport, reason: string): number =>
  report.happenings.filter((happening) => happening.reason === reason).length;

interface End {
  tier: CurriculumStatus['tier'][];
  highest: string[];
  graduated: (faults: string[]) => boolean;
  demotions: (n: number) => boolean;
}

const WARMUP = ['crashloop', 'image_pull', 'oom_kill', 'scale_zero'];
const ends: Record<LearnerName, End> = {
  fast: { tier: ['expert'], highest: ['expert'], graduated: (faults) => faults.length === 7, demotions: (n) => n === 0 },
  slow: {
    tier: ['intermediate'],
    highest: ['intermediate'],
    graduated: (faults) => faults.length === 0,
    demotions: (n) => n >= 1 && n <= 4,
  },
  forgetful: {
    ...{ tier: ['warmup'], highest: ['expert'], demotions: (n: number) => n >= 4 },
    graduated: (faults) => !WARMUP.some((fault) => faults.includes(fault)),
  },
  'single-fault': {
    ...{ tier: ['warmup'], highest: ['warmup', 'beginner'], demotions: (n: number) => n <= 2 },
    graduated: (faults) => faults.join() === 'oom_kill',
  },
  random: { tier: ['warmup'], highest: ['warmup'], graduated: (faults) => faults.length === 0, demotions: (n) => n === 0 },
};

describe('2,000 episodes in groups of 8, whose results come late and out of order', () => {
  test.each(Object.entries(ends) as [LearnerName, End][])('of the %s learner', (name, end) => {
    for (const seed of SEEDS) {
      const report = play(LEARNERS[name](), seed);
      expect(report.episodes).toBe(2000);
      expect(report.status.trials).toBe(250);
      expect(end.tier).toContain(report.status.tier);
      expect(end.highest).toContain(report.highestTier);
      expect({ seed, graduated: report.status.graduated, fits: end.graduated(report.status.graduated) }).toMatchObject({ fits: true });
      expect({ seed, demotions: told(report, 'Demoted'), fits: end.demotions(told(report, 'Demoted')) }).toMatchObject({ fits: true });
      expect(curriculumStatusSchema.parse(report.status)).toEqual(report.status);
    }
  });

  test('all that happens to a learner who forgets is told', () => {
    const report = play(LEARNERS.forgetful());
    expect(told(report, 'Promoted')).toBe(4);
    expect(told(report, 'Unlocked')).toBe(4);
    expect(told(report, 'Graduated')).toBeGreaterThanOrEqual(4);
    expect(told(report, 'BackInTraining')).toBeGreaterThanOrEqual(4);
    expect(told(report, 'ScenariosUsedUp')).toBeGreaterThan(0);
  });
  test('one blind spot holds nobody down for good', () => {
    for (const seed of SEEDS) {
      const fast = LEARNERS.fast();
      const blind: Learner = { ...fast, chance: (faults) => (faults.includes('liveness_probe') ? 0.02 : fast.chance(faults)) };
      const report = play(blind, seed);
      expect(['advanced', 'expert']).toContain(report.highestTier);
      expect(report.status.weakSpots).toContain('liveness_probe');
      expect(report.status.graduated.length).toBeGreaterThanOrEqual(4);
    }
  });
});

describe('a simulation', () => {
  test('that is repeated is the same, byte for byte', () => {
    expect(JSON.stringify(play(LEARNERS.forgetful(), 3))).toBe(JSON.stringify(play(LEARNERS.forgetful(), 3)));
    expect(JSON.stringify(play(LEARNERS.forgetful(), 3))).not.toBe(JSON.stringify(play(LEARNERS.forgetful(), 4)));
  });
  test('does not depend on the order in which the results of a group arrive', () => {
    const inTime = (trial: number, member: number) => seededDelay(7)(trial, member) % 590_000;
    const backwards = (trial: number, member: number) => inTime(trial, 7 - member);
    expect(JSON.stringify(play(LEARNERS.slow(), 1, backwards))).toBe(JSON.stringify(play(LEARNERS.slow(), 1, inTime)));
  });
  test('repeats no scenario before it says so', () => {
    for (const name of ['fast', 'random'] as const) {
      const { drawn, distinct, usedUp, controls } = play(LEARNERS[name]()).scenarios;
      expect(distinct + usedUp).toBe(drawn);
      expect(drawn + controls).toBe(250);
    }
  });
  test('plays whole groups only', () => {
    expect(simulate({ learner: LEARNERS.fast(), episodes: 31, seed: 1, rules }).episodes).toBe(24);
  });
});
