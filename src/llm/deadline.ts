import type { Clock } from '../kube/clock.ts';
import { LlmError } from './llm.ts';

/** What work within a deadline gets: a signal that aborts at its end, and the time until then. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  leftMs(): number;
}

/**
 * Runs `work` for at most `timeoutMs`: then its signal aborts, and the promise rejects at once, whether or not the work heeds the signal.
 * @throws LlmError timeout, or what the work threw
 */
export async function withinDeadline<T>(
  { timeoutMs, signal: outer }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  clock: Clock,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const end = clock.now().getTime() + timeoutMs;
  const late = new AbortController();
  const signal = outer ? AbortSignal.any([late.signal, outer]) : late.signal;
  const cut = Promise.withResolvers<never>();
  const onAbort = () =>
    cut.reject(new LlmError('timeout', outer?.aborted ? 'The call was called off' : `No answer within ${timeoutMs} ms`));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const cancel = clock.setTimeout(() => late.abort(), timeoutMs);
  try {
    return await Promise.race([cut.promise, work({ signal, clock, leftMs: () => Math.max(0, end - clock.now().getTime()) })]);
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
