import { z } from 'zod';
import { conditionsSchema } from './conditions.ts';
import { DEFAULT_DEADLINE_SECONDS, DEFAULT_MAX_STEPS, DEFAULT_TTL_SECONDS, MAX_STEPS_LIMIT } from './defaults.ts';
import { alertSchema, type InlineIncident, inlineIncidentSchema } from './incident.ts';
import type { GymObject } from './object.ts';
import { OUTCOMES } from './reasons.ts';
import { STEP_ACTIONS } from './step.ts';

const agentSchema = z.object({
  name: z.string().max(128).optional(),
  model: z.string().max(256).optional(),
  checkpoint: z.string().max(256).optional(),
});

export const episodeSpecSchema = (types: readonly string[] = [], redHerringKinds: readonly string[] = []) =>
  z.object({
    incident: inlineIncidentSchema(types, redHerringKinds).optional(),
    incidentRef: z.object({ name: z.string().min(1).max(253) }).optional(),
    agent: agentSchema.optional(),
    maxSteps: z.int().min(1).max(MAX_STEPS_LIMIT).default(DEFAULT_MAX_STEPS),
    deadlineSeconds: z
      .int()
      .min(30)
      .max(86400)
      .default(DEFAULT_DEADLINE_SECONDS)
      .meta({ description: 'Environment time in all; runs only while a frame is unanswered' }),
    seed: z.int().min(0).optional().meta({ description: 'The seed that chose the incident, for the record' }),
    gateway: z.string().max(253).optional().meta({ description: 'Lease of the gateway that plays this Episode' }),
    ttlSecondsAfterFinished: z.int().min(0).max(604800).default(DEFAULT_TTL_SECONDS),
  });
export interface EpisodeSpec {
  incident?: InlineIncident;
  incidentRef?: { name: string };
  agent?: { name?: string; model?: string; checkpoint?: string };
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
  phase: z.enum(WORK_PHASES).optional(),
  score: z.number().min(-1).max(1).optional(),
  feedback: z.string().max(512).optional(),
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

export const episodeStatusSchema = z.object({
  observedGeneration: z.int().min(0).optional(),
  phase: z.string().max(32).optional().meta({ description: 'For people; derived from the conditions' }),
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
  scenarioHash: z.string().max(64).optional(),
  outcome: z.enum(OUTCOMES).optional(),
  scorable: z.boolean().optional(),
  startedTime: z.iso.datetime().max(40).optional(),
  finishedTime: z.iso.datetime().max(40).optional(),
  conditions: conditionsSchema.optional(),
});
export type EpisodeStatus = z.infer<typeof episodeStatusSchema>;
export type Episode = GymObject<EpisodeSpec, EpisodeStatus>;
