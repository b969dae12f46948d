import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { perApp } from '../../api/apps.ts';
import type { Assignment } from '../../api/assignment.ts';
import type { Curriculum } from '../../api/curriculum.ts';
import { JUDGE_TIMEOUT_SECONDS } from '../../api/defaults.ts';
import type { Episode, EpisodeStatus } from '../../api/episode.ts';
import { API_VERSION } from '../../api/group.ts';
import type { Incident, IncidentStatus } from '../../api/incident.ts';
import type { Step } from '../../api/step.ts';
import { rulesWith } from '../../curriculum/testing.ts';
import type { Conclusion, ConclusionInput, Judge } from '../../judge/judge.ts';
import { JUDGE_CALL_MS } from '../../judge/llm-judge.ts';
import { openJudges } from '../../judge/open.ts';
import { type Clock, sleep } from '../../kube/clock.ts';
import { ApiError } from '../../kube/errors.ts';
import { FakeClock } from '../../kube/fake-clock.ts';
import { silentLogger } from '../../kube/logger.ts';
import type { Resource } from '../../kube/resource.ts';
import type { KubeObject } from '../../kube/types.ts';
import { withinDeadline } from '../../llm/deadline.ts';
import type { Llm } from '../../llm/llm.ts';
import { sumLlmUse } from '../../llm/use.ts';
import { Objects } from '../testing.ts';
import { type Judges, mayBeVetoed } from './conclude.ts';
import type { Health } from './plan.ts';
import { type EpisodeDependencies, EpisodeReconciler } from './reconcile.ts';
import { control, episode, hurting, incident, judgement, mutated, resolved, running, step } from './testing.ts';

const ref = { namespace: 'kube-sre-gym', name: 'e' };

/** An Episode in play, and a judge that says what the test tells it; the test plays agent and Incident. */
class Table {
  readonly episodes = new Objects<Episode>();
  readonly incidents = new Objects<Incident>();
  readonly steps = new Objects<Step>();
  readonly curricula = new Objects<Curriculum>();
  readonly assignments = new Objects<Assignment>();
  readonly arenas = new Objects<KubeObject>();
  readonly clock = new FakeClock();
  /** What the judge was asked for its last word, in order. */
  readonly asked: ConclusionInput[] = [];
  lastWord: (input: ConclusionInput) => Promise<Conclusion> = async () => ({ source: 'llm' });
  verdict: Health['verdict'] = 'broken';
  /** So many writes are refused, because somebody else wrote first. */
  conflicts = 0;
  readonly #reconciler: EpisodeReconciler;

  constructor(o: { incident: IncidentStatus; veto?: boolean; maxSteps?: number; judges?: (clock: Clock) => Judges }) {
    const { spec } = rulesWith({ judge: { kind: 'both', veto: o.veto ?? true } });
    this.curricula.put({ apiVersion: API_VERSION, kind: 'Curriculum', metadata: { ...ref, name: 'c' }, spec });
    const status: EpisodeStatus = { ...running, alert: hurting.alert, assignment: 'a', maxSteps: o.maxSteps ?? 8 };
    this.episodes.put(episode(status, { incident: undefined, curriculumRef: { name: 'c' } }));
    this.incidents.put(incident(o.incident));
    const judge: Judge = {
      score: async () => judgement,
      conclude: async (input) => {
        // A judge that is asked without end would never let another timer run, so it ends the test.
        if (this.asked.push(input) > 10) throw new Error('The judge is asked again and again');
        return this.lastWord(input);
      },
    };
    const look = async () => this.#health();
    const health = { verdict: look, again: look, baseline: () => ({}), snapshot: () => undefined };
    this.#reconciler = new EpisodeReconciler({
      client: { replace: async (resource: Resource, object: KubeObject) => this.#replace(resource, object) },
      world: this,
      apps: perApp(() => ({ deployments: [] })),
      judges: o.judges?.(this.clock) ?? { heuristic: judge, llm: judge, both: judge },
      archive: { append: async () => {} },
      ...{ health, clock: this.clock, onFinished: () => {} },
    } as unknown as EpisodeDependencies);
  }

  #health(): Health {
    return { verdict: this.verdict, readAt: this.clock.now() };
  }

  #replace({ plural }: Resource, object: KubeObject): KubeObject {
    if (this.conflicts-- > 0) throw new ApiError('replace episodes e', 409, { reason: 'Conflict' });
    return (this[plural as 'episodes'] as unknown as Objects<KubeObject>).put(object);
  }

  /** The agent types a line; then one pass. */
  async plays(next?: Step): Promise<EpisodeStatus> {
    if (next) this.steps.put(next);
    await this.#reconciler.reconcile(ref, silentLogger);
    return this.episodes.get(ref)?.status as EpisodeStatus;
  }
}

