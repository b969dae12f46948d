import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { FakeLlm, type LlmReply } from '../../test/support/fake-llm.ts';
import { FakeClock } from '../kube/fake-clock.ts';
import { silentLogger } from '../kube/logger.ts';
import { BREAKER_FAILURES, BREAKER_OPEN_MS } from './breaker.ts';
import { fromEnvironment } from './environment.ts';
import { DEFAULT_MODELS, factsOf, usdOf } from './models.ts';
import { openLlm } from './open.ts';
import { USELESS_ANSWERS } from './useless-answers.ts';

type Environment = Record<string, string>;

describe('fromEnvironment', () => {
  const GOOD: Record<string, { env: Environment; want: ReturnType<typeof fromEnvironment> }> = {
    'no backend, no LLM': { env: { ANTHROPIC_API_KEY: 'k' }, want: undefined },
    'an empty backend, no LLM': { env: { LLM_BACKEND: ' ' }, want: undefined },
    'anthropic by its key alone': {
      env: { LLM_BACKEND: 'anthropic', ANTHROPIC_API_KEY: 'k' },
      want: { backend: 'anthropic', model: DEFAULT_MODELS.anthropic, apiKey: 'k' },
    },
    'openai with a model': {
      env: { LLM_BACKEND: 'openai', OPENAI_API_KEY: 'k\n', LLM_MODEL: 'gpt-6-sol' },
      want: { backend: 'openai', model: 'gpt-6-sol', apiKey: 'k' },
    },
    'hf goes to its router': {
      env: { LLM_BACKEND: 'hf', HF_TOKEN: 'k', LLM_MODEL: 'Qwen/Qwen3-14B' },
      want: { backend: 'hf', model: 'Qwen/Qwen3-14B', apiKey: 'k', baseUrl: 'https://router.huggingface.co/v1' },
    },
    "a server of one's own needs no key": {
      env: { LLM_BACKEND: 'hf', LLM_BASE_URL: 'http://vllm:8000/v1', LLM_MODEL: 'm' },
      want: { backend: 'hf', model: 'm', apiKey: 'none', baseUrl: 'http://vllm:8000/v1' },
    },
  };
  test.each(Object.entries(GOOD))('%s', (_name, { env, want }) => expect(fromEnvironment(env)).toEqual(want));

  const BAD: Record<string, { env: Environment; says: string }> = {
    'an unknown backend': { env: { LLM_BACKEND: 'claude' }, says: 'LLM_BACKEND is "claude"; it must be one of anthropic, openai, hf' },
    'no key': { env: { LLM_BACKEND: 'anthropic', OPENAI_API_KEY: 'k' }, says: 'ANTHROPIC_API_KEY is not set' },
    'no key for the router': { env: { LLM_BACKEND: 'hf', LLM_MODEL: 'm' }, says: 'HF_TOKEN is not set' },
    'no model for hf': { env: { LLM_BACKEND: 'hf', HF_TOKEN: 'k' }, says: 'LLM_MODEL is not set' },
    'a URL that is none': { env: { LLM_BACKEND: 'openai', OPENAI_API_KEY: 'k', LLM_BASE_URL: 'llm:80' }, says: 'LLM_BASE_URL is "llm:80"' },
  };
  test.each(Object.entries(BAD))('%s is told in a sentence', (_name, { env, says }) => expect(() => fromEnvironment(env)).toThrow(says));
});

describe('models', () => {
  test('the defaults have a price', () => {
    for (const model of Object.values(DEFAULT_MODELS)) expect(factsOf(model).price).toBeDefined();
  });
  test('a date in the name changes nothing', () => {
    expect(factsOf('claude-haiku-4-5-20251001')).toBe(factsOf('claude-haiku-4-5'));
    expect(factsOf('gpt-6-sol-2026-09-22')).toBe(factsOf('gpt-6-sol'));
    expect(factsOf('gpt-6-sol-fast')).toEqual({});
  });
  test('a million tokens of each kind cost what the table says', () => {
    const none = { input: 0, output: 0, cached: 0, cacheWritten: 0 };
    expect(usdOf('claude-haiku-4-5', { ...none, input: 1e6 })).toBe(1);
    expect(usdOf('claude-haiku-4-5', { ...none, input: 1e6, cached: 1e6 })).toBe(0.1);
    expect(usdOf('claude-haiku-4-5', { ...none, input: 1e6, cacheWritten: 1e6 })).toBe(1.25);
    expect(usdOf('claude-haiku-4-5', { ...none, output: 1e6 })).toBe(5);
    expect(usdOf('unheard-of', none)).toBeUndefined();
  });
});

