import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PERSONAS } from '../api/judging.ts';
import { makeArena } from '../health/testing.ts';
import type { Llm, LlmRequest } from '../llm/llm.ts';
import { judgeByRules } from './heuristic.ts';
import type { ConclusionInput, JudgedLine, JudgeInput } from './judge.ts';
import { JUDGE_CALL_MS, LEAST_CALL_MS, llmJudge } from './llm-judge.ts';

const alert = { severity: 'critical', title: 'Payments fail', message: 'Customers in payments get errors.' } as const;
const line = (command: string, output = '', more: Partial<JudgedLine> = {}): JudgedLine => ({
  ...{ action: 'Command', command, exitCode: 0, output, mutations: 0 },
  ...more,
});
const arena = makeArena();
const snapshot = arena.snapshot(arena.baseline());
const LOOK = line(
  'kubectl get pods -A',
  'NAMESPACE  NAME            READY  STATUS   RESTARTS\npayments   payment-api-x2  0/1    Running  0',
);
const input = (more: Partial<JudgeInput> = {}): JudgeInput => ({ alert, step: LOOK, history: [], snapshot, incident: 'h1', ...more });
const end = (more: Partial<ConclusionInput> = {}): ConclusionInput => ({
  ...{ alert, steps: [LOOK], snapshot, incident: 'h1', resolved: false, diagnosisScore: 0.5, fixedShare: 0.5 },
  ...more,
});

/** An LLM that says what the test tells it, through the schema that it was given. */
function scripted(said: object) {
  const requests: LlmRequest<unknown>[] = [];
  const llm: Llm = {
    backend: 'hf',
    model: 'scripted',
    async complete<T>(request: LlmRequest<T>) {
      requests.push(request);
      const usage = { tokens: { input: 900, output: 40, cached: 0, cacheWritten: 0 }, milliseconds: 1200, usd: 0.001 };
      return { value: request.schema.parse(said), usage };
    },
  };
  let calls = 0;
  const judge = llmJudge(llm, { faultTerms: ['oom', 'memory limit'], nonce: () => `n${++calls}` });
  return { judge, requests };
}
const VERDICT = { score: 0.5, phase: 'triage', feedback: 'A good first look.', hint: null };
const LAST_WORD = { diagnosis: 1, fix: 1, veto: false, reason: '' };

