import { LlmError } from './llm.ts';

/**
 * What a failed call of an SDK means. Both SDKs throw errors with `status` for an answer of the service and without it for a broken
 * connection, and let through what broke while they read the body.
 */
export function toLlmError(error: unknown): LlmError {
  const own = causes(error).find((e) => e instanceof LlmError);
  if (own) return own;
  const message = error instanceof Error ? error.message.slice(0, 300) : String(error);
  const status = (error as { status?: unknown }).status;
  if (typeof status === 'number') return new LlmError(codeOf(status), `The service answered ${message}`, { cause: error });
  if ((error as { name?: unknown }).name === 'SyntaxError')
    return new LlmError('invalid_answer', 'The service answered something that is no JSON', { cause: error });
  return new LlmError('network', `The connection to the service failed: ${message}`, { cause: error });
}

function codeOf(status: number) {
  if (status === 401 || status === 403) return 'auth';
  if (status === 429) return 'rate_limited';
  return status === 408 || status >= 500 ? 'overloaded' : 'rejected';
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let e = error; e instanceof Error && !chain.includes(e); e = e.cause) chain.push(e);
  return chain;
}
