import { z } from 'zod';
import { conditionsSchema } from './conditions.ts';
import { DEFAULT_MAX_STEPS, GREATEST_DRAWN_DIFFICULTY, MAX_STEPS_LIMIT } from './defaults.ts';
import { faultTypeSchema, type InlineIncident, inlineIncidentSchema } from './incident.ts';
import { JUDGES, PERSONAS } from './judging.ts';
import type { GymObject } from './object.ts';

export const CURRICULUM_MODES = ['standard', 'adversarial'] as const;
/** train: what the Curriculum chooses. eval: held out, by seed alone. transfer: held out, on another overlay of the app. */
export const SPLITS = ['train', 'eval', 'transfer'] as const;
export type Split = (typeof SPLITS)[number];

/** Bounds of what a Curriculum remembers. */
export const MAX_FAULT_TYPES = 64;
export const MAX_RUNS = 16;
/** Names of runs that are over; the oldest are forgotten. */
export const MAX_ENDED_RUNS = 64;
export const MAX_RECENT = 20;
export const MAX_FOLDING = 64;
/** Proven designs that are kept. */
export const MAX_DESIGNS = 4;
/** Characters of what an LLM tells of a design; its 120 words take less. */
export const MAX_STORY_LENGTH = 1500;
/** Longest window that a success rate is taken over. */
const MAX_WINDOW = 50;

const rate = () => z.number().min(0).max(1);
const time = () => z.iso.datetime().max(40);
const faultTypes = (types: readonly string[]) => z.array(faultTypeSchema(types)).max(MAX_FAULT_TYPES);

const tierSchema = (types: readonly string[]) =>
  z.object({
    name: z
      .string()
      .max(32)
      .regex(/^[a-z][-a-z0-9]*$/),
    maxDifficulty: rate(),
    minTrials: z.int().min(0).max(1000).default(0).meta({ description: 'Trials before this tier can be left upwards' }),
    advanceRate: rate().optional().meta({ description: 'Success that promotes; without it nothing does' }),
    unlocks: z
      .object({
        faults: faultTypes(types).default([]).meta({ description: 'Fault types; the last tier unlocks all' }),
        faultsAtOnce: z.int().min(1).max(3).default(1).meta({ description: 'Most faults in one incident' }),
        redHerrings: z.boolean().default(false),
        llmDesigns: z.boolean().default(false).meta({ description: 'Incidents designed by an LLM, where there is one' }),
      })
      .prefault({})
      .meta({ description: 'What may come from this tier on' }),
  });

/** The original's tiers. Fault types that this build does not know are left out. */
function defaultTiers(types: readonly string[]): z.input<ReturnType<typeof tierSchema>>[] {
  const faults = (...all: string[]) => ({ faults: all.filter((type) => types.length === 0 || types.includes(type)) });
  const warmup = faults('oom_kill', 'crashloop', 'image_pull', 'scale_zero');
  const beginner = faults('bad_config', 'liveness_probe', 'resource_quota');
  return [
    { name: 'warmup', maxDifficulty: 0.25, minTrials: 5, advanceRate: 0.6, unlocks: warmup },
    { name: 'beginner', maxDifficulty: 0.4, minTrials: 5, advanceRate: 0.6, unlocks: beginner },
    { name: 'intermediate', maxDifficulty: 0.6, minTrials: 8, advanceRate: 0.65, unlocks: { faultsAtOnce: 2 } },
    { name: 'advanced', maxDifficulty: 0.8, minTrials: 10, advanceRate: 0.7, unlocks: { faultsAtOnce: 3, redHerrings: true } },
    { name: 'expert', maxDifficulty: 0.95, unlocks: { llmDesigns: true } },
  ];
}