describe('score', () => {
  test('a judgement, with what it took', async () => {
    expect(await scripted(VERDICT).judge.score(input())).toEqual({
      score: 0.5,
      phase: 'triage',
      feedback: 'A good first look.',
      source: 'llm',
      llm: { calls: 1, inputTokens: 900, outputTokens: 40, usd: 0.001, seconds: 1.2, fallbacks: 0 },
    });
  });

  const ROUNDED: Record<string, [number, number]> = {
    'to the nearest quarter': [0.6, 0.5],
    'a half of one goes up': [0.375, 0.5],
    'not above 1': [17, 1],
    'not below -1': [-1e9, -1],
    'never minus zero': [-0.05, 0],
  };
  test.each(Object.entries(ROUNDED))('is rounded: %s', async (_name, [score, want]) => {
    expect((await scripted({ ...VERDICT, score }).judge.score(input())).score).toBe(want);
  });
  test('always lies in -1..1, in quarters', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (score) => {
        const judged = (await scripted({ ...VERDICT, score }).judge.score(input())).score;
        expect(Math.abs(judged)).toBeLessThanOrEqual(1);
        expect(Number.isInteger(judged * 4)).toBe(true);
      }),
    );
  });
  test('phase none is no phase', async () => {
    expect(await scripted({ ...VERDICT, phase: 'none' }).judge.score(input())).not.toHaveProperty('phase');
  });

  test('what the cluster alone shows is not said: the rules speak instead', async () => {
    const feedback = 'Look at payment-db, its memory is short.';
    const judgement = await scripted({ ...VERDICT, feedback }).judge.score(input());
    expect(judgement).toMatchObject({ score: 0.5, feedback: judgeByRules(input()).feedback, source: 'llm' });
  });
  test('what kubectl has printed may be said', async () => {
    const feedback = 'Good: you found payment-api.';
    expect((await scripted({ ...VERDICT, feedback }).judge.score(input())).feedback).toBe(feedback);
  });

  describe('hints', () => {
    const hinting = { ...VERDICT, hint: 'Describe payment-api-x2 next.' };
    test('of a junior are those of the LLM', async () => {
      expect((await scripted(hinting).judge.score(input({ persona: 'junior' }))).hint).toBe('Describe payment-api-x2 next.');
    });
    test('that name what was not seen are those of the rules', async () => {
      const leaking = { ...VERDICT, hint: 'Raise the memory of payment-db.' };
      const { hint } = await scripted(leaking).judge.score(input({ persona: 'junior' }));
      expect(hint).toBe(judgeByRules(input({ persona: 'junior' })).hint);
    });
    test('are for juniors only, and not in eval, whatever the LLM says', async () => {
      for (const more of [{ persona: 'senior' }, { persona: 'principal' }, {}, { persona: 'junior', evalSplit: true }] as const) {
        expect(await scripted(hinting).judge.score(input(more))).not.toHaveProperty('hint');
      }
    });
  });

  test('what is no work is not asked about', async () => {
    const { judge, requests } = scripted(VERDICT);
    for (const action of ['Diagnose', 'Report'] as const) {
      expect(await judge.score(input({ step: line('payment-api', '', { action }) }))).toEqual({
        score: 0,
        feedback: '',
        source: 'heuristic',
      });
    }
    expect(requests).toHaveLength(0);
  });

  describe('is kept', () => {
    test('for the same work in the same scenario, and costs nothing the second time', async () => {
      const { judge, requests } = scripted(VERDICT);
      const first = await judge.score(input());
      const { llm: _llm, ...same } = first;
      expect(await judge.score(input({ snapshot: undefined }))).toEqual(same);
      expect(requests).toHaveLength(1);
    });
    const OTHER: Record<string, Partial<JudgeInput>> = {
      'another scenario': { incident: 'h2' },
      'another output': { step: { ...LOOK, output: 'nothing' } },
      'another exit code': { step: { ...LOOK, exitCode: 1 } },
      'another history': { history: [line('kubectl get ns')] },
      'another persona': { persona: 'principal' },
      eval: { evalSplit: true },
      'another alert': { alert: { ...alert, title: 'Logins fail' } },
    };
    test.each(Object.entries(OTHER))('not for %s', async (_name, more) => {
      const { judge, requests } = scripted(VERDICT);
      await judge.score(input());
      await judge.score(input(more));
      expect(requests).toHaveLength(2);
    });
  });

  test('asks within the frame, with a nonce of its own each time', async () => {
    const { judge, requests } = scripted(VERDICT);
    await judge.score(input());
    await judge.score(input({ incident: 'h2' }));
    expect(requests.map(({ timeoutMs }) => timeoutMs)).toEqual([JUDGE_CALL_MS, JUDGE_CALL_MS]);
    expect(JUDGE_CALL_MS).toBeLessThan(5000);
    expect(requests.map(({ user }) => /<data-(\w+)>/.exec(user)?.[1])).toEqual(['n1', 'n2']);
  });
  test('takes no longer than it is given, and does not ask where that is too short for an answer', async () => {
    const { judge, requests } = scripted(VERDICT);
    await judge.score(input({ timeoutMs: 2000 }));
    expect(requests.map(({ timeoutMs }) => timeoutMs)).toEqual([2000]);
    const late = { timeoutMs: LEAST_CALL_MS - 1 };
    await expect(judge.score(input({ ...late, incident: 'h2' }))).rejects.toMatchObject({ code: 'timeout', usage: undefined });
    await expect(judge.conclude(end(late))).rejects.toMatchObject({ code: 'timeout' });
    // What is kept needs no time.
    expect(await judge.score(input(late))).toMatchObject({ score: 0.5, source: 'llm' });
    expect(requests).toHaveLength(1);
  });
  test('each persona is told something else, and always the same', async () => {
    const told = await Promise.all(
      PERSONAS.map(async (persona) => {
        const { judge, requests } = scripted(VERDICT);
        await judge.score(input({ persona }));
        await judge.score(input({ persona, incident: 'h2', step: line('kubectl get nodes') }));
        expect(requests[0].system).toBe(requests[1].system);
        return requests[0].system;
      }),
    );
    expect(new Set(told).size).toBe(PERSONAS.length);
  });
  test('a long old output is shortened at the end of a line, and says by how much; the judged line is whole', async () => {
    const { judge, requests } = scripted(VERDICT);
    const long = Array.from({ length: 200 }, (_, i) => `row ${i} of the old list`).join('\n');
    const whole = Array.from({ length: 200 }, (_, i) => `line ${i} of the new list`).join('\n');
    await judge.score(input({ history: [line('kubectl get pods -A', long)], step: line('kubectl get events -A', whole) }));
    const data = JSON.parse(requests[0].user.split('\n').slice(2, -2).join('\n'));
    const rows = data.earlier[0].output.split('\n');
    const cut = Number(/^\[(\d+) more lines\]$/.exec(rows.at(-1))?.[1]);
    expect(rows.slice(0, -1)).toEqual(long.split('\n').slice(0, 200 - cut));
    expect(cut).toBeGreaterThan(100);
    expect(data.step.output).toBe(whole);
    expect(data.cluster).toContain('Pods of payments/payment-db: 1 x Running, ready');
  });
});

