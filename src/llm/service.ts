import { z } from 'zod';
import type { Clock } from '../kube/clock.ts';
import { type Deadline, withinDeadline } from './deadline.ts';
import { toLlmError } from './errors.ts';
import { type Llm, type LlmAnswer, type LlmBackend, LlmError, type LlmRequest, type LlmTokens } from './llm.ts';
import { usdOf } from './models.ts';

/** Where and as whom a service is asked. */
export interface ServiceOptions {
  readonly model: string;
  readonly apiKey: string;
  /** Another address than the service's own. */
  readonly baseUrl?: string;
  readonly clock: Clock;
}

/** One answer of a service, in no service's words. */
export interface Said {
  readonly text: string;
  readonly tokens: LlmTokens;
  readonly refused: boolean;
  /** The answer ran into `maxTokens`. */
  readonly cut: boolean;
}

/** A number of tokens that a service may leave out. */
export const tokenCount = z
  .number()
  .nullish()
  .transform((n) => n ?? 0);

/**
 * The Llm whose service `ask` speaks with: the deadline, the errors and the check of the answer are the same for all. What `ask` throws
 * before it has a promise is a mistake of ours, such as a schema that the service cannot express, and comes out as it is.
 */
export function llmOf(
  { backend, model, clock }: { readonly backend: LlmBackend; readonly model: string; readonly clock: Clock },
  ask: (request: LlmRequest<unknown>, deadline: Deadline) => Promise<unknown>,
  envelope: z.ZodType<Said>,
): Llm {
  return {
    backend,
    model,
    complete<T>(request: LlmRequest<T>): Promise<LlmAnswer<T>> {
      const started = clock.now().getTime();
      return withinDeadline(request, clock, async (deadline) => {
        const body = await ask(request, deadline).catch((error) => Promise.reject(toLlmError(error)));
        const { text, tokens, refused, cut } = readEnvelope(envelope, body);
        if (refused) throw new LlmError('refusal', 'The model refuses to answer', { tokens });
        if (cut) throw new LlmError('invalid_answer', `The answer was cut at ${request.maxTokens} tokens`, { tokens });
        const value = readAnswer(request.schema, text, tokens);
        return { value, usage: { tokens, milliseconds: clock.now().getTime() - started, usd: usdOf(model, tokens) } };
      });
    },
  };
}

function readEnvelope(schema: z.ZodType<Said>, body: unknown): Said {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  throw new LlmError('invalid_answer', 'The service answered something that its interface does not know', { cause: read.error });
}

function readAnswer<T>(schema: z.ZodType<T>, text: string, tokens: LlmTokens): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new LlmError('invalid_answer', 'The model answered something that is no JSON', { cause, tokens });
  }
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const [{ path, message }] = read.error.issues;
  const where = path.join('.') || 'the answer';
  throw new LlmError('invalid_answer', `The model's JSON is not what was asked for: ${where}: ${message}`, { cause: read.error, tokens });
}
