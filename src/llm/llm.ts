import type { z } from 'zod';

/** Services that the gym can ask: LLM_BACKEND. `hf` is any URL that speaks OpenAI's chat completions. */
export const LLM_BACKENDS = ['anthropic', 'openai', 'hf'] as const;
export type LlmBackend = (typeof LLM_BACKENDS)[number];

export interface LlmRequest<T> {
  /** What the model is told: constant text of ours, the part that services cache. */
  readonly system: string;
  readonly user: string;
  /** What the answer must be; nothing else gets through. */
  readonly schema: z.ZodType<T>;
  /** Most tokens of the answer. */
  readonly maxTokens: number;
  /** Milliseconds for everything, retries and their waits included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Tokens of one call as the service counted them; zero where it does not say. */
export interface LlmTokens {
  /** Of the whole prompt, those from a cache included. */
  readonly input: number;
  readonly output: number;
  /** Of the prompt, read from the service's cache. */
  readonly cached: number;
  /** Of the prompt, written to the service's cache. */
  readonly cacheWritten: number;
}

export interface LlmUsage {
  readonly tokens: LlmTokens;
  /** How long the caller waited. */
  readonly milliseconds: number;
  /** Undefined when the price of the model is not known. */
  readonly usd?: number;
}

export interface LlmAnswer<T> {
  readonly value: T;
  readonly usage: LlmUsage;
}

/** One model of one service. Answers are data: whoever asks checks what they mean. */
export interface Llm {
  readonly backend: LlmBackend;
  readonly model: string;
  /** @throws LlmError within the time given */
  complete<T>(request: LlmRequest<T>): Promise<LlmAnswer<T>>;
}

/**
 * timeout: no answer in time. rate_limited, overloaded: the service said so (429; 5xx, 529). network: no connection, or it broke.
 * auth: the key is refused. rejected: the service refuses the request (a wrong model name, a parameter). refusal: the model will not answer.
 * invalid_answer: not the JSON that was asked for. too_large: more than an answer can be. budget, circuit_open: not asked at all.
 */
export const LLM_ERROR_CODES = [
  'timeout',
  'rate_limited',
  'overloaded',
  'network',
  'auth',
  'rejected',
  'refusal',
  'invalid_answer',
  'too_large',
  'budget',
  'circuit_open',
] as const;
export type LlmErrorCode = (typeof LLM_ERROR_CODES)[number];

export class LlmError extends Error {
  readonly code: LlmErrorCode;
  /** What the failed call cost, where the service said so. */
  readonly tokens?: LlmTokens;
  /** The same with time and price, once `guarded` has counted it; absent where nobody was asked. */
  readonly usage?: LlmUsage;

  constructor(code: LlmErrorCode, message: string, more: { cause?: unknown; tokens?: LlmTokens; usage?: LlmUsage } = {}) {
    super(message, { cause: more.cause });
    this.name = 'LlmError';
    this.code = code;
    if (more.tokens) this.tokens = more.tokens;
    if (more.usage) this.usage = more.usage;
  }
}
