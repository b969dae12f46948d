import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { FakeClock } from '../kube/fake-clock.ts';
import { BREAKER_FAILURES, BREAKER_OPEN_MS, CircuitBreaker } from './breaker.ts';
import { HourlyBudget, type HourlyLimits } from './budget.ts';
import { withinDeadline } from './deadline.ts';
import { guarded } from './guard.ts';
import { LLM_ERROR_CODES, type Llm, LlmError, type LlmErrorCode } from './llm.ts';
import { LlmMetrics } from './metrics.ts';
import { USELESS_ANSWERS, UselessAnswers } from './useless-answers.ts';

const tokens = { input: 100, output: 20, cached: 60, cacheWritten: 0 };
const request = { system: 's'.repeat(40), user: 'u'.repeat(40), schema: z.string(), maxTokens: 300, timeoutMs: 1000 };

/** An LLM that answers or fails as told, behind all guards. */
function setUp({ limits = {}, model = 'claude-haiku-4-5' }: { limits?: HourlyLimits; model?: string } = {}) {
  const clock = new FakeClock();
  const registry = new Registry();
  const breaker = new CircuitBreaker(clock);
  const uselessAnswers = new UselessAnswers();
  const budget = new HourlyBudget(clock, () => limits);
  const metrics = new LlmMetrics(registry, 'anthropic', () => breaker.state === 'open');
  const said: { next: 'ok' | LlmErrorCode | Error; calls: number } = { next: 'ok', calls: 0 };
  const inner: Llm = {
    backend: 'anthropic',
    model,
    async complete() {
      said.calls++;
      await clock.advance(250);
      if (said.next instanceof Error) throw said.next;
      if (said.next !== 'ok') throw new LlmError(said.next, 'as told', said.next === 'invalid_answer' ? { tokens } : {});
      return { value: 'yes' as never, usage: { tokens, milliseconds: 250, usd: 0.0002 } };
    },
  };
  const llm = guarded(inner, { breaker, uselessAnswers, budget, metrics, clock });
  const ask = async (next: typeof said.next = 'ok'): Promise<string> => {
    said.next = next;
    return llm.complete(request).then(
      () => 'ok',
      (error) => error.code ?? error.message,
    );
  };
  const value = async (name: string, labels: Record<string, string> = {}) => {
    const metric = await registry.getSingleMetric(name)?.get();
    return metric?.values.find((v) => Object.entries(labels).every(([k, l]) => String((v.labels as Record<string, unknown>)[k]) === l))
      ?.value;
  };
  return { clock, breaker, uselessAnswers, said, ask, value };
}

describe('circuit', () => {
  const fail = async (gym: ReturnType<typeof setUp>, code: LlmErrorCode, times: number) => {
    for (let i = 0; i < times; i++) await gym.ask(code);
  };

  const OPENING: LlmErrorCode[] = ['timeout', 'rate_limited', 'overloaded', 'network', 'auth', 'rejected'];
  const INNOCENT: LlmErrorCode[] = ['refusal', 'invalid_answer', 'too_large'];
  test.each(OPENING)('%s opens it, and then nobody asks', async (code) => {
    const gym = setUp();
    await fail(gym, code, BREAKER_FAILURES);
    expect(await gym.ask()).toBe('circuit_open');
    expect(gym.said.calls).toBe(BREAKER_FAILURES);
    expect(await gym.value('gym_llm_circuit_open')).toBe(1);
  });
  test.each(INNOCENT)('%s never opens it: an agent can provoke it', async (code) => {
    const gym = setUp();
    await fail(gym, code, BREAKER_FAILURES * 3);
    expect(await gym.ask()).toBe('ok');
  });
  test('every code is one or the other, or means that nobody was asked', () => {
    expect([...OPENING, ...INNOCENT, 'budget', 'circuit_open'].sort()).toEqual([...LLM_ERROR_CODES].sort());
  });
  test('a success in between starts the count anew', async () => {
    const gym = setUp();
    await fail(gym, 'timeout', BREAKER_FAILURES - 1);
    await gym.ask();
    await fail(gym, 'timeout', BREAKER_FAILURES - 1);
    expect(gym.breaker.state).toBe('closed');
  });
  test('after its time one call tries; success closes it', async () => {
    const gym = setUp();
    await fail(gym, 'timeout', BREAKER_FAILURES);
    await gym.clock.advance(BREAKER_OPEN_MS - 1);
    expect(gym.breaker.state).toBe('open');
    await gym.clock.advance(1);
    const both = await Promise.all([gym.ask(), gym.ask()]);
    expect(both).toEqual(['ok', 'circuit_open']);
    expect(gym.breaker.state).toBe('closed');
  });
  test('a trial that fails opens it for as long again', async () => {
    const gym = setUp();
    await fail(gym, 'timeout', BREAKER_FAILURES);
    await gym.clock.advance(BREAKER_OPEN_MS);
    await gym.ask('timeout');
    await gym.clock.advance(BREAKER_OPEN_MS - 1);
    expect(gym.breaker.state).toBe('open');
    await gym.clock.advance(1);
    expect(gym.breaker.state).toBe('half-open');
  });
  test('an error that nobody foresaw counts as a failure, and comes out as it is', async () => {
    const gym = setUp();
    for (let i = 0; i < BREAKER_FAILURES; i++) expect(await gym.ask(new Error('a bug'))).toBe('a bug');
    expect(gym.breaker.state).toBe('open');
  });
});