const always = async (): Promise<Conclusion> => ({ veto: 'luck', source: 'llm' });

describe('a veto', () => {
  test('of a right report that nothing is broken is not asked for, nor taken', async () => {
    const table = new Table({ incident: control });
    table.lastWord = always;
    const status = await table.plays(step(1, { action: 'Report', verdict: 'no-fault' }));
    expect(status).toMatchObject({ outcome: 'Resolved', scorable: true });
    expect(status.veto).toBeUndefined();
    expect(table.asked.map(({ mayVeto }) => mayVeto)).toEqual([false]);
  });

  test('is taken once at each step', async () => {
    const table = new Table({ incident: resolved });
    table.lastWord = always;
    table.verdict = 'healthy';
    expect(await table.plays(step(1, mutated))).toMatchObject({ veto: { step: 1, reason: 'luck' } });
    const status = await table.plays();
    expect(status.outcome).toBeUndefined();
    expect(table.asked).toHaveLength(1);
    expect(await table.plays(step(2))).toMatchObject({ veto: { step: 2 } });
    expect(table.asked).toHaveLength(2);
  });

  test('on the last step ends the episode, and what the judge says of that end is no second one', async () => {
    const table = new Table({ incident: resolved, maxSteps: 1 });
    table.lastWord = always;
    expect(await table.plays(step(1, mutated))).toMatchObject({ outcome: 'StepsExhausted', veto: { step: 1 }, scorable: true });
    expect(table.asked.map(({ mayVeto, resolved: granted }) => [granted, mayVeto])).toEqual([
      [true, true],
      [false, false],
    ]);
  });

  test('is not taken where the Curriculum allows none, whatever the judge says', async () => {
    const table = new Table({ incident: resolved, veto: false });
    table.lastWord = always;
    expect(await table.plays(step(1, mutated))).toMatchObject({ outcome: 'Resolved' });
  });
});

describe('what the last word took is counted once, and asked once, where the write has to be repeated', () => {
  const llm = { calls: 1, inputTokens: 900, outputTokens: 40, usd: 0.001, seconds: 1.2, fallbacks: 0 };
  /** As the LLM's judge does: the same question again is free. */
  const paidOnce = (table: Table, veto: string | undefined) => async (input: ConclusionInput) => {
    const same = table.asked.filter(({ resolved: granted }) => granted === input.resolved);
    return { ...(input.mayVeto && veto ? { veto } : {}), ...(same.length === 1 ? { llm } : {}), source: 'llm' as const };
  };
  const CASES: Record<string, { veto?: string; maxSteps: number; asked: number; outcome?: string }> = {
    'a last word': { maxSteps: 8, asked: 1, outcome: 'Resolved' },
    'a veto': { veto: 'luck', maxSteps: 8, asked: 1 },
    'a veto and the last word after it': { veto: 'luck', maxSteps: 1, asked: 2, outcome: 'StepsExhausted' },
  };
  test.each(Object.entries(CASES))('%s', async (_name, { veto, maxSteps, asked, outcome }) => {
    const table = new Table({ incident: resolved, maxSteps });
    table.lastWord = paidOnce(table, veto);
    table.conflicts = 2;
    const last = step(1, mutated);
    await expect(table.plays(last)).rejects.toMatchObject({ code: 409 });
    await expect(table.plays(last)).rejects.toMatchObject({ code: 409 });
    const written = await table.plays(last);
    expect(written.outcome).toBe(outcome);
    expect(written.veto?.reason).toBe(veto);
    expect(written.llm).toEqual(sumLlmUse(Array(asked).fill(llm)));
    expect(table.asked).toHaveLength(asked);
    // Nothing of it is left over for what is written later.
    expect((await table.plays()).llm).toEqual(written.llm);
  });
});