describe('conclude', () => {
  const MIXED: Record<string, { said: Partial<typeof LAST_WORD>; input: Partial<ConclusionInput>; want: object }> = {
    'half by the rules, half by the LLM': { said: { diagnosis: 1, fix: 0.25 }, input: {}, want: { diagnosisScore: 0.75, fixScore: 0.375 } },
    'a repair is never worth more than what is repaired': { said: { fix: 1 }, input: { fixedShare: 0.5 }, want: { fixScore: 0.5 } },
    'numbers out of bounds are brought back': {
      said: { diagnosis: 9, fix: -3 },
      input: {},
      want: { diagnosisScore: 0.75, fixScore: 0.25 },
    },
  };
  test.each(Object.entries(MIXED))('%s', async (_name, { said, input: more, want }) => {
    expect(await scripted({ ...LAST_WORD, ...said }).judge.conclude(end(more))).toMatchObject({ ...want, source: 'llm' });
  });
  test('there is no score for a diagnosis that was not given, nor for faults that were not there', async () => {
    const concluded = await scripted(LAST_WORD).judge.conclude(end({ diagnosisScore: undefined }));
    expect(concluded).not.toHaveProperty('diagnosisScore');
    expect(await scripted(LAST_WORD).judge.conclude(end({ fixedShare: undefined }))).not.toHaveProperty('fixScore');
  });
  test('where nothing is open nobody is asked', async () => {
    const { judge, requests } = scripted(LAST_WORD);
    expect(await judge.conclude(end({ diagnosisScore: undefined, fixedShare: 0 }))).toEqual({ fixScore: 0, source: 'heuristic' });
    expect(requests).toHaveLength(0);
  });
  test('is kept like a judgement', async () => {
    const { judge, requests } = scripted(LAST_WORD);
    await judge.conclude(end());
    expect(await judge.conclude(end())).not.toHaveProperty('llm');
    await judge.conclude(end({ resolved: true }));
    expect(requests).toHaveLength(2);
  });

  const veto = { ...LAST_WORD, veto: true, reason: 'web-app serves\n nothing.' };
  const VETO: Record<string, { said?: object; input: Partial<ConclusionInput>; veto: string | undefined }> = {
    'where it may, with its reason on one line': { input: { resolved: true, mayVeto: true }, veto: 'web-app serves nothing.' },
    'not unless it is switched on': { input: { resolved: true }, veto: undefined },
    'not in eval': { input: { resolved: true, mayVeto: true, evalSplit: true }, veto: undefined },
    'not without a reason': { said: { ...veto, reason: ' ' }, input: { resolved: true, mayVeto: true }, veto: undefined },
    'not what the oracle did not grant': { input: { resolved: false, mayVeto: true }, veto: undefined },
  };
  test.each(Object.entries(VETO))('vetoes %s', async (_name, { said = veto, input: more, veto: want }) => {
    expect((await scripted(said).judge.conclude(end(more))).veto).toBe(want);
  });
  test('has no way to grant a resolution', async () => {
    const concluded = await scripted(LAST_WORD).judge.conclude(end({ resolved: false, mayVeto: true }));
    expect(Object.keys(concluded).sort()).toEqual(['diagnosisScore', 'fixScore', 'llm', 'source']);
  });
});
