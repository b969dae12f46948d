// What goes over the wire, whichever channel carries it: results, errors and the published schemas.
import type { FastifyBaseLogger } from 'fastify';
import { z } from 'zod';
import {
  actionSchema,
  GatewayError,
  type GatewayErrorCode,
  observationSchema,
  resetRequestSchema,
  type StepResult,
  stateSchema,
  stepResultSchema,
} from '../session-api.ts';

/** The oldest client closes its socket on a frame of 1 MiB or more. */
export const MAX_FRAME_BYTES = 1_048_576 - 1;

/** One entry of a validation error, in the shape Python clients know from pydantic. */
export interface ValidationIssue {
  type: string;
  loc: (string | number)[];
  msg: string;
}

export interface WireError {
  code: GatewayErrorCode;
  message: string;
  details: Record<string, unknown>;
}

/** zod's issues as pydantic lists them; `at` is put before each location. */
export function validationIssues(error: z.ZodError, at: readonly string[] = []): ValidationIssue[] {
  return error.issues.map((issue) => ({
    type: issue.code,
    loc: [...at, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))],
    msg: issue.message,
  }));
}

/**
 * What a client may read of any thrown value. Messages of GatewayErrors are meant for it; those of others stay in the log, because
 * they may name the incident.
 */
export function toWireError(error: unknown, log: FastifyBaseLogger): WireError {
  if (error instanceof GatewayError) {
    const { code, message } = error;
    // Clients expect the list with this code also where a session refuses what no schema can.
    const errors: ValidationIssue[] = [{ type: 'value_error', loc: [], msg: message }];
    return { code, message, details: code === 'VALIDATION_ERROR' ? { errors, ...error.details } : error.details };
  }
  if (error instanceof z.ZodError) {
    const errors = validationIssues(error);
    const first = errors[0];
    const where = first?.loc.length ? `${first.loc.join('.')}: ` : '';
    return { code: 'VALIDATION_ERROR', message: `Invalid message: ${where}${first?.msg}`, details: { errors } };
  }
  log.error({ err: error }, 'Request failed inside the gateway');
  return { code: 'EXECUTION_ERROR', message: 'The gateway failed to run this request; its log says why', details: {} };
}

/** `data` of an observation frame and body of HTTP reset and step. */
export interface WireResult extends StepResult {
  metadata?: Record<string, unknown>;
}

/**
 * Checks a session's answer against the published schema and lays it out as clients read it: metadata inside the observation and,
 * when there is any, beside it.
 * @throws Error when the session breaks the contract (undeclared field, reward not a number): such an answer must not leave
 */
export function toWireResult(result: StepResult): WireResult {
  const checked = stepResultSchema.safeParse(result);
  if (!checked.success) throw new Error(`The session broke the observation contract: ${z.prettifyError(checked.error)}`);
  const { metadata } = checked.data.observation;
  return Object.keys(metadata).length > 0 ? { ...checked.data, metadata } : checked.data;
}

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output') => z.toJSONSchema(schema, { target: 'draft-2020-12', io });

// The reference's validator puts reward and done back into the observation before it checks it, so the closed schema must know them.
const publishedObservation = z
  .strictObject({
    ...observationSchema.shape,
    reward: z
      .number()
      .nullable()
      .default(null)
      .meta({ description: 'Beside the observation on the wire; null after reset and when unscorable' }),
    done: z.boolean().default(false).meta({ description: 'Beside the observation on the wire' }),
  })
  .meta({ title: 'KubeSreGymObservation' });

/** The body of `GET /schema`. Observations of reset and step have one shape, so there is no reset_observation. */
export const publishedSchemas = {
  action: jsonSchema(actionSchema, 'input'),
  observation: jsonSchema(publishedObservation, 'input'),
  state: jsonSchema(stateSchema, 'output'),
};

/** What the tool `run` returns as structured content. */
export const resultJsonSchema = jsonSchema(stepResultSchema, 'output');

/** The body of `POST /reset`, for the OpenAPI document. */
export const resetJsonSchema = jsonSchema(resetRequestSchema, 'input');