const masteryRuleSchema = z.object({
  window: z.int().min(1).max(MAX_WINDOW).default(10).meta({ description: 'Trials of a fault that its rate is taken over' }),
  minTrials: z.int().min(1).max(MAX_WINDOW).default(3),
  rate: rate().default(0.7).meta({ description: 'A fault below is a weak spot' }),
  graduateRate: rate().default(0.8).meta({ description: 'Success over a whole window that graduates' }),
  forgetRate: rate().default(0.5).meta({ description: 'A graduated fault below is back in training' }),
});

const promotionRuleSchema = z.object({
  window: z.int().min(1).max(MAX_WINDOW).default(10).meta({ description: 'Trials of the tier that its rate is taken over' }),
  fastTrackTrials: z.int().min(1).max(MAX_WINDOW).default(3),
  fastTrackRate: rate().default(0.9).meta({ description: 'Success from which fastTrackTrials are enough' }),
  demoteRate: rate().default(0.3).meta({ description: 'Success over a whole window below which the tier is left downwards' }),
});

/**
 * Names and defaults are those of src/reward/weights.ts. Within these bounds a resolved episode always beats an unresolved one, and a value on
 * the wire stays in the range that openenv.yaml declares.
 */
export const rewardWeightsSchema = z.object({
  failed: z.number().min(-2).max(-1).optional(),
  resolved: z.number().min(2).max(2.5).optional(),
  bonusFloor: z.number().min(0).max(1).optional(),
  bonusSpan: z.number().min(0).max(4).optional(),
  bonusEasyShare: z.number().min(0).max(1).optional(),
  phaseInOrder: z.number().min(0).max(1).optional(),
  phaseSkipped: z.number().min(-1).max(0).optional(),
  repeat: z.number().min(-1).max(0).optional(),
  shapingLimit: z.number().min(0).max(0.5).optional(),
  partialCredit: z.number().min(0).max(2).optional().meta({ description: '1 helps training: groups that nobody resolves still differ' }),
});

const judgeSchema = z.object({
  kind: z.enum(JUDGES).default('heuristic'),
  persona: z.enum(PERSONAS).optional().meta({ description: 'Overrides what the difficulty asks for' }),
  veto: z.boolean().default(false).meta({ description: 'An LLM judge may refuse a resolution; it can never grant one' }),
});

const designerSchema = z.object({
  kind: z.enum(['procedural', 'llm']).default('procedural'),
  noFaultShare: rate().default(0.1).meta({ description: 'Share of incidents in which nothing is broken' }),
});

const llmSchema = z.object({
  tokensPerHour: z.int().min(0).optional(),
  usdPerHour: z.number().min(0).optional(),
});

