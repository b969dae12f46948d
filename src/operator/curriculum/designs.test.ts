import assert from 'node:assert/strict';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { perApp } from '../../api/apps.ts';
import type { Arena } from '../../api/arena.ts';
import type { Assignment } from '../../api/assignment.ts';
import { type Curriculum, type CurriculumStatus, MAX_RUNS } from '../../api/curriculum.ts';
import { API_VERSION, DESIGN_LABEL, FIXING_ANNOTATION } from '../../api/group.ts';
import type { Incident } from '../../api/incident.ts';
import { rulesWith, statusIn } from '../../curriculum/testing.ts';
import { designTargets } from '../../designer/llm-prompt.ts';
import { shopBaseline } from '../../faults/testing.ts';
import type { KubeClient } from '../../kube/client.ts';
import { FakeClock } from '../../kube/fake-clock.ts';
import { silentLogger } from '../../kube/logger.ts';
import type { ObjectRef, Resource } from '../../kube/resource.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { Llm } from '../../llm/llm.ts';
import { Objects } from '../testing.ts';
import { type DesignDependencies, DesignReconciler } from './designs.ts';
import { AssignmentDesk } from './desk.ts';

const app = shopBaseline();
const targets = designTargets('scale_zero', app);
const onScaleZero = { faults: { allow: ['scale_zero'] }, designer: { kind: 'llm' as const, noFaultShare: 0 } };
const ref = { namespace: 'gym', name: 'c' };
const NOW = '2026-01-01T00:00:00Z';

/** A gym in memory, in which the test plays the Incident's reconciler. */
class Gym {
  readonly curricula = new Objects<Curriculum>();
  readonly incidents = new Objects<Incident>();
  readonly arenas = new Objects<Arena>();
  readonly assignments = new Objects<Assignment>();
  readonly outcomes: string[] = [];
  readonly patched: string[] = [];
  readonly clock = new FakeClock();
  asked = 0;
  isAsked = true;
  /** What the model says; by default it stops one workload after the other. */
  answer = (asked: number): unknown => ({
    story: 'It was stopped.',
    faults: [{ type: 'scale_zero', target: targets[asked], params: {}, cascade: null }],
    redHerrings: [],
  });
  readonly world = { ...this, names: (arena: string) => ({ id: arena.replace(/^arena-/, ''), plain: ['auth', 'frontend', 'payments'] }) };
  desk = this.newDesk();
  designs = this.newProcess();
  #uid = 0;

  constructor(tier = 'expert', spec: Parameters<typeof rulesWith>[0] = onScaleZero) {
    const rules = rulesWith(spec);
    const metadata = { ...ref, uid: 'c-1', generation: 1 };
    this.curricula.put({ apiVersion: API_VERSION, kind: 'Curriculum', metadata, spec: rules.spec, status: statusIn(tier, rules) });
    this.addArena('arena-aaaaaaaaaa');
  }

  addArena(name: string): void {
    const Ready = { type: 'Ready', status: 'True' as const, reason: 'ArenaHealthy', message: '', lastTransitionTime: NOW };
    this.arenas.put({ apiVersion: API_VERSION, kind: 'Arena', metadata: { name }, spec: {}, status: { conditions: [Ready] } });
  }

  edit(spec: Partial<Curriculum['spec']>): void {
    const curriculum = this.curricula.get(ref) as Curriculum;
    this.curricula.put({ ...curriculum, spec: { ...curriculum.spec, ...spec } });
  }

  newDesk(): AssignmentDesk {
    const { source, types } = rulesWith();
    const composer = { source: () => source, compose: () => ({ faults: [], difficulty: 0.1 }) };
    const world = this.world as never;
    const onDesign = (_: Curriculum, outcome: string): void => void this.outcomes.push(outcome);
    return new AssignmentDesk({ client: this.client(), world, composers: perApp(() => composer), types, onHappening: () => {}, onDesign });
  }