describe('useless answers', () => {
  const answer = async (gym: ReturnType<typeof setUp>, codes: readonly LlmErrorCode[], times: number) => {
    for (let i = 0; i < times; i++) await gym.ask(codes[i % codes.length]);
  };

  test('of any kind last from ten in a row, are said in full tens, and turn nobody away', async () => {
    const gym = setUp();
    await answer(gym, ['refusal', 'invalid_answer', 'too_large'], USELESS_ANSWERS - 1);
    expect(gym.uselessAnswers.lasting).toBe(0);
    await gym.ask('refusal');
    expect(gym.uselessAnswers.lasting).toBe(10);
    await answer(gym, ['invalid_answer'], 15);
    expect([gym.uselessAnswers.lasting, gym.said.calls]).toEqual([20, 25]);
  });
  test('are forgotten with one that is of use', async () => {
    const gym = setUp();
    await answer(gym, ['refusal'], USELESS_ANSWERS);
    await gym.ask();
    expect(gym.uselessAnswers.lasting).toBe(0);
    await answer(gym, ['refusal'], USELESS_ANSWERS - 1);
    expect(gym.uselessAnswers.lasting).toBe(0);
  });
  test('are neither more nor fewer when there is none at all', async () => {
    const gym = setUp();
    await answer(gym, ['timeout', 'rate_limited', 'network'], USELESS_ANSWERS);
    expect(gym.uselessAnswers.lasting).toBe(0);
    const nonsense = setUp();
    await answer(nonsense, ['invalid_answer'], USELESS_ANSWERS);
    await nonsense.ask('timeout');
    expect(nonsense.uselessAnswers.lasting).toBe(10);
  });
});

describe('budget', () => {
  const HOUR = 3_600_000;
  test('tokens: asks until they are used, and again when the hour has moved on', async () => {
    const gym = setUp({ limits: { tokens: 240 } });
    expect([await gym.ask(), await gym.ask(), await gym.ask()]).toEqual(['ok', 'ok', 'budget']);
    await gym.clock.advance(HOUR - 500);
    expect(await gym.ask()).toBe('budget');
    await gym.clock.advance(250);
    expect([await gym.ask(), await gym.ask()]).toEqual(['ok', 'ok']);
    expect(await gym.ask()).toBe('budget');
  });
  test('dollars, at the prices of the model', async () => {
    // 40 x 1 + 60 x 0.1 + 20 x 5 = 146 millionths a call
    const gym = setUp({ limits: { usd: 0.00029 } });
    expect([await gym.ask(), await gym.ask(), await gym.ask()]).toEqual(['ok', 'ok', 'budget']);
  });
  test('dollars and a model without a price: one call, then it says why there is no more', async () => {
    const gym = setUp({ limits: { usd: 1 }, model: 'unheard-of' });
    expect([await gym.ask(), await gym.ask()]).toEqual(['ok', 'budget']);
    expect(gym.said.calls).toBe(1);
  });
  test('answers that were useless are paid for', async () => {
    const gym = setUp({ limits: { tokens: 120 } });
    expect([await gym.ask('invalid_answer'), await gym.ask()]).toEqual(['invalid_answer', 'budget']);
  });
  test('a call that was given up counts with its prompt and the longest answer: 20 + 300', async () => {
    const gym = setUp({ limits: { tokens: 320 } });
    expect([await gym.ask('timeout'), await gym.ask()]).toEqual(['timeout', 'budget']);
    const refused = setUp({ limits: { tokens: 320 } });
    expect([await refused.ask('rate_limited'), await refused.ask()]).toEqual(['rate_limited', 'ok']);
  });
});

test('metrics: calls by outcome, tokens, seconds and dollars', async () => {
  const gym = setUp();
  for (const next of ['ok', 'ok', 'timeout', 'invalid_answer'] as const) await gym.ask(next);
  expect(await gym.value('gym_llm_calls_total', { outcome: 'ok' })).toBe(2);
  expect(await gym.value('gym_llm_calls_total', { outcome: 'timeout' })).toBe(1);
  expect(await gym.value('gym_llm_calls_total', { outcome: 'refusal' })).toBe(0);
  expect(await gym.value('gym_llm_tokens_total', { kind: 'input' })).toBe(300);
  expect(await gym.value('gym_llm_tokens_total', { kind: 'cached' })).toBe(180);
  expect(await gym.value('gym_llm_usd_total')).toBeCloseTo(0.0002 * 2 + 0.000146, 9);
  expect(await gym.value('gym_llm_seconds', { le: '0.25' })).toBe(4);
});

describe('withinDeadline', () => {
  test('ends at its time even when the work does not heed the signal', async () => {
    const clock = new FakeClock();
    let aborted = false;
    const ended = withinDeadline({ timeoutMs: 100 }, clock, ({ signal, leftMs }) => {
      expect(leftMs()).toBe(100);
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise(() => {});
    }).catch((error) => error.code);
    await clock.advance(99);
    expect(aborted).toBe(false);
    await clock.advance(1);
    expect([await ended, aborted]).toEqual(['timeout', true]);
  });
  test('leaves no timer behind', async () => {
    const clock = new FakeClock();
    expect(await withinDeadline({ timeoutMs: 100 }, clock, async () => 'done')).toBe('done');
    expect(clock.pending).toBe(0);
  });
  test('a signal that has aborted already ends it at once', async () => {
    const asked = withinDeadline({ timeoutMs: 100, signal: AbortSignal.abort() }, new FakeClock(), () => new Promise(() => {}));
    await expect(asked).rejects.toMatchObject({ code: 'timeout', message: 'The call was called off' });
  });
});