/** `types`: the fault types this build knows; any text where none are given. */
export const curriculumSpecSchema = (types: readonly string[] = []) =>
  z.object({
    mode: z.enum(CURRICULUM_MODES).default('standard'),
    minDifficulty: z
      .number()
      .min(0)
      .max(GREATEST_DRAWN_DIFFICULTY)
      .default(0)
      .meta({ description: 'No incident is easier; tiers that cannot reach it are passed over. At most what the hardest incident has' }),
    groupSize: z.int().min(1).max(64).default(8).meta({ description: 'Episodes of one assignment: together they are one trial' }),
    groupTimeoutSeconds: z
      .int()
      .min(1)
      .max(86400)
      .default(600)
      .meta({ description: 'A group closes so long after its last start at the latest' }),
    maxSteps: z.int().min(1).max(MAX_STEPS_LIMIT).default(DEFAULT_MAX_STEPS),
    tiers: z
      .array(tierSchema(types))
      .min(1)
      .max(8)
      .prefault(defaultTiers(types))
      .meta({ description: 'From the easiest up', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
    mastery: masteryRuleSchema.prefault({}),
    promotion: promotionRuleSchema.prefault({}),
    faults: z
      .object({
        allow: faultTypes(types).default([]).meta({ description: 'All when empty' }),
        deny: faultTypes(types).default([]),
      })
      .prefault({}),
    reward: rewardWeightsSchema.prefault({}),
    judge: judgeSchema.prefault({}),
    designer: designerSchema.prefault({}),
    llm: llmSchema.optional().meta({ description: 'What judge and designer may spend; past it they go on without the LLM' }),
  });
export type CurriculumSpec = z.infer<ReturnType<typeof curriculumSpecSchema>>;
export type MasteryRule = CurriculumSpec['mastery'];

const faultMasterySchema = z.object({
  fault: z.string().max(64),
  trials: z.int().min(0).meta({ description: 'In all' }),
  results: z.array(rate()).max(MAX_WINDOW).meta({ description: 'Success of the last trials, the newest last' }),
  rate: rate(),
  mastered: z.boolean(),
  graduated: z.boolean(),
});
export type FaultMastery = z.infer<typeof faultMasterySchema>;

const recentTrialSchema = z.object({
  assignment: z.string().max(63),
  fault: z.string().max(64).optional().meta({ description: 'Absent where nothing was broken' }),
  tier: z.string().max(32),
  success: rate(),
  reward: z.number(),
  closedTime: time(),
});

const runSchema = z.object({
  name: z.string().max(253),
  trials: z.int().min(0).meta({ description: 'Assignments drawn' }),
  drawn: z.record(z.string().max(80), z.int().min(0)).meta({ maxProperties: 512, description: 'Scenarios drawn per pool' }),
});
export type Run = z.infer<typeof runSchema>;

const designSchema = z.object({
  name: z.string().max(63),
  fault: z.string().max(64).meta({ description: 'Fault type that it is about: it may take the place of a draw of that type' }),
  tier: z.string().max(32).meta({ description: 'In which it was asked for' }),
  difficulty: rate(),
  incident: inlineIncidentSchema() as z.ZodType<InlineIncident>,
  story: z.string().max(MAX_STORY_LENGTH).meta({ description: 'By the LLM, for people; no agent reads it' }),
});
export type ReadyDesign = z.infer<typeof designSchema>;

export const curriculumStatusSchema = z.object({
  observedGeneration: z.int().min(0).optional(),
  tier: z.string().max(32),
  stint: z.int().min(0).meta({ description: 'How often the tier has changed' }),
  difficulty: rate().meta({ description: 'Most that the tier admits' }),
  persona: z.enum(PERSONAS),
  trials: z.int().min(0).meta({ description: 'Counted in all' }),
  trialsInTier: z.int().min(0),
  tierResults: z.array(rate()).max(MAX_WINDOW).meta({ description: 'Success of the last trials since the tier was entered' }),
  mastery: z.array(faultMasterySchema).max(MAX_FAULT_TYPES),
  masterySummary: z.string().max(256).meta({ description: 'For people' }),
  weakSpots: faultTypes([]),
  graduated: faultTypes([]),
  unlocked: faultTypes([]),
  recent: z.array(recentTrialSchema).max(MAX_RECENT).meta({ description: 'The newest last' }),
  lastRewards: z.string().max(64).meta({ description: 'Mean reward of the last trials, the newest last' }),
  runs: z.array(runSchema).max(MAX_RUNS).meta({ description: 'The one that drew last is last' }),
  endedRuns: z
    .array(z.string().max(253))
    .max(MAX_ENDED_RUNS)
    .optional()
    .meta({ description: 'Runs that nobody asked for in a day; resets of them are refused' }),
  folding: z.array(z.string().max(63)).max(MAX_FOLDING).meta({ description: 'Assignments that are counted here and not marked so yet' }),
  designed: z.int().min(0).optional().meta({ description: 'Designs asked of an LLM so far' }),
  designs: z.array(designSchema).max(MAX_DESIGNS).optional().meta({ description: 'Proven in an arena, not played yet' }),
  conditions: conditionsSchema.optional(),
});
export type CurriculumStatus = z.infer<typeof curriculumStatusSchema>;
export type Curriculum = GymObject<CurriculumSpec, CurriculumStatus>;