  newProcess(): DesignReconciler {
    const complete = async ({ schema }: { schema: { parse(value: unknown): unknown } }) => ({
      value: schema.parse(this.answer(this.asked++)),
    });
    return new DesignReconciler({
      ...{ client: this.client(), world: this.world as never, desk: this.desk, app, clock: this.clock },
      health: { baseline: () => app } as unknown as DesignDependencies['health'],
      llm: { llm: { complete } as unknown as Llm, state: () => assert.fail(), isAsked: () => this.isAsked },
      onDesign: (_, outcome) => void this.outcomes.push(outcome),
    });
  }

  client(): KubeClient {
    const of = ({ plural }: Resource) => this[plural as 'incidents'] as unknown as Objects<KubeObject>;
    return {
      create: async (resource: Resource, object: KubeObject) => {
        const made = { uid: `u-${this.#uid++}`, resourceVersion: '1', creationTimestamp: this.clock.now().toISOString() };
        return of(resource).put({ ...object, metadata: { ...object.metadata, ...made } });
      },
      replace: async (resource: Resource, object: KubeObject) => of(resource).put(object),
      mergePatch: async (resource: Resource, at: ObjectRef, patch: { metadata: { annotations: Record<string, string> } }) => {
        const { metadata, ...rest } = of(resource).get(at) as KubeObject;
        const annotations = { ...metadata.annotations, ...patch.metadata.annotations };
        return of(resource).put({ ...rest, metadata: { ...metadata, annotations } });
      },
      delete: async (resource: Resource, { name }: ObjectRef) => of(resource).all.delete(name),
      jsonPatch: async (_: Resource, at: ObjectRef) => void this.patched.push(`${at.namespace}/${at.name}`),
    } as unknown as KubeClient;
  }

  reconcile() {
    return this.designs.reconcile(ref, { log: silentLogger, signal: new AbortController().signal });
  }

  get status(): CurriculumStatus {
    return this.curricula.get(ref)?.status as CurriculumStatus;
  }

  get ready(): (string | undefined)[] | undefined {
    return this.status.designs?.map(({ incident }) => incident.faults[0].target.name);
  }

  /** The Incident that proves a design. */
  get proof(): Incident | undefined {
    return this.incidents.list()[0];
  }

  /** What the Incident's reconciler says of the proof. */
  becomes(...conditions: [type: string, status: 'True' | 'False', reason?: string][]): void {
    const proof = this.proof as Incident;
    const faults = proof.spec.faults.map(({ type, target }) => ({ type, target, params: {}, state: 'Injected' as const }));
    const all = conditions.map(([type, status, reason = type]) => ({ type, status, reason, message: reason, lastTransitionTime: NOW }));
    this.incidents.put({ ...proof, status: { arena: 'arena-aaaaaaaaaa', faults, conditions: all } });
  }

  async prove(): Promise<void> {
    await this.reconcile();
    this.becomes(['ArenaReady', 'True'], ['Injected', 'True'], ['SymptomObserved', 'True']);
    await this.reconcile();
    this.becomes(['Succeeded', 'True']);
    await this.reconcile();
  }
}

let gym: Gym;
beforeEach(() => {
  gym = new Gym();
});
const name = (key: string): string => key.split('/')[1];