describe('an LLM that is slow', () => {
  const answer = { score: 0.5, phase: 'fix', feedback: 'Done.', hint: null };
  /** A gym whose model takes so many milliseconds for each answer in turn, and how long it was given. */
  function slow(milliseconds: readonly number[], incidentStatus: IncidentStatus) {
    const given: number[] = [];
    const registry = new Registry();
    const judges = (clock: Clock): Judges => {
      const complete: Llm['complete'] = (request) =>
        withinDeadline(request, clock, async () => {
          given.push(request.timeoutMs);
          await sleep(clock, milliseconds[given.length - 1]);
          const usage = { tokens: { input: 900, output: 40, cached: 0, cacheWritten: 0 }, milliseconds: 0 };
          return { value: request.schema.parse(answer), usage };
        });
      return openJudges({ llm: { backend: 'hf', model: 'm', complete }, registry, log: silentLogger, faultTerms: [] });
    };
    const table = new Table({ incident: incidentStatus, judges });
    /** What one pass writes, and the milliseconds that it takes. */
    const pass = async (next?: Step) => {
      const began = table.clock.now().getTime();
      const ended = table.plays(next).then((status) => ({ status, took: table.clock.now().getTime() - began }));
      await table.clock.advance(20_000);
      return ended;
    };
    const fallbacks = async () => {
      const { values = [] } = (await registry.getSingleMetric('gym_judge_fallbacks_total')?.get()) ?? {};
      return Object.fromEntries(values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.reason, value]));
    };
    return { table, given, pass, fallbacks };
  }
  const NEVER = 60_000;

  test('is waited for once a frame: without time for the last word, the rules have it', async () => {
    const { given, pass, fallbacks } = slow([NEVER], resolved);
    const { status, took } = await pass(step(1, mutated));
    expect(took).toBeLessThan(JUDGE_TIMEOUT_SECONDS * 1000);
    expect(status).toMatchObject({ outcome: 'Resolved', steps: [{ judge: 'heuristic' }], llm: { fallbacks: 2 } });
    expect(given).toEqual([JUDGE_CALL_MS]);
    expect(await fallbacks()).toEqual({ timeout: 2 });
  });

  test('has for the last word what the score has left of the frame', async () => {
    const { given, pass, fallbacks } = slow([3000, NEVER], resolved);
    const { status, took } = await pass(step(1, mutated));
    expect(took).toBe(JUDGE_CALL_MS);
    expect(status).toMatchObject({ outcome: 'Resolved', steps: [{ judge: 'llm' }], llm: { calls: 1, fallbacks: 1 } });
    expect(given).toEqual([JUDGE_CALL_MS, JUDGE_CALL_MS - 3000]);
    expect(await fallbacks()).toEqual({ timeout: 1 });
  });

  test('has its whole time again once a settle is over', async () => {
    const { table, given, pass } = slow([4000, NEVER], hurting);
    table.verdict = 'settling';
    expect((await pass(step(1, mutated))).status.outcome).toBeUndefined();
    table.incidents.put(incident(resolved));
    expect(await pass()).toMatchObject({ status: { outcome: 'Resolved' }, took: JUDGE_CALL_MS });
    expect(given).toEqual([JUDGE_CALL_MS, JUDGE_CALL_MS]);
  });
});

describe('mayBeVetoed', () => {
  const granted: EpisodeStatus = { ...running, outcome: 'Resolved', decidedSteps: 2 };
  const CASES: Record<string, { incident: IncidentStatus; status: EpisodeStatus; want: boolean }> = {
    'a resolution of the oracle': { incident: resolved, status: granted, want: true },
    'one after a step that came after a veto': { incident: resolved, status: { ...granted, veto: { step: 1, reason: '' } }, want: true },
    'not one at the step of a veto': { incident: resolved, status: { ...granted, veto: { step: 2, reason: '' } }, want: false },
    'not a right report on a control': { incident: control, status: granted, want: false },
    'not what is no resolution': { incident: resolved, status: { ...granted, outcome: 'GaveUp' }, want: false },
  };
  test.each(Object.entries(CASES))('%s', (_name, c) => {
    expect(mayBeVetoed(incident(c.incident), c.status)).toBe(c.want);
  });
});
