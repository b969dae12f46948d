import { z } from 'zod';
import type { GymObject } from './object.ts';

/**
 * Command: a line ran in the agent shell. Diagnose: a diagnosis was recorded. Report: the agent ended the episode with a verdict.
 * Detach: nobody will act any more (socket closed, session reset); the operator waits out a pending settle and decides.
 */
export const STEP_ACTIONS = ['Command', 'Diagnose', 'Report', 'Detach'] as const;
export type StepAction = (typeof STEP_ACTIONS)[number];
export const VERDICTS = ['resolved', 'no-fault', 'give-up'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Most of an output that a Step carries; an agent may ask to see more. */
export const STEP_OBJECT_OUTPUT_CHARS = 16_384;

/** One line of an agent, written by the gateway, never changed: `<episode>-<index>`, owned by the Episode. */
export const stepSpecSchema = z.object({
  episode: z.string().min(1).max(253),
  index: z.int().min(1).max(70),
  action: z.enum(STEP_ACTIONS),
  command: z.string().max(8192).default(''),
  exitCode: z.int().optional(),
  output: z.string().max(STEP_OBJECT_OUTPUT_CHARS).optional().meta({ description: 'What the agent saw' }),
  durationMs: z.int().min(0).default(0),
  mutations: z.int().min(0).default(0).meta({ description: 'kubectl calls that changed something, as the arena view counted them' }),
  verdict: z.enum(VERDICTS).optional(),
  infrastructure: z
    .string()
    .max(512)
    .optional()
    .meta({ description: 'Why the gym cannot go on; with Detach it makes the episode unscorable' }),
  completedTime: z.iso.datetime().max(40),
});
export type StepSpec = z.infer<typeof stepSpecSchema>;
export type Step = GymObject<StepSpec, undefined>;

/** Name of the Step object: creating it twice says AlreadyExists, so retries are safe. */
export const stepName = (episode: string, index: number): string => `${episode}-${index}`;
