// The one interface between what speaks OpenEnv (src/gateway/openenv) and what plays an episode. The zod schemas here are also
// what `/schema` publishes, so a field exists on the wire exactly when it is declared here.
import { z } from 'zod';
import { agentSchema, type EpisodeSpec } from '../api/episode.ts';

/** Error codes of the OpenEnv wire. The first four leave a socket open, the last three close it after one frame. */
export type GatewayErrorCode =
  | 'INVALID_JSON'
  | 'UNKNOWN_TYPE'
  | 'VALIDATION_ERROR'
  | 'EXECUTION_ERROR'
  | 'CAPACITY_REACHED'
  | 'FACTORY_ERROR'
  | 'SESSION_ERROR';

/**
 * An error that the client is meant to read. A session throws it with EXECUTION_ERROR (or VALIDATION_ERROR for reset options it
 * refuses); any other exception is logged and answered without its text, because that text may name what the agent must not know.
 */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode;
  readonly details: Record<string, unknown>;
  /** @param details further members of the error frame, for example `{active_sessions, max_sessions}` */
  constructor(code: GatewayErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.name = 'GatewayError';
    this.code = code;
    this.details = details;
  }
}

export const actionSchema = z
  .strictObject({
    command: z.string().max(65_536).meta({
      description:
        'One line for the agent shell (kubectl, pipes, heredocs), or `fix: LINE`, `diagnose: TEXT`, `report: resolved|no-fault|give-up`',
    }),
    metadata: z.record(z.string(), z.unknown()).default({}).meta({ description: 'Ignored by the gym' }),
  })
  .meta({ title: 'KubeSreGymAction' });
/** What the agent does in one step; `metadata` is `{}` when the client sent none. */
export type Action = z.output<typeof actionSchema>;

export const observationSchema = z
  .strictObject({
    command_output: z.string().meta({ description: 'Output of the command; after a reset the pager alert' }),
    cluster_status_summary: z.string().meta({ description: 'What a dashboard shows; empty at reset' }),
    active_alerts: z.array(z.string()).meta({ description: 'Alerts that fire now' }),
    steps_taken: z.int().min(0),
    max_steps: z.int().min(1),
    hint: z.string().meta({ description: 'Help for a junior, from what the agent has seen; often empty, always in eval' }),
    scorable: z.boolean().meta({ description: 'False: the infrastructure failed, not the agent; leave the episode out of training' }),
    message: z
      .string()
      .meta({ description: 'What the gym has to say apart from the command: settling, why an episode is unscorable; often empty' }),
    outcome: z
      .string()
      .nullable()
      .meta({ description: 'Resolved, StepsExhausted, GaveUp, TimedOut, Abandoned or InfrastructureFailed once done; null before' }),
    metadata: z
      .record(z.string(), z.unknown())
      .default({})
      .meta({ description: 'judge: score, phase and feedback for this step, and the source of them, heuristic or llm' }),
  })
  .meta({ title: 'KubeSreGymObservation' });
/** What the agent sees. `reward` and `done` stand beside it in StepResult, never inside. */
export type Observation = z.output<typeof observationSchema>;

export const stepResultSchema = z.strictObject({
  observation: observationSchema,
  reward: z.number().nullable(),
  done: z.boolean(),
});
/** One answer to reset or step. reward null: after a reset, or unscorable (then observation.scorable is false and message says why). */
export type StepResult = z.output<typeof stepResultSchema>;

export const stateSchema = z
  .looseObject({
    episode_id: z.string().max(255).nullable(),
    step_count: z.int().min(0),
    incident_id: z.string().nullable(),
    difficulty: z.number().min(0).max(1).nullable(),
    incident_type: z.string().nullable().meta({ description: 'null until the episode is done' }),
    is_resolved: z.boolean(),
    cumulative_reward: z.number(),
    judge_persona: z.string().nullable(),
    curriculum_stats: z.record(z.string(), z.unknown()),
  })
  .meta({ title: 'KubeSreGymState' });
/** What `state` answers. Until the episode is done no field tells cause, fix or fault type. Extra fields are allowed on the wire. */
export type GymState = z.output<typeof stateSchema>;

