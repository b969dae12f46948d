import type { Deadline } from './deadline.ts';
import { LlmError } from './llm.ts';

/** More than any answer the gym asks for: 8,000 tokens are some 32 KB, a service's envelope and escapes come on top. */
export const MAX_ANSWER_BYTES = 256 * 1024;

/**
 * fetch for the SDKs, which bound neither the size of an answer nor a wait that the service asks for: a body longer than `maxBytes` breaks
 * off with LlmError too_large and is not read on, and a `retry-after` beyond the deadline tells the SDK not to retry.
 */
export function boundedFetch({ leftMs, clock }: Deadline, maxBytes = MAX_ANSWER_BYTES): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const headers = new Headers(response.headers);
    // fetch has taken the encoding off the body already.
    headers.delete('content-encoding');
    headers.delete('content-length');
    if (!response.ok && retryAfterMs(headers, clock.now()) >= leftMs()) headers.set('x-should-retry', 'false');
    const { status, statusText } = response;
    return new Response(response.body && bounded(response.body, maxBytes), { status, statusText, headers });
  };
}

/** The wait that a service asks for, in milliseconds; 0 when it asks for none. */
export function retryAfterMs(headers: Headers, now: Date): number {
  const precise = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (precise > 0) return precise;
  const value = headers.get('retry-after') ?? '';
  const ms = /^\s*[\d.]+\s*$/.test(value) ? Number.parseFloat(value) * 1000 : Date.parse(value) - now.getTime();
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

function bounded(body: ReadableStream<Uint8Array>, maxBytes: number): ReadableStream<Uint8Array> {
  let size = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size <= maxBytes) controller.enqueue(chunk);
      else controller.error(new LlmError('too_large', `The service answered more than ${maxBytes} bytes`));
    },
  });
  return body.pipeThrough(counter);
}