describe('a design', () => {
  test('is proved in an Incident of its own, and kept when putting back what it broke resolves it', async () => {
    expect(await gym.reconcile()).toEqual({ requeueAfterMs: 0 });
    expect(gym.proof?.metadata).toMatchObject({
      labels: { [DESIGN_LABEL]: 'proof' },
      ownerReferences: [{ kind: 'Curriculum', uid: 'c-1' }],
    });
    expect(await gym.reconcile()).toEqual({ requeueAfterMs: 120_000 });
    gym.becomes(['ArenaReady', 'True'], ['Injected', 'True'], ['SymptomObserved', 'True']);
    expect(gym.patched).toEqual([]);
    await gym.reconcile();
    expect(gym.patched).toContain(targets[0].replace('/', '-aaaaaaaaaa/'));
    const sent = gym.patched.length;
    expect(await gym.reconcile()).toEqual({ requeueAfterMs: 125_000 });
    expect(gym.patched).toHaveLength(sent);
    gym.becomes(['Succeeded', 'True']);
    await gym.reconcile();
    expect(gym.proof).toBeUndefined();
    expect(gym.ready).toEqual([name(targets[0])]);
    expect(gym.outcomes).toEqual(['proven']);
  });
  test('is asked for until two are ready', async () => {
    await gym.prove();
    await gym.prove();
    expect(await gym.reconcile()).toBeUndefined();
    expect(gym.ready).toEqual([name(targets[0]), name(targets[1])]);
    expect([gym.asked, gym.status.designed]).toEqual([2, 2]);
  });
  test('that was made before is not proved again', async () => {
    const { answer } = gym;
    gym.answer = () => answer(0);
    await gym.prove();
    await gym.reconcile();
    expect(gym.outcomes).toEqual(['proven', 'invalid']);
  });
  test.each<[string, [string, 'True' | 'False', string?][], string]>([
    ['does not hurt', [['Succeeded', 'False', 'SymptomNeverSeen']], 'refuted'],
    ['resolves by itself', [['Succeeded', 'True']], 'refuted'],
    ['loses its arena', [['Succeeded', 'False', 'ArenaLost']], 'undecided'],
  ])('that %s is counted, removed and never ready', async (_, conditions, outcome) => {
    await gym.reconcile();
    gym.becomes(...conditions);
    expect(await gym.reconcile()).toEqual({ requeueAfterMs: 60_000 });
    expect([gym.outcomes, gym.proof, gym.ready]).toEqual([[outcome], undefined, undefined]);
  });
  test.each<[string, () => unknown, string]>([
    ['is no proposal', () => assert.fail('timeout'), 'failed'],
    [
      'cannot be played',
      () => ({
        story: 's',
        faults: [{ type: 'scale_zero', target: targets[0], params: {}, cascade: 'settlement_stalled' }],
        redHerrings: [],
      }),
      'invalid',
    ],
  ])('that %s is counted, and the next is asked for a minute later', async (_, answer, outcome) => {
    const good = gym.answer;
    gym.answer = answer;
    expect(await gym.reconcile()).toEqual({ requeueAfterMs: 60_000 });
    expect(gym.outcomes).toEqual([outcome]);
    gym.answer = good;
    await gym.clock.advance(59_000);
    expect(await gym.reconcile()).toEqual({ requeueAfterMs: 1000 });
    await gym.clock.advance(1000);
    await gym.reconcile();
    expect(gym.proof).toBeDefined();
    expect(gym.status.designed).toBe(2);
  });
});

describe('no LLM is asked', () => {
  const waiting = { apiVersion: API_VERSION, kind: 'Incident', metadata: { name: 'episode-1', uid: 'e-1' }, spec: { faults: [] } };
  const procedural = { faults: { allow: ['scale_zero'] } };
  test.each<[string, Gym, (gym: Gym) => unknown]>([
    ['without an arena to spare', new Gym(), ({ arenas }) => arenas.all.clear()],
    ['when an Incident waits for the only arena', new Gym(), ({ incidents }) => incidents.put(waiting)],
    ['while it would turn everybody away', new Gym(), (poor) => Object.assign(poor, { isAsked: false })],
    ['in a tier without designs', new Gym('advanced'), () => {}],
    ['by a Curriculum with a procedural designer', new Gym('expert', procedural), () => {}],
    ['under a spec that admits nothing', new Gym(), (empty) => empty.edit({ faults: { allow: ['oom_kill'], deny: ['oom_kill'] } })],
  ])('%s', async (_, one, prepare) => {
    prepare(one);
    await one.reconcile();
    expect(one.asked).toBe(0);
    expect(one.status.designed).toBeUndefined();
  });
});

