import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { z } from 'zod';
import type { Assignment } from '../../src/api/assignment.ts';
import { findCondition } from '../../src/api/conditions.ts';
import type { Curriculum, CurriculumSpec } from '../../src/api/curriculum.ts';
import type { Episode, EpisodeSpec } from '../../src/api/episode.ts';
import { API_VERSION, GYM_NAMESPACE } from '../../src/api/group.ts';
import type { Incident } from '../../src/api/incident.ts';
import { documentOf, parseDocument } from '../../src/cli/curriculum/document.ts';
import { restart, store } from '../../src/cli/curriculum/restart.ts';
import { BLANK_STATUS } from '../../src/curriculum/fold.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { type Clock, systemClock } from '../../src/kube/clock.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { isConflict } from '../../src/kube/errors.ts';
import { silentLogger } from '../../src/kube/logger.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { type EventObject, Resources } from '../../src/kube/resource.ts';
import type { LlmError } from '../../src/llm/llm.ts';
import { openLlm } from '../../src/llm/open.ts';
import { USELESS_ANSWERS } from '../../src/llm/useless-answers.ts';
import { ensureDefaultCurriculum } from '../../src/operator/curriculum/default.ts';
import { installBase } from '../../src/operator/install.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { FakeLlm } from '../support/fake-llm.ts';
import { startOperatorHere } from '../support/operator-here.ts';

/** No node, so no arena is ever Ready: Episodes get their assignment and their Incident, and these tests end them. */
let plane: ControlPlane;
let client: KubeClient;
let episodes: Reflector<Episode>;
let curricula: Reflector<Curriculum>;
let assignments: Reflector<Assignment>;
let incidents: Reflector<Incident>;
let events: Reflector<EventObject>;
const running: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
  client = new KubeClient(loadKubeConfig({ path: plane.kubeconfigPath }));
  await installBase(client);
  episodes = new Reflector<Episode>({ client, resource: Resources.episodes, namespace: GYM_NAMESPACE });
  curricula = new Reflector<Curriculum>({ client, resource: Resources.curricula, namespace: GYM_NAMESPACE });
  assignments = new Reflector<Assignment>({ client, resource: Resources.assignments, namespace: GYM_NAMESPACE });
  incidents = new Reflector<Incident>({ client, resource: Resources.incidents, namespace: GYM_NAMESPACE });
  events = new Reflector<EventObject>({ client, resource: Resources.events, namespace: GYM_NAMESPACE });
  for (const watch of [episodes, curricula, assignments, incidents, events]) watch.start();
}, 300_000);
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()));
});
afterAll(async () => {
  await Promise.all([episodes, curricula, assignments, incidents, events].map((watch) => watch?.stop()));
  await client?.close();
  await plane?.stop();
});

/** Closed after the test. */
function startOperator(identity: string, more: Pick<Parameters<typeof startOperatorHere>[0], 'llm' | 'clock'> = {}): void {
  running.push(startOperatorHere({ kubeconfig: plane.kubeconfigPath, identity, ...more }));
}

const limit = () => AbortSignal.timeout(60_000);
const inGym = (name: string) => ({ namespace: GYM_NAMESPACE, name });
let names = 0;
/** What an operator does every half minute it does three times a second. */
const HURRIED: Clock = { now: systemClock.now, setTimeout: (callback, ms) => systemClock.setTimeout(callback, ms / 100) };

const makeCurriculum = (name: string, spec: Partial<CurriculumSpec>) =>
  client.create(Resources.curricula, { apiVersion: API_VERSION, kind: 'Curriculum', metadata: inGym(name), spec: spec as CurriculumSpec });

const ask = (spec: EpisodeSpec) =>
  client.create(Resources.episodes, { apiVersion: API_VERSION, kind: 'Episode', metadata: inGym(`episode-${names++}`), spec });

const assigned = (episode: Episode) =>
  episodes.waitFor(() => {
    const seen = episodes.get(episode.metadata);
    return seen?.status?.assignment ? seen : undefined;
  }, limit());

/** Writes an outcome as the operator does at the end of play. */
async function end(episode: Episode, resolved: boolean): Promise<void> {
  const now = new Date().toISOString();
  for (;;) {
    const seen = await client.get(Resources.episodes, episode.metadata);
    const outcome = resolved ? ('Resolved' as const) : ('GaveUp' as const);
    const status = { ...seen.status, outcome, scorable: true, reward: resolved ? 6 : -2, startedTime: now, finishedTime: now };
    const written = await client
      .replace(Resources.episodes, { ...seen, status }, { subresource: 'status' })
      .catch((error) => (isConflict(error) ? undefined : Promise.reject(error)));
    if (written) return;
  }
}

