import { createHash } from 'node:crypto';
import { z } from 'zod';
import { rewardWeightsSchema, SPLITS, type Split } from './curriculum.ts';
import { MAX_STEPS_LIMIT } from './defaults.ts';
import { faultTypeSchema, type InlineIncident, inlineIncidentSchema } from './incident.ts';
import { PERSONAS } from './judging.ts';
import type { GymObject } from './object.ts';

/** Episodes that an assignment keeps in mind; a group is no larger. */
export const MAX_MEMBERS = 64;

/** What a seed of a run got: everything that all episodes of the group share. Never changed. */
export const assignmentSpecSchema = (types: readonly string[] = [], redHerringKinds: readonly string[] = []) =>
  z.object({
    curriculum: z.string().min(1).max(253),
    run: z.string().min(1).max(253),
    split: z.enum(SPLITS),
    seed: z.int().min(0),
    trial: z.int().min(0).optional().meta({ description: 'Which draw of the run this was, from 0; split train only' }),
    pool: z
      .object({
        type: faultTypeSchema(types).meta({ description: 'The fault it was drawn for' }),
        size: z.int().min(1).max(3),
        band: z.int().min(0).max(7),
        ordinal: z.int().min(0).meta({ description: 'Which draw from the pool this was, from 0' }),
      })
      .optional()
      .meta({ description: 'Absent where nothing is broken' }),
    design: z.string().max(63).optional().meta({ description: 'The LLM design that took the place of the draw' }),
    usedUp: z.boolean().default(false).meta({ description: 'The run has seen this scenario before: nothing new was left' }),
    incident: inlineIncidentSchema(types, redHerringKinds),
    difficulty: z.number().min(0).max(1),
    tier: z.string().max(32).optional().meta({ description: 'Split train only' }),
    stint: z.int().min(0).optional().meta({ description: 'How often the tier had changed; split train only' }),
    persona: z.enum(PERSONAS),
    maxSteps: z.int().min(1).max(MAX_STEPS_LIMIT),
    weights: rewardWeightsSchema.required(),
  });
export type AssignmentSpec = Omit<z.infer<ReturnType<typeof assignmentSpecSchema>>, 'incident'> & { incident: InlineIncident };

const memberSchema = z.object({
  episode: z.string().max(253),
  uid: z.string().max(64),
  startedTime: z.iso.datetime().max(40).optional(),
  final: z.boolean(),
  scorable: z.boolean().optional(),
  success: z.boolean().optional(),
  reward: z.number().optional(),
});
export type Member = z.infer<typeof memberSchema>;

export const assignmentStatusSchema = z.object({
  members: z.array(memberSchema).max(MAX_MEMBERS).optional(),
  startedTime: z.iso.datetime().max(40).optional(),
  lastStartTime: z.iso.datetime().max(40).optional(),
  closedTime: z.iso.datetime().max(40).optional().meta({ description: 'Later results count for nothing' }),
  success: z.number().min(0).max(1).optional().meta({ description: 'Mean of the scorable members; absent without any' }),
  reward: z.number().optional().meta({ description: 'Mean of the scorable members' }),
  counted: z.boolean().optional().meta({ description: 'The Curriculum was told' }),
});
export type AssignmentStatus = z.infer<typeof assignmentStatusSchema>;
export type Assignment = GymObject<AssignmentSpec, AssignmentStatus>;

export interface AssignmentKey {
  readonly curriculum: string;
  readonly run: string;
  readonly split: Split;
  readonly seed: number;
}

/** Name of the one Assignment of a key: creating it is the claim, AlreadyExists says that somebody else was first. */
export function assignmentName({ curriculum, run, split, seed }: AssignmentKey): string {
  const key = JSON.stringify([curriculum, run, split, seed]);
  return `a-${createHash('sha256').update(key).digest('hex').slice(0, 20)}`;
}
