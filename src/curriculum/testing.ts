/** For tests: rules, and a space of scenarios on paper. */
import type { z } from 'zod';
import type { Assignment, AssignmentSpec, AssignmentStatus } from '../api/assignment.ts';
import { type CurriculumSpec, type CurriculumStatus, curriculumSpecSchema } from '../api/curriculum.ts';
import { API_VERSION } from '../api/group.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import { DEFAULT_WEIGHTS } from '../reward/weights.ts';
import { statusUnder, type Trial } from './fold.ts';
import { paperSource } from './paper-source.ts';
import type { Rules } from './rules.ts';
import type { ScenarioSource } from './scenario-source.ts';

/** Difficulties that put some faults into each of the three lowest tiers. */
const DIFFICULTY: Record<string, number> = {
  ...{ scale_zero: 0.1, image_pull: 0.15, oom_kill: 0.2, crashloop: 0.25 },
  ...{ liveness_probe: 0.35, bad_config: 0.4, resource_quota: 0.5 },
};

type SpecInput = z.input<ReturnType<typeof curriculumSpecSchema>>;

function paper(spec: CurriculumSpec, variants = 6): ScenarioSource {
  return paperSource({
    types: FAULT_TYPES,
    difficultyOf: (types) => Math.round((Math.max(...types.map((type) => DIFFICULTY[type])) + 0.15 * (types.length - 1)) * 100) / 100,
    tiers: spec.tiers.map(({ maxDifficulty }) => maxDifficulty),
    variants,
  });
}

const PAPER = paper(curriculumSpecSchema(FAULT_TYPES).parse({}));

export function rulesWith(input: SpecInput = {}): Rules {
  const spec = curriculumSpecSchema(FAULT_TYPES).parse(input);
  return { spec, types: FAULT_TYPES, source: input.tiers ? paper(spec) : PAPER };
}
const RULES = rulesWith();

/** A Curriculum that stands in a tier it has just entered. */
export const statusIn = (tier: string, rules: Rules = RULES, known: Partial<CurriculumStatus> = {}): CurriculumStatus =>
  statusUnder({ ...statusUnder(undefined, rules), ...known, tier }, rules);

/** What a Curriculum knows of a fault after these results. */
export const known = (fault: string, rate: number, graduated = false): CurriculumStatus['mastery'][number] => ({
  ...{ fault, trials: 10, results: Array<number>(10).fill(rate), rate },
  ...{ mastered: rate >= 0.7, graduated },
});

export const trial = (fields: Partial<Trial> = {}): Trial => ({
  ...{ assignment: 'a-1', fault: 'oom_kill', tier: 'warmup', stint: 0, success: 1, reward: 3.5 },
  ...{ closedTime: '2026-01-01T00:00:00.000Z', ...fields },
});

export const assignment = (spec: Partial<AssignmentSpec> = {}, status: AssignmentStatus = {}, name = 'a-1'): Assignment => ({
  ...{ apiVersion: API_VERSION, kind: 'Assignment', metadata: { name } },
  spec: {
    ...{ curriculum: 'c', run: 'r', split: 'train', seed: 0, trial: 0, usedUp: false, incident: { faults: [] }, difficulty: 0.2 },
    pool: { type: 'oom_kill', size: 1, band: 0, ordinal: 0 },
    ...{ tier: 'warmup', stint: 0, persona: 'junior', maxSteps: 16, weights: DEFAULT_WEIGHTS, ...spec },
  },
  status,
});
