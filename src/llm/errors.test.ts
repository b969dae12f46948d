import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import { FakeClock } from '../kube/fake-clock.ts';
import { retryAfterMs } from './bounded-fetch.ts';
import { toLlmError } from './errors.ts';
import { LlmError, type LlmErrorCode } from './llm.ts';

describe('toLlmError', () => {
  const late = new LlmError('too_large', 'x');
  const CASES: Record<string, { error: unknown; code: LlmErrorCode }> = {
    'Anthropic: no connection': { error: new Anthropic.APIConnectionError({ message: 'ECONNREFUSED' }), code: 'network' },
    'OpenAI: no connection': { error: new OpenAI.APIConnectionError({ message: 'ECONNREFUSED' }), code: 'network' },
    'a body that breaks off': { error: new TypeError('terminated'), code: 'network' },
    'Anthropic: 403': { error: Anthropic.APIError.generate(403, {}, 'no', new Headers()), code: 'auth' },
    'Anthropic: 529': { error: Anthropic.APIError.generate(529, {}, 'full', new Headers()), code: 'overloaded' },
    'OpenAI: 429': { error: OpenAI.APIError.generate(429, {}, 'slow', new Headers()), code: 'rate_limited' },
    'OpenAI: 400': { error: OpenAI.APIError.generate(400, {}, 'what', new Headers()), code: 'rejected' },
    'our own, whatever was put around it': { error: new Error('outer', { cause: new Error('inner', { cause: late }) }), code: 'too_large' },
    'a thrown string': { error: 'oops', code: 'network' },
  };
  test.each(Object.entries(CASES))('%s', (_name, { error, code }) => {
    expect(toLlmError(error).code).toBe(code);
  });
});

describe('retryAfterMs', () => {
  const now = new FakeClock().now();
  const CASES: Record<string, { headers: Record<string, string>; want: number }> = {
    'no header': { headers: {}, want: 0 },
    seconds: { headers: { 'retry-after': '7' }, want: 7000 },
    'milliseconds win': { headers: { 'retry-after': '7', 'retry-after-ms': '250' }, want: 250 },
    'a date': { headers: { 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }, want: 60_000 },
    'a date that has passed': { headers: { 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT' }, want: 0 },
    nonsense: { headers: { 'retry-after': 'soon' }, want: 0 },
  };
  test.each(Object.entries(CASES))('%s', (_name, { headers, want }) => {
    expect(retryAfterMs(new Headers(headers), now)).toBe(want);
  });
});