describe('openLlm', () => {
  const open = (env: Environment, more = {}) =>
    openLlm({ env, registry: new Registry(), clock: new FakeClock(), log: silentLogger, ...more });

  test('no backend: no LLM, and the condition says so', async () => {
    const { llm, state } = await open({});
    expect([llm, state()]).toEqual([undefined, expect.objectContaining({ status: 'False', reason: 'NotConfigured' })]);
  });
  test('a key that is missing is no crash: no LLM, and the condition says what to do', async () => {
    const { llm, state } = await open({ LLM_BACKEND: 'anthropic' });
    expect(llm).toBeUndefined();
    expect(state()).toMatchObject({ status: 'False', reason: 'NotConfigured', message: expect.stringContaining('ANTHROPIC_API_KEY') });
  });
  test('configured', async () => {
    const { llm, state } = await open({ LLM_BACKEND: 'openai', OPENAI_API_KEY: 'secret-key' });
    expect([llm?.backend, llm?.model]).toEqual(['openai', 'gpt-6-luna']);
    expect(state()).toEqual({ status: 'True', reason: 'Configured', message: 'gpt-6-luna (openai) is asked' });
    expect(JSON.stringify(llm)).not.toContain('secret-key');
  });

  describe('what it says follows what happens', () => {
    const GOOD = '{"yes": true}';
    let fake: FakeLlm;
    beforeEach(() => {
      fake = new FakeLlm('openai');
    });
    afterEach(() => fake.stop());

    async function opened(limits: object = {}) {
      const clock = new FakeClock();
      const env = { LLM_BACKEND: 'hf', LLM_BASE_URL: await fake.start(), LLM_MODEL: 'm' };
      const { llm, state, isAsked } = await open(env, { limits: () => limits, clock });
      const request = { system: '', user: '', schema: z.object({ yes: z.boolean() }), maxTokens: 9, timeoutMs: 1000 };
      const ask = async (times = 1): Promise<string> => {
        let code = 'ok';
        for (let i = 0; i < times; i++)
          code =
            (await llm?.complete(request).then(
              () => 'ok',
              (error) => error.code,
            )) ?? 'none';
        return code;
      };
      return { clock, ask, says: () => [state().status, state().reason, isAsked()], message: () => state().message };
    }

    test('the budget is spent, and not any longer', async () => {
      fake.replies = [{ says: GOOD }];
      const limits = { tokens: 1 as number | undefined };
      const { ask, says } = await opened(limits);
      await ask();
      expect([await ask(), ...says()]).toEqual(['budget', 'False', 'BudgetSpent', false]);
      limits.tokens = undefined;
      expect(says()).toEqual(['True', 'Configured', true]);
    });

    test('the circuit opens, and stays so in what it says until a call gets an answer', async () => {
      fake.replies = [{ status: 401 }];
      const { clock, ask, says, message } = await opened();
      expect(await ask(BREAKER_FAILURES)).toBe('auth');
      expect([await ask(), ...says(), fake.calls.length]).toEqual(['circuit_open', 'False', 'CircuitOpen', false, BREAKER_FAILURES]);
      expect(message()).toContain('m (hf) failed 5 times in a row or more. One call in 30 s tries it');
      await clock.advance(BREAKER_OPEN_MS);
      expect(says()).toEqual(['False', 'CircuitOpen', true]);
      expect([await ask(), ...says()]).toEqual(['auth', 'False', 'CircuitOpen', false]);
      await clock.advance(BREAKER_OPEN_MS);
      fake.replies = [{ says: GOOD }];
      expect([await ask(), ...says()]).toEqual(['ok', 'True', 'Configured', true]);
    });

    test.each<[string, LlmReply]>([
      ['nonsense', { says: 'Well, it depends' }],
      ['another schema', { says: '{"yes": "maybe"}' }],
      ['a refusal', 'refusal'],
    ])('every answer is %s: it says that there is none, and is asked still', async (_, useless) => {
      fake.replies = [useless];
      const { ask, says, message } = await opened();
      await ask(USELESS_ANSWERS - 1);
      expect(says()).toEqual(['True', 'Configured', true]);
      await ask();
      expect(says()).toEqual(['False', 'AnswersUseless', true]);
      expect(message()).toMatch(/^At least the last 10 answers of m \(hf\) were .*; rules and procedures take the place of such answers$/);
      fake.replies = [{ says: GOOD }];
      expect([await ask(), ...says()]).toEqual(['ok', 'True', 'Configured', true]);
    });
  });
});
