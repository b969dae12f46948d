import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { FAKE_TOKENS, FakeLlm, type LlmReply } from '../../test/support/fake-llm.ts';
import { systemClock } from '../kube/clock.ts';
import { anthropicLlm } from './anthropic.ts';
import { MAX_ANSWER_BYTES } from './bounded-fetch.ts';
import { type Llm, LlmError, type LlmErrorCode } from './llm.ts';
import { openaiLlm } from './openai.ts';

const schema = z.object({ score: z.number(), why: z.string().nullable() });
const good = { says: '{"score": 0.5, "why": null}' };
const SOON = { 'retry-after-ms': '3' };

const WIRES = {
  anthropic: (baseUrl: string): Llm => anthropicLlm({ model: 'claude-haiku-5-5', apiKey: 'key-1', baseUrl, clock: systemClock }),
  openai: (baseUrl: string): Llm => openaiLlm({ backend: 'openai', model: 'gpt-6-luna', apiKey: 'key-1', baseUrl, clock: systemClock }),
} as const;

describe.each(['anthropic', 'openai'] as const)('%s', (wire) => {
  let fake: FakeLlm;
  let llm: Llm;
  beforeEach(async () => {
    fake = new FakeLlm(wire);
    llm = WIRES[wire](await fake.start());
  });
  afterEach(() => fake.stop());

  const ask = (timeoutMs = 2000, signal?: AbortSignal) =>
    llm.complete({ system: 'You judge.', user: 'Judge this.', schema, maxTokens: 300, timeoutMs, signal });
  const failure = async (replies: LlmReply[], timeoutMs?: number): Promise<LlmError> => {
    fake.replies = replies;
    const outcome = await ask(timeoutMs).catch((error: unknown) => error);
    return outcome as LlmError;
  };

  test('gives the value, the tokens and the price', async () => {
    fake.replies = [good];
    const { value, usage } = await ask();
    expect(value).toEqual({ score: 0.5, why: null });
    expect(usage.tokens).toEqual(FAKE_TOKENS);
    // (300 x 0.1 + 600 x 0.01 + 100 x 0.125 + 50 x 0.5) / 1e6
    expect(usage.usd).toBeCloseTo(73.5e-6, 12);
  });

  const CODES: Record<string, { replies: LlmReply[]; code: LlmErrorCode; calls: number; timeoutMs?: number }> = {
    '429 to the end': { replies: [{ status: 429, headers: SOON }], code: 'rate_limited', calls: 3 },
    '529 to the end': { replies: [{ status: 529, headers: SOON }], code: 'overloaded', calls: 3 },
    '500 to the end': { replies: [{ status: 500, headers: SOON }], code: 'overloaded', calls: 3 },
    '401': { replies: [{ status: 401 }], code: 'auth', calls: 1 },
    '404, a wrong model name': { replies: [{ status: 404 }], code: 'rejected', calls: 1 },
    'a wait longer than the deadline': { replies: [{ status: 429, headers: { 'retry-after': '30' } }], code: 'rate_limited', calls: 1 },
    'a hang': { replies: ['hang'], code: 'timeout', calls: 1, timeoutMs: 60 },
    'a hang in the middle of the body': { replies: ['hang half-way'], code: 'timeout', calls: 1, timeoutMs: 60 },
    'a cut in the middle of the body': { replies: ['break'], code: 'network', calls: 1 },
    'a body that is no JSON': { replies: [{ body: '{"content": [nonsense' }], code: 'invalid_answer', calls: 1 },
    'a web page': { replies: [{ body: '<html>hello</html>', type: 'text/html' }], code: 'invalid_answer', calls: 1 },
    'JSON of something else': { replies: [{ body: '{"hello": "world"}' }], code: 'invalid_answer', calls: 1 },
    'no body': { replies: [{ body: '' }], code: 'invalid_answer', calls: 1 },
    'an answer that is no JSON': { replies: [{ says: 'I would give 0.5.' }], code: 'invalid_answer', calls: 1 },
    'an answer in a code fence': { replies: [{ says: '```json\n{"score": 1, "why": null}\n```' }], code: 'invalid_answer', calls: 1 },
    'an answer of the wrong schema': { replies: [{ says: '{"score": "high", "why": null}' }], code: 'invalid_answer', calls: 1 },
    'an answer cut at the token limit': { replies: [{ cutShort: '{"score": 1, "why": null}' }], code: 'invalid_answer', calls: 1 },
    'a refusal': { replies: ['refusal'], code: 'refusal', calls: 1 },
    'two megabytes': { replies: [{ bytes: 2e6 }], code: 'too_large', calls: 1 },
  };
  test.each(Object.entries(CODES))('%s', async (_name, { replies, code, calls, timeoutMs }) => {
    const error = await failure(replies, timeoutMs);
    expect(error).toBeInstanceOf(LlmError);
    expect([error.code, fake.calls.length]).toEqual([code, calls]);
  });

  test('an answer too large is not read to its end', async () => {
    await failure([{ bytes: 50 * MAX_ANSWER_BYTES }]);
    expect(fake.takenWhole).toBe(false);
  });
  test('what a useless answer cost is told', async () => {
    expect((await failure([{ says: 'nonsense' }])).tokens).toEqual(FAKE_TOKENS);
  });
  test('tries again after the wait that the service asked for', async () => {
    fake.replies = [{ status: 429, headers: SOON }, { status: 529, headers: SOON }, good];
    expect((await ask()).value.score).toBe(0.5);
    expect(fake.calls).toHaveLength(3);
  });
  test('retries end with the deadline', async () => {
    const started = performance.now();
    const error = await failure([{ status: 429, headers: { 'retry-after-ms': '40' } }], 60);
    expect(['timeout', 'rate_limited']).toContain(error.code);
    expect(performance.now() - started).toBeLessThan(400);
    expect(fake.calls.length).toBeLessThanOrEqual(2);
  });
  test('a call that was called off ends at once', async () => {
    fake.replies = ['hang'];
    const off = new AbortController();
    const asked = ask(60_000, off.signal);
    off.abort();
    await expect(asked).rejects.toMatchObject({ code: 'timeout' });
  });
  test('the key travels in a header, and is in no error', async () => {
    const error = await failure([{ status: 401 }]);
    expect(JSON.stringify(fake.calls[0].headers)).toContain('key-1');
    expect(`${error.message} ${error.stack}`).not.toContain('key-1');
  });
});