describe('a proof', () => {
  test('goes on in another process, at every stage', async () => {
    await gym.reconcile();
    gym.designs = gym.newProcess();
    gym.becomes(['ArenaReady', 'True'], ['Injected', 'True'], ['SymptomObserved', 'True']);
    await gym.reconcile();
    const since = gym.proof?.metadata.annotations?.[FIXING_ANNOTATION];
    const sent = gym.patched.length;
    gym.designs = gym.newProcess();
    await gym.clock.advance(3000);
    await gym.reconcile();
    expect(gym.patched).toHaveLength(2 * sent);
    expect(gym.proof?.metadata.annotations?.[FIXING_ANNOTATION]).toBe(since);
    gym.designs = gym.newProcess();
    gym.becomes(['Succeeded', 'True']);
    await gym.reconcile();
    expect([gym.ready, gym.proof, gym.asked]).toEqual([[name(targets[0])], undefined, 1]);
  });
  test('that was concluded and not removed keeps its design once, even when it was played meanwhile', async () => {
    await gym.reconcile();
    gym.becomes(['ArenaReady', 'True'], ['Injected', 'True'], ['SymptomObserved', 'True']);
    await gym.reconcile();
    gym.becomes(['Succeeded', 'True']);
    const left = gym.proof as Incident;
    await gym.reconcile();
    gym.incidents.put(left);
    await gym.reconcile();
    expect(gym.ready).toHaveLength(1);
    await gym.desk.assign('gym', { curriculum: 'c', run: 'r', split: 'train', seed: 1 });
    gym.incidents.put(left);
    await gym.reconcile();
    expect([gym.ready, gym.proof]).toEqual([[], undefined]);
  });
  test('gives way when agents take the last arena', async () => {
    await gym.reconcile();
    gym.arenas.all.clear();
    await gym.reconcile();
    expect([gym.outcomes, gym.proof]).toEqual([['undecided'], undefined]);
  });
  test('is removed when the Curriculum wants no designs any more', async () => {
    await gym.reconcile();
    gym.edit({ designer: { kind: 'procedural', noFaultShare: 0 } });
    await gym.reconcile();
    expect([gym.outcomes, gym.proof]).toEqual([[], undefined]);
  });
  test('is removed when nothing can be drawn any more, and another is begun when something can', async () => {
    const { faults } = (gym.curricula.get(ref) as Curriculum).spec;
    await gym.reconcile();
    gym.edit({ faults: { allow: ['oom_kill'], deny: ['oom_kill'] } });
    await gym.reconcile();
    expect(await gym.reconcile()).toBeUndefined();
    expect([gym.outcomes, gym.proof, gym.asked]).toEqual([[], undefined, 1]);
    gym.edit({ faults });
    await gym.reconcile();
    expect(gym.proof).toBeDefined();
  });
});

describe('a reset', () => {
  const assign = (seed: number, run = 'r') => gym.desk.assign('gym', { curriculum: 'c', run, split: 'train', seed });
  test('gets a ready design about the fault it was drawn for, and no other reset gets it', async () => {
    await gym.prove();
    const [design] = gym.status.designs ?? [];
    const [first, again, second] = await Promise.all([assign(1), assign(1), assign(2)]);
    expect(first.spec).toMatchObject({ design: design.name, incident: design.incident, difficulty: design.difficulty });
    expect(again).toBe(first);
    expect(second.spec.design).toBeUndefined();
    expect(second.spec.incident).toEqual({ faults: [], difficulty: 0.1 });
    expect(gym.status.designs).toEqual([]);
    expect(gym.outcomes).toEqual(['proven', 'used']);
  });
  test('of a run that so many others followed that it was forgotten, goes on where it was', async () => {
    const first = await assign(1);
    for (let other = 0; other < MAX_RUNS; other++) await assign(1, `other-${other}`);
    expect(gym.status.runs.map((run) => run.name)).not.toContain('r');
    const second = await assign(2);
    expect([first, second].map(({ spec }) => [spec.trial, spec.pool?.ordinal])).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });
  test('does not wait for a design', async () => {
    expect((await assign(1)).spec.design).toBeUndefined();
    expect(gym.asked).toBe(0);
  });
});
