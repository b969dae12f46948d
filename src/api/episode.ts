import { z } from 'zod';
import { conditionsSchema } from './conditions.ts';
import { rewardWeightsSchema, SPLITS, type Split } from './curriculum.ts';
import { DEFAULT_DEADLINE_SECONDS, DEFAULT_MAX_STEPS, DEFAULT_TTL_SECONDS, MAX_STEPS_LIMIT } from './defaults.ts';
import { alertSchema, type InlineIncident, inlineIncidentSchema } from './incident.ts';
import { JUDGEMENT_SOURCES, PERSONAS } from './judging.ts';
import type { GymObject } from './object.ts';
import { OUTCOMES } from './reasons.ts';
import { STEP_ACTIONS } from './step.ts';

/** Who plays; what an agent says of itself. */
export const agentSchema = z.object({
  name: z.string().max(128).optional(),
  model: z.string().max(256).optional(),
  checkpoint: z.string().max(256).optional(),
});

export const episodeSpecSchema = (types: readonly string[] = [], redHerringKinds: readonly string[] = []) =>
  z.object({
    incident: inlineIncidentSchema(types, redHerringKinds).optional(),
    incidentRef: z.object({ name: z.string().min(1).max(253) }).optional(),
    curriculumRef: z
      .object({ name: z.string().min(1).max(253) })
      .optional()
      .meta({ description: 'The Curriculum that chooses the incident, by split, run and seed' }),
    split: z.enum(SPLITS).optional().meta({ description: 'train when absent' }),
    run: z.string().min(1).max(253).optional().meta({ description: 'Seeds of one run never meet a scenario twice; "default" when absent' }),
    agent: agentSchema.optional(),
    maxSteps: z.int().min(1).max(MAX_STEPS_LIMIT).default(DEFAULT_MAX_STEPS),
    deadlineSeconds: z
      .int()
      .min(30)
      .max(86400)
      .default(DEFAULT_DEADLINE_SECONDS)
      .meta({ description: 'Environment time in all; runs only while a frame is unanswered' }),
    seed: z.int().min(0).optional().meta({ description: 'The seed that chose the incident' }),
    gateway: z.string().max(253).optional().meta({ description: 'Lease of the gateway that plays this Episode' }),
    ttlSecondsAfterFinished: z.int().min(0).max(604800).default(DEFAULT_TTL_SECONDS),
  });
export interface EpisodeSpec {
  incident?: InlineIncident;
  incidentRef?: { name: string };
  curriculumRef?: { name: string };
  split?: Split;
  run?: string;
  agent?: z.infer<typeof agentSchema>;
  maxSteps?: number;
  deadlineSeconds?: number;
  seed?: number;
  gateway?: string;
  ttlSecondsAfterFinished?: number;
}

/** Phases of on-call work that the judge tells apart, in their order. */
export const WORK_PHASES = ['triage', 'investigate', 'fix', 'verify'] as const;
export type WorkPhase = (typeof WORK_PHASES)[number];

const stepStatusSchema = z.object({
  index: z
    .int()
    .min(1)
    .max(MAX_STEPS_LIMIT + 2),
  action: z.enum(STEP_ACTIONS),
  command: z.string().max(1100),
  exitCode: z.int().optional(),
  output: z.string().max(2200).optional(),
  durationMs: z.int().min(0).optional(),
  settleMs: z.int().min(0).optional(),
  mutations: z.int().min(0).optional(),
  repeat: z.boolean().optional().meta({ description: 'Asked nothing new, with nothing changed since; absent where it did' }),
  phase: z.enum(WORK_PHASES).optional(),
  score: z.number().min(-1).max(1).optional(),
  feedback: z.string().max(512).optional(),
  hint: z.string().max(512).optional().meta({ description: 'Help for a junior, from nothing but what the agent had seen' }),
  judge: z.enum(JUDGEMENT_SOURCES).optional().meta({ description: 'Who gave the score' }),
  reward: z.number().optional().meta({ description: 'Telescoping reward of this step: V_t - V_(t-1)' }),
});
export type StepStatus = z.infer<typeof stepStatusSchema>;

const rewardPartsSchema = z.object({
  base: z.number(),
  bonus: z.number(),
  shaping: z.number(),
  partialCredit: z.number(),
});
export type RewardParts = z.infer<typeof rewardPartsSchema>;

const llmUseSchema = z.object({
  calls: z.int().min(0).meta({ description: 'Answers asked of the LLM' }),
  inputTokens: z.int().min(0),
  outputTokens: z.int().min(0),
  usd: z.number().min(0).optional().meta({ description: 'Absent when the price of the model is not known' }),
  seconds: z.number().min(0).meta({ description: 'Time spent waiting for the LLM' }),
  fallbacks: z.int().min(0).meta({ description: 'Judgements that the heuristic gave because the LLM was late or failed' }),
});
/** What the LLM did for an episode, or for one judgement of it. */
export type LlmUse = z.infer<typeof llmUseSchema>;

export const episodeStatusSchema = z.object({
  observedGeneration: z.int().min(0).optional(),
  phase: z.string().max(32).optional().meta({ description: 'For people; derived from the conditions' }),
  assignment: z.string().max(63).optional().meta({ description: 'What its Curriculum chose' }),
  tier: z.string().max(32).optional(),
  difficulty: z.number().min(0).max(1).optional(),
  persona: z.enum(PERSONAS).optional().meta({ description: 'Who judges' }),
  weights: rewardWeightsSchema.required().optional().meta({ description: 'Of the reward, as the assignment froze them' }),
  incident: z.string().max(253).optional(),
  alert: alertSchema.optional(),
  maxSteps: z.int().min(1).optional(),
  steps: z
    .array(stepStatusSchema)
    .max(MAX_STEPS_LIMIT + 2)
    .optional(),
  decidedSteps: z.int().min(0).optional().meta({
    description: 'Steps up to this index are scored and their effect is known; the gateway answers a frame when it reaches its index',
  }),
  settling: z.boolean().optional().meta({ description: 'The last decided step was answered before its effect was known' }),
  reward: z.number().optional(),
  rewardParts: rewardPartsSchema.optional(),
  diagnosisScore: z.number().min(0).max(1).optional(),
  fixScore: z.number().min(0).max(1).optional(),
  llm: llmUseSchema.optional(),
  veto: z
    .object({ step: z.int().min(0), reason: z.string().max(512) })
    .optional()
    .meta({ description: 'The judge took back a resolution after this step; the agent never reads why' }),
  scenarioHash: z.string().max(64).optional(),
  outcome: z.enum(OUTCOMES).optional(),
  scorable: z.boolean().optional(),
  startedTime: z.iso.datetime().max(40).optional(),
  finishedTime: z.iso.datetime().max(40).optional(),
  conditions: conditionsSchema.optional(),
});
export type EpisodeStatus = z.infer<typeof episodeStatusSchema>;
export type Episode = GymObject<EpisodeSpec, EpisodeStatus>;