test("a schema that a service cannot express is our mistake, and not the network's", async () => {
  const asked = WIRES.openai('http://127.0.0.1:1').complete({ system: '', user: '', schema: z.string(), maxTokens: 1, timeoutMs: 100 });
  expect(await asked.catch((error) => error)).not.toBeInstanceOf(LlmError);
});

describe('what is asked', () => {
  const sent = async (wire: 'anthropic' | 'openai', make: (baseUrl: string) => Llm) => {
    const fake = new FakeLlm(wire);
    fake.replies = [good];
    const llm = make(await fake.start());
    await llm.complete({ system: 'You judge.', user: 'Judge this.', schema, maxTokens: 300, timeoutMs: 2000 });
    await fake.stop();
    return fake.calls[0];
  };
  const claude = (model: string) => (baseUrl: string) => anthropicLlm({ model, apiKey: 'k', baseUrl, clock: systemClock });

  test('Claude: the system part is marked for the cache, the schema bound, thinking off', async () => {
    const { path, body } = await sent('anthropic', claude('claude-haiku-5-5'));
    expect(path).toBe('/v1/messages');
    expect(body).toMatchObject({
      model: 'claude-haiku-5-5',
      max_tokens: 300,
      system: [{ type: 'text', text: 'You judge.', cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: 'Judge this.' }],
      thinking: { type: 'disabled' },
      output_config: { format: { type: 'json_schema', schema: { required: ['score', 'why'], additionalProperties: false } } },
    });
    expect(body).not.toHaveProperty('temperature');
  });
  test('an older Claude gets temperature 0, one that nobody knows gets neither', async () => {
    expect((await sent('anthropic', claude('claude-haiku-4-5-20251001'))).body).toMatchObject({ temperature: 0 });
    const { body } = await sent('anthropic', claude('claude-next'));
    expect([body.temperature, body.thinking]).toEqual([undefined, undefined]);
  });
  test('OpenAI: strict schema, temperature 0, no reasoning first', async () => {
    const { path, body } = await sent('openai', WIRES.openai);
    expect(path).toBe('/v1/chat/completions');
    expect(body).toMatchObject({
      max_completion_tokens: 300,
      temperature: 0,
      reasoning_effort: 'none',
      messages: [
        { role: 'system', content: 'You judge.' },
        { role: 'user', content: 'Judge this.' },
      ],
      response_format: { type: 'json_schema', json_schema: { strict: true, schema: { required: ['score', 'why'] } } },
    });
  });
  test('another server gets the older name of the limit, and its price is not known', async () => {
    const fake = new FakeLlm('openai');
    fake.replies = [good];
    const llm = openaiLlm({ backend: 'hf', model: 'Qwen/Qwen3-14B', apiKey: 'k', baseUrl: await fake.start(), clock: systemClock });
    const { usage } = await llm.complete({ system: 's', user: 'u', schema, maxTokens: 300, timeoutMs: 2000 });
    await fake.stop();
    expect(fake.calls[0].body).toMatchObject({ max_tokens: 300, temperature: 0 });
    expect(fake.calls[0].body).not.toHaveProperty('max_completion_tokens');
    expect(usage.usd).toBeUndefined();
  });
});
