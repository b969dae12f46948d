import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { JUDGES } from '../api/judging.ts';
import { silentLogger } from '../kube/logger.ts';
import { LLM_ERROR_CODES, type Llm, LlmError } from '../llm/llm.ts';
import { sumLlmUse } from '../llm/use.ts';
import { concludeByRules, heuristicJudge, judgeByRules } from './heuristic.ts';
import type { ConclusionInput, JudgeInput } from './judge.ts';
import { openJudges } from './open.ts';

const alert = { severity: 'critical', title: 'Payments fail', message: 'Customers in payments get errors.' } as const;
const step = { action: 'Command', command: 'kubectl get pods -A', exitCode: 0, output: '', mutations: 0 } as const;
const input: JudgeInput = { alert, step, history: [] };
const end: ConclusionInput = { alert, steps: [step], resolved: true, diagnosisScore: 0.5, fixedShare: 1 };

function judgesThatFail(error: unknown) {
  const registry = new Registry();
  const llm: Llm = { backend: 'hf', model: 'm', complete: () => Promise.reject(error) };
  const judges = openJudges({ llm, registry, log: silentLogger, faultTerms: [] });
  const fallbacks = async () => {
    const { values } = (await registry.getSingleMetric('gym_judge_fallbacks_total')?.get()) ?? { values: [] };
    return Object.fromEntries(values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.reason, value]));
  };
  return { judges, fallbacks };
}

describe('both: the rules step in', () => {
  test.each([...LLM_ERROR_CODES])('for %s, and it is counted', async (code) => {
    const tokens = { input: 100, output: 10, cached: 0, cacheWritten: 0 };
    const usage = { tokens, milliseconds: 4500, usd: 0.01 };
    const { judges, fallbacks } = judgesThatFail(new LlmError(code, 'as told', { usage }));
    expect(await judges.both.score(input)).toEqual({
      ...judgeByRules(input),
      llm: { calls: 1, inputTokens: 100, outputTokens: 10, usd: 0.01, seconds: 4.5, fallbacks: 1 },
    });
    expect(await judges.both.conclude(end)).toMatchObject({ ...concludeByRules(end), llm: { fallbacks: 1 } });
    expect(await fallbacks()).toEqual({ [code]: 2 });
  });
  test('for a call that was never made: no call is counted', async () => {
    const { judges } = judgesThatFail(new LlmError('circuit_open', 'not asked'));
    expect((await judges.both.score(input)).llm).toEqual({ calls: 0, inputTokens: 0, outputTokens: 0, seconds: 0, fallbacks: 1 });
  });
  test('for a mistake of ours', async () => {
    const { judges, fallbacks } = judgesThatFail(new TypeError('undefined is not a function'));
    expect(await judges.both.score(input)).toMatchObject(judgeByRules(input));
    expect(await fallbacks()).toEqual({ internal: 1 });
  });
});

test('llm alone does not hide that it failed', async () => {
  const { judges } = judgesThatFail(new LlmError('timeout', 'too late'));
  await expect(judges.llm.score(input)).rejects.toMatchObject({ code: 'timeout' });
});

test('without an LLM every judge is the heuristic', async () => {
  const judges = openJudges({ registry: new Registry(), log: silentLogger, faultTerms: [] });
  for (const name of JUDGES) expect(judges[name]).toBe(heuristicJudge);
  expect(await judges.both.score(input)).toEqual(judgeByRules(input));
  expect(await judges.both.conclude(end)).toEqual({ diagnosisScore: 0.5, fixScore: 1, source: 'heuristic' });
});

describe('what an episode took', () => {
  const use = { calls: 1, inputTokens: 10, outputTokens: 2, seconds: 0.5, fallbacks: 0 };
  test('is the sum of its judgements', () => {
    expect(sumLlmUse([{ ...use, usd: 0.25 }, undefined, { ...use, fallbacks: 1 }, { ...use, usd: 0.5 }])).toEqual({
      ...{ calls: 3, inputTokens: 30, outputTokens: 6, seconds: 1.5, fallbacks: 1 },
      usd: 0.75,
    });
  });
  test('is nothing where no LLM was asked, and has no price where none is known', () => {
    expect(sumLlmUse([undefined, undefined])).toBeUndefined();
    expect(sumLlmUse([use, use])).not.toHaveProperty('usd');
  });
});