/** The state of a session that was never reset. */
export const EMPTY_STATE: GymState = {
  episode_id: null,
  step_count: 0,
  incident_id: null,
  difficulty: null,
  incident_type: null,
  is_resolved: false,
  cumulative_reward: 0,
  judge_persona: null,
  curriculum_stats: {},
};

// Dataset rows arrive whole and fill missing columns with null, so null means absent.
const absent = <T extends z.ZodType>(schema: T) => schema.nullish().transform((v) => v ?? undefined);

export const resetRequestSchema = z.object({
  seed: absent(z.int().min(0)),
  episode_id: absent(z.string().min(1).max(255)),
  fault: absent(z.string().max(253)),
  incident: absent(z.record(z.string(), z.unknown())),
  max_output_chars: absent(z.int().min(200).max(100_000)),
  reward_delivery: absent(z.enum(['telescope', 'last', 'step'])),
  max_steps: absent(z.int().min(1).max(64)),
  curriculum: absent(z.string().min(1).max(253)),
  split: absent(z.string().min(1).max(253)),
  index: absent(z.int().min(0)),
  run: absent(z.string().min(1).max(253)),
  agent: absent(z.union([agentSchema.shape.name.unwrap().transform((name) => ({ name })), agentSchema])),
});

/** How rewards are spread over the steps; see the reward rules of the gym. */
export type RewardDelivery = 'telescope' | 'last' | 'step';

/** What a client may choose at reset; every field optional, unknown ones were dropped. */
export interface ResetOptions {
  /** Same seed, same incident. */
  seed?: number;
  /** `state().episode_id` says this; made up by the session when absent. */
  episodeId?: string;
  /** A fault type; the session refuses unknown ones with VALIDATION_ERROR. */
  fault?: string;
  /** A whole Incident spec, not validated here. */
  incident?: Record<string, unknown>;
  /** Characters of command output per step, 200 to 100,000; default 4,000. */
  maxOutputChars?: number;
  rewardDelivery?: RewardDelivery;
  /** 1 to 64. */
  maxSteps?: number;
  curriculum?: string;
  split?: string;
  run?: string;
  /** Who plays, for the records; a name alone will do on the wire. */
  agent?: EpisodeSpec['agent'];
}

/**
 * Reads the reset arguments of the wire (snake_case, null = absent, unknown keys ignored).
 * @throws z.ZodError when a known field has a wrong value
 */
export function parseResetOptions(data: unknown): ResetOptions {
  const wire = resetRequestSchema.parse(data);
  const all = {
    // Task i of a split is the incident of seed i.
    seed: wire.seed ?? wire.index,
    episodeId: wire.episode_id,
    fault: wire.fault,
    incident: wire.incident,
    maxOutputChars: wire.max_output_chars,
    rewardDelivery: wire.reward_delivery,
    maxSteps: wire.max_steps,
    curriculum: wire.curriculum,
    split: wire.split,
    run: wire.run,
    agent: wire.agent,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/**
 * One agent's seat in the gym; plays one episode after another. The caller never runs two of reset and step at once, but calls
 * state() at any time and close() also in the middle of a step.
 */
export interface GymSession {
  /** Starts a new episode, detaching the old one. Must settle within 50 s. @throws GatewayError */
  reset(options: ResetOptions): Promise<StepResult>;
  /** Runs one action. Must settle within 50 s. Without a running episode it throws EXECUTION_ERROR, never starts one. @throws GatewayError */
  step(action: Action): Promise<StepResult>;
  /** Answers at once and also before any reset (EMPTY_STATE). */
  state(): GymState;
  /** The client is gone or replaced, or the gateway stops: abandon what runs, free everything. Called once. */
  close(reason: string): Promise<void>;
}

/** Reason of close() when the gateway itself ends: then it is not the agent that left. */
export const GATEWAY_STOPS = 'the gateway stops';

/** Makes sessions. A throw becomes FACTORY_ERROR and frees the slot. */
export interface SessionFactory {
  create(sessionId: string): Promise<GymSession>;
}