const counted = (name: string, trials: number) =>
  curricula.waitFor(() => {
    const seen = curricula.get(inGym(name));
    const { status } = seen ?? {};
    return seen && status && status.trials >= trials && status.folding.length === 0 ? seen : undefined;
  }, limit());

const ofCurriculum = async (name: string) =>
  (await client.list(Resources.assignments, { namespace: GYM_NAMESPACE })).items.filter((a) => a.spec.curriculum === name);

describe('a Curriculum', () => {
  test('is made by default with the tiers of the design, and once', async () => {
    await ensureDefaultCurriculum(client, GYM_NAMESPACE, { mode: 'adversarial' });
    await ensureDefaultCurriculum(client, GYM_NAMESPACE, { mode: 'standard' });
    const { spec } = await client.get(Resources.curricula, inGym('default'));
    expect(spec.mode).toBe('adversarial');
    expect(spec.tiers.map((tier) => [tier.name, tier.maxDifficulty, tier.minTrials])).toEqual([
      ['warmup', 0.25, 5],
      ['beginner', 0.4, 5],
      ['intermediate', 0.6, 8],
      ['advanced', 0.8, 10],
      ['expert', 0.95, 0],
    ]);
    await client.delete(Resources.curricula, inGym('default'));
  });

  test('gives 64 resets of 8 seeds 8 assignments, each group one incident', async () => {
    startOperator('one');
    await makeCurriculum('rush', {});
    const asked = await Promise.all(Array.from({ length: 64 }, (_, i) => ask({ curriculumRef: { name: 'rush' }, run: 'r', seed: i % 8 })));
    const all = await Promise.all(asked.map(assigned));
    expect(await ofCurriculum('rush')).toHaveLength(8);
    for (let seed = 0; seed < 8; seed++) {
      const group = all.filter((e) => e.spec.seed === seed).map((e) => e.status?.assignment);
      expect(new Set(group).size).toBe(1);
    }
    await incidents.waitFor(() => all.every((e) => incidents.get(e.metadata)), limit());
    for (const group of Map.groupBy(all, (e) => e.spec.seed).values()) {
      expect(new Set(group.map((e) => JSON.stringify(incidents.get(e.metadata)?.spec))).size).toBe(1);
    }
  }, 120_000);

  test('counts 200 episodes that end at once, each group once', async () => {
    startOperator('one');
    await makeCurriculum('wave', { groupSize: 8, designer: { kind: 'procedural', noFaultShare: 0 } });
    const asked = await Promise.all(
      Array.from({ length: 200 }, (_, i) => ask({ curriculumRef: { name: 'wave' }, run: 'r', seed: Math.floor(i / 8) })),
    );
    const all = await Promise.all(asked.map(assigned));
    await Promise.all(all.map((episode) => end(episode, true)));
    const { status } = await counted('wave', 25);
    expect(status?.trials).toBe(25);
    expect(status?.mastery.reduce((sum, entry) => sum + entry.trials, 0)).toBe(25);
    const own = await ofCurriculum('wave');
    expect(own.map((a) => [a.status?.members?.length, a.status?.success, a.status?.counted])).toEqual(own.map(() => [8, 1, true]));
  }, 180_000);

  test('counts each group once although the operator is replaced in the middle, again and again', async () => {
    await makeCurriculum('relay', { groupSize: 2, designer: { kind: 'procedural', noFaultShare: 0 } });
    startOperator('first');
    const asked = await Promise.all(
      Array.from({ length: 40 }, (_, i) => ask({ curriculumRef: { name: 'relay' }, run: 'r', seed: Math.floor(i / 2) })),
    );
    const all = await Promise.all(asked.map(assigned));
    const ended = Promise.all(all.map((episode) => end(episode, (episode.spec.seed as number) % 2 === 0)));
    for (const identity of ['second', 'third', 'fourth']) {
      await Promise.all(running.splice(0).map((one) => one.close()));
      startOperator(identity);
    }
    await ended;
    const { status } = await counted('relay', 20);
    expect(status?.trials).toBe(20);
    expect(status?.mastery.reduce((sum, entry) => sum + entry.trials, 0)).toBe(20);
  }, 180_000);

  test('has one teller when two operators run: the other takes over when the first goes', async () => {
    await makeCurriculum('pair', { groupSize: 1, designer: { kind: 'procedural', noFaultShare: 0 } });
    startOperator('first');
    startOperator('second');
    const play = async (from: number): Promise<void> => {
      const asked = await Promise.all([0, 1, 2].map((i) => ask({ curriculumRef: { name: 'pair' }, run: 'r', seed: from + i })));
      await Promise.all((await Promise.all(asked.map(assigned))).map((episode) => end(episode, true)));
    };
    await play(0);
    await counted('pair', 3);
    await running.shift()?.close();
    await play(3);
    expect((await counted('pair', 6)).status?.trials).toBe(6);
  }, 120_000);

  test('gives a held-out seed the same incident in every run, and is told nothing of it', async () => {
    startOperator('one');
    await makeCurriculum('twice', { groupSize: 1, designer: { kind: 'procedural', noFaultShare: 0 } });
    const evaluated = await Promise.all(
      ['a', 'b'].map(async (run) => assigned(await ask({ curriculumRef: { name: 'twice' }, split: 'eval', run, seed: 5 }))),
    );
    const [a, b] = await Promise.all(evaluated.map((e) => client.get(Resources.assignments, inGym(e.status?.assignment as string))));
    expect(a.metadata.name).not.toBe(b.metadata.name);
    expect(a.spec.incident).toEqual(b.spec.incident);
    await Promise.all(evaluated.map((episode) => end(episode, true)));
    expect(curricula.get(inGym('twice'))?.status?.trials ?? 0).toBe(0);
  }, 60_000);

  test('gives a seed of split transfer the same incident of the other app, whatever was learned meanwhile', async () => {
    startOperator('one');
    await makeCurriculum('moved', { groupSize: 1, designer: { kind: 'procedural', noFaultShare: 0 } });
    const transfer = async (run: string) => {
      const { metadata, status } = await assigned(await ask({ curriculumRef: { name: 'moved' }, split: 'transfer', run, seed: 5 }));
      const incident = await incidents.waitFor(() => incidents.get(metadata), limit());
      return { incident, assignment: await client.get(Resources.assignments, inGym(status?.assignment as string)), metadata };
    };
    const before = await transfer('a');
    const trained = await Promise.all([0, 1, 2].map((seed) => ask({ curriculumRef: { name: 'moved' }, run: 'r', seed })));
    await Promise.all((await Promise.all(trained.map(assigned))).map((episode) => end(episode, true)));
    const learned = await counted('moved', 3);
    const after = await transfer('b');
    expect(after.assignment.metadata.name).not.toBe(before.assignment.metadata.name);
    expect(after.assignment.spec.incident).toEqual(before.assignment.spec.incident);
    for (const { incident, assignment } of [before, after]) {
      expect(assignment.spec.incident.app).toBe('tickets');
      expect(incident.spec.app).toBe('tickets');
      expect(['booking', 'members', 'website']).toContain(incident.spec.faults[0]?.target.namespace);
    }
    await end(await client.get(Resources.episodes, after.metadata), true);
    expect(curricula.get(inGym('moved'))?.status?.trials).toBe(learned.status?.trials);
  }, 120_000);

  test('begins anew under a running operator with nothing of before, and goes on from what was exported under another name', async () => {
    startOperator('one');
    await makeCurriculum('anew', { groupSize: 2, designer: { kind: 'procedural', noFaultShare: 0 } });
    const play = async (resolved: boolean): Promise<void> => {
      const asked = await Promise.all(
        Array.from({ length: 10 }, (_, i) => ask({ curriculumRef: { name: 'anew' }, run: 'r', seed: i % 5 })),
      );
      await Promise.all((await Promise.all(asked.map(assigned))).map((episode) => end(episode, resolved)));
    };
    await play(true);
    await restart(client, inGym('anew'));
    await play(false);
    const learned = await counted('anew', 5);
    expect(learned.status?.trials).toBe(5);
    expect(learned.status?.mastery.flatMap(({ results }) => results)).toEqual([0, 0, 0, 0, 0]);

    const document = parseDocument(JSON.stringify(documentOf(learned)), 'test');
    expect(await store(client, inGym('copy'), document.spec)).toBe(true);
    await restart(client, inGym('copy'), document.status);
    const { tier, trials, mastery, recent, runs } = (await counted('copy', 5)).status ?? {};
    expect({ tier, trials, mastery, recent, runs }).toEqual({
      ...{ tier: learned.status?.tier, trials: 5, mastery: learned.status?.mastery },
      ...{ recent: learned.status?.recent, runs: learned.status?.runs },
    });
  }, 120_000);

  test('tells in Events that a fault has graduated, that the agent was promoted and what that unlocks', async () => {
    startOperator('one');
    const made = await makeCurriculum('pupil', { groupSize: 1, designer: { kind: 'procedural', noFaultShare: 0 } });
    // One result short of all three, whatever fault is drawn.
    const mastery = ['oom_kill', 'crashloop', 'image_pull', 'scale_zero'].map((fault) => {
      const results = Array<number>(made.spec.mastery.window - 1).fill(1);
      return { fault, trials: results.length, results, rate: 1, mastered: true, graduated: false };
    });
    const learned = { ...BLANK_STATUS, tier: 'warmup', trials: 36, trialsInTier: 4, tierResults: [1, 1, 1, 1], mastery };
    const { spec, status } = parseDocument(JSON.stringify(documentOf({ ...made, status: learned })), 'test');
    await store(client, inGym('pupil'), spec);
    await restart(client, inGym('pupil'), status);
    const episode = await assigned(await ask({ curriculumRef: { name: 'pupil' }, run: 'r', seed: 0 }));
    const { pool } = (await client.get(Resources.assignments, inGym(episode.status?.assignment as string))).spec;
    expect(events.list().filter(({ regarding }) => regarding?.uid === made.metadata.uid)).toEqual([]);
    await end(episode, true);
    const told = (reason: string) =>
      events.waitFor(() => events.list().find((event) => event.reason === reason && event.regarding?.uid === made.metadata.uid), limit());
    expect((await told('Graduated')).note).toBe(`${pool?.type} has graduated and comes less often: success 1 over its last 10 trials`);
    expect((await told('Promoted')).note).toBe('From warmup up to beginner: success 1 after 5 trials of the tier');
    expect(await told('Unlocked')).toMatchObject({
      ...{ type: 'Normal', action: 'Training', note: 'Tier beginner unlocks bad_config, liveness_probe, resource_quota' },
      regarding: { kind: 'Curriculum', name: 'pupil' },
    });
    expect(curricula.get(inGym('pupil'))?.status).toMatchObject({ tier: 'beginner', graduated: [pool?.type] });
  }, 60_000);

  test('says whether its LLM is of use, without anybody touching it', async () => {
    const service = new FakeLlm('openai');
    const env = { LLM_BACKEND: 'hf', LLM_BASE_URL: await service.start(), LLM_MODEL: 'm' };
    const llm = await openLlm({ env, registry: new Registry(), clock: systemClock, log: silentLogger });
    const ask = () =>
      llm.llm
        ?.complete({ system: '', user: '', schema: z.object({ yes: z.boolean() }), maxTokens: 9, timeoutMs: 5000 })
        .catch((error: LlmError) => error.code);
    const available = (status: string) =>
      curricula.waitFor(() => {
        const condition = findCondition(curricula.get(inGym('judged'))?.status?.conditions, 'LlmAvailable');
        return condition?.status === status ? condition : undefined;
      }, limit());
    try {
      await makeCurriculum('judged', { judge: { kind: 'both', veto: false } });
      startOperator('one', { llm, clock: HURRIED });
      expect(await available('True')).toMatchObject({ reason: 'Configured', message: 'm (hf) is asked' });
      service.replies = [{ says: 'I would rather not say' }];
      for (let i = 0; i < USELESS_ANSWERS; i++) expect(await ask()).toBe('invalid_answer');
      expect(await available('False')).toMatchObject({ reason: 'AnswersUseless', message: expect.stringContaining('the last 10 answers') });
      service.replies = [{ says: '{"yes": true}' }];
      await ask();
      expect(await available('True')).toMatchObject({ reason: 'Configured' });
    } finally {
      await service.stop();
    }
  }, 60_000);

  test('refuses what it cannot give, with a sentence in the Episode', async () => {
    startOperator('one');
    const lost = await ask({ curriculumRef: { name: 'nowhere' }, seed: 1 });
    const final = await episodes.waitFor(() => {
      const seen = episodes.get(lost.metadata);
      return seen?.status?.outcome ? seen : undefined;
    }, limit());
    expect(final.status).toMatchObject({ outcome: 'InfrastructureFailed', scorable: false });
    expect(final.status?.conditions?.at(-1)?.message).toMatch(/Curriculum nowhere does not exist/);
    await expect(ask({ curriculumRef: { name: 'rush' } })).rejects.toThrow(/a curriculumRef needs a seed/);
  }, 60_000);
});
