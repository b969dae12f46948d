import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FaultSpec, RedHerringSpec } from '../../api/incident.ts';
import { type ArenaSnapshot, type Baseline, targetKey } from '../../health/snapshot.ts';
import { ago, clone, type TestArena } from '../../health/testing.ts';
import type { KubeObject, Pod, PodTemplate } from '../../kube/types.ts';
import { assess, resolveFaults, targetsOf } from '../engine.ts';
import { FAULT_TYPES } from '../index.ts';
import { arenaOf, shopBaseline } from '../testing.ts';
import { RED_HERRING_KINDS, RED_HERRINGS } from './index.ts';
import { planRedHerrings, redHerringTargets, resolveRedHerrings, validateComposition } from './plan.ts';

const app = shopBaseline();
const spec = (kind: string, key: string, params?: Record<string, string>): RedHerringSpec => {
  const [namespace, name] = key.split('/');
  return { kind, target: { namespace, name }, ...(params ? { params } : {}) };
};
const fault = (type: string, key: string): FaultSpec => {
  const [namespace, name] = key.split('/');
  return { type, target: { namespace, name } };
};
/** Every kind beside everything it can stand beside, while nothing is broken. */
const everything = RED_HERRING_KINDS.flatMap((kind) =>
  redHerringTargets(kind, [], app).map((target): RedHerringSpec => ({ kind, target })),
);
const named = everything.map((s) => [`${s.kind} beside ${targetKey(s.target)}`, s] as const);

/** What the controllers make of the red herrings; `phase`: how far the pods of their Jobs have come. */
function lay(specs: readonly RedHerringSpec[], arena: TestArena, baseline: Baseline, phase: string): void {
  for (const m of planRedHerrings(resolveRedHerrings(specs, baseline), baseline)) {
    if (m.verb === 'create' && m.object.kind === 'Job') arena.pods.push(jobPod(m.object, m.namespace, phase));
    if (m.verb !== 'patch' || m.kind !== 'Deployment') continue;
    const deployment = arena.deployment(`${m.namespace}/${m.name}`);
    const patch = m.patch as {
      metadata?: { annotations: object };
      spec?: { replicas?: number; template?: { metadata: { annotations: object } } };
    };
    deployment.metadata.annotations = { ...deployment.metadata.annotations, ...patch.metadata?.annotations };
    if (patch.spec?.replicas) deployment.spec.replicas = patch.spec.replicas;
    if (patch.spec?.template) Object.assign(deployment.spec.template.metadata ?? {}, patch.spec.template.metadata);
    if (patch.spec) arena.rollOut(`${m.namespace}/${m.name}`, 30);
  }
}

function jobPod(job: KubeObject & Record<string, unknown>, namespace: string, phase: string): Pod {
  const { template } = job.spec as { template: PodTemplate };
  return {
    metadata: {
      name: `${job.metadata.name}-x7k2p`,
      namespace,
      uid: `pod-${job.metadata.name}`,
      creationTimestamp: ago(30),
      labels: template.metadata?.labels,
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid: `job-${job.metadata.name}`, controller: true },
      ],
    },
    spec: template.spec,
    status: { phase, podIP: '10.0.9.9', conditions: [{ type: 'Ready', status: phase === 'Running' ? 'True' : 'False' }] },
  };
}

function snapshotWith(specs: readonly RedHerringSpec[], phase: string, prepare: (arena: TestArena) => void = () => {}): ArenaSnapshot {
  const arena = arenaOf(app);
  prepare(arena);
  lay(specs, arena, app, phase);
  return arena.snapshot(app);
}

test('kinds are distinct, and at least six', () => {
  expect(RED_HERRING_KINDS.length).toBeGreaterThanOrEqual(6);
  for (const [kind, herring] of RED_HERRINGS) expect(herring.kind).toBe(kind);
});

describe('the oracle is not fooled', () => {
  test('without any, the shop of the tests is healthy', () => {
    expect(assess([], snapshotWith([], ''), app).verdict).toBe('healthy');
  });
  test.each(named)('by %s', (_, herring) => {
    for (const phase of herring.kind.endsWith('_job') ? ['Pending', 'Running', 'Succeeded', 'Failed'] : ['Running']) {
      expect(assess([], snapshotWith([herring], phase), app)).toMatchObject({ verdict: 'healthy', complete: true });
    }
  });
  test('by any four at once beside a fault of any type that was repaired', () => {
    const repaired = fc
      .constantFrom(...FAULT_TYPES)
      .chain((type) => fc.constantFrom(...targetsOf(type, app)).map((target): FaultSpec => ({ type, target })));
    const herrings = fc.uniqueArray(fc.constantFrom(...everything), { maxLength: 4, selector: (s) => targetKey(s.target) });
    fc.assert(
      fc.property(repaired, herrings, (broken, some) => {
        fc.pre(validateComposition({ faults: [broken], redHerrings: some }, app) === undefined);
        const [record] = resolveFaults([broken], app);
        const snapshot = snapshotWith(some, 'Failed', (arena) => arena.rollOut(targetKey(broken.target), 20));
        const records = [{ ...record, state: 'Injected' as const, injectedTime: ago(60) }];
        expect(assess(records, snapshot, app)).toMatchObject({ verdict: 'healthy', fixed: [true] });
      }),
      { numRuns: 30 },
    );
  });
  test('and what is broken stays broken beside them', () => {
    const broken = fault('scale_zero', 'payments/payment-db');
    const snapshot = snapshotWith([spec('fresh_pods', 'auth/auth-service')], 'Failed', (arena) => {
      arena.deployment('payments/payment-db').spec.replicas = 0;
      arena.rollOut('payments/payment-db');
    });
    const [record] = resolveFaults([broken], app);
    expect(assess([record], snapshot, app)).toMatchObject({ verdict: 'broken', fixed: [false] });
  });
});

describe('what is made', () => {
  const made = everything.flatMap((s) => planRedHerrings(resolveRedHerrings([s], app), app));
  const jobs = made.flatMap((m) => (m.verb === 'create' && m.object.kind === 'Job' ? [m] : []));

  test('names neither the gym nor what it is for', () => {
    expect(JSON.stringify(made).match(/gym|herring|decoy|(?<!De)fault|chaos|inject|harmless|fake/gi)).toBeNull();
  });
  test('is the same each time, and in any arena of the same moment', () => {
    const other = JSON.parse(JSON.stringify(app).replaceAll('k3x9a1b2c3', 'zzzzzzzzzz')) as Baseline;
    const of = (baseline: Baseline) => everything.flatMap((s) => planRedHerrings(resolveRedHerrings([s], baseline), baseline));
    expect(of(clone(app))).toEqual(made);
    expect(of(other)).toEqual(made);
  });
  test('stays in the namespace of its workload and patches nothing but that workload', () => {
    for (const s of everything) {
      for (const m of planRedHerrings(resolveRedHerrings([s], app), app)) {
        expect(m.namespace).toBe(s.target.namespace);
        if (m.verb === 'patch') expect([m.kind, m.name]).toEqual(['Deployment', s.target.name]);
      }
    }
  });
  test('never takes the name of something of the app', () => {
    const taken = new Set(app.objects);
    for (const m of made) if (m.verb === 'create') expect(taken).not.toContain(`${m.object.kind} ${m.namespace}/${m.object.metadata.name}`);
  });
  test('runs only images of the app, once, and fits the quotas and walls of its namespace', () => {
    const images = new Set(app.deployments.flatMap((d) => d.spec.template.spec.containers.map((c) => c.image)));
    expect(jobs.length).toBeGreaterThan(0);
    for (const { object } of jobs) {
      const { backoffLimit, template } = object.spec as { backoffLimit: number; template: PodTemplate };
      const [container] = template.spec.containers;
      expect(images).toContain(container.image);
      expect(backoffLimit).toBe(0);
      expect(template.spec).toMatchObject({ restartPolicy: 'Never', automountServiceAccountToken: false });
      // What a namespace's quota counts has to be stated, or its pods are refused.
      expect(container.resources).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      });
    }
  });
  test('has no pod that a Service would select', () => {
    for (const { object } of jobs) {
      const { template } = object.spec as { template: PodTemplate };
      for (const { spec } of app.services) {
        expect(Object.entries(spec.selector ?? {}).every(([k, v]) => template.metadata?.labels?.[k] === v)).toBe(false);
      }
    }
  });
});

describe('validateComposition', () => {
  const down = [fault('scale_zero', 'payments/payment-db')];
  const tight = [fault('resource_quota', 'payments/payment-api')];
  test.each<[string, FaultSpec[], RedHerringSpec[], string]>([
    ['an unknown kind', [], [spec('ghost', 'auth/auth-service')], 'Red herring ghost does not exist; the kinds are stale_event,'],
    ['a workload that does not exist', [], [spec('change_note', 'auth/foo')], 'Deployment auth/foo does not exist'],
    ['a workload that is broken', down, [spec('change_note', 'payments/payment-db')], 'is on payments/payment-db, which is broken'],
    [
      'two beside one workload',
      [],
      [spec('change_note', 'auth/auth-service'), spec('change_cause', 'auth/auth-service')],
      'Two red herrings are on auth/auth-service',
    ],
    ['a singleton scaled up', [], [spec('extra_replica', 'payments/payment-worker')], 'would hurt payments/payment-worker'],
    ['a singleton restarted', [], [spec('fresh_pods', 'frontend/frontend-cache')], 'would hurt frontend/frontend-cache'],
    ['an Event about a Service that is not there', [], [spec('stale_event', 'payments/payment-worker')], 'has nothing to stand on'],
    ['pods where the quota is broken', tight, [spec('failed_job', 'payments/payment-db')], 'the quota of namespace payments is broken'],
    ['a parameter that does not exist', [], [spec('change_note', 'auth/auth-service', { x: '1' })], 'change_note has no parameter x'],
    ['a bad parameter', [], [spec('failed_job', 'auth/auth-service', { task: 'rm' })], 'task "rm" must be one of backfill,'],
    ['a fault that cannot be played', [fault('oom_kill', 'frontend/web-app')], [], 'oom_kill does not hurt frontend/web-app'],
  ])('refuses %s', (_, faults, redHerrings, sentence) => {
    expect(validateComposition({ faults, redHerrings }, app)).toContain(sentence);
  });
  test('accepts what redHerringTargets offers, and it offers nothing else', () => {
    for (const faults of [[], down, tight]) {
      for (const kind of RED_HERRING_KINDS) {
        const offered = new Set(redHerringTargets(kind, faults, app).map(targetKey));
        for (const d of app.deployments) {
          const target = { namespace: d.metadata.namespace ?? '', name: d.metadata.name };
          const problem = validateComposition({ faults, redHerrings: [{ kind, target }] }, app);
          expect(problem === undefined).toBe(offered.has(targetKey(target)));
        }
      }
    }
  });
});

test('one more replica is refused where the quota has no room for it', () => {
  const full = clone(app);
  full.quotas = full.quotas.map((q) => ({
    ...q,
    spec: { hard: { ...q.spec.hard, pods: q.metadata.namespace === 'frontend' ? '3' : '6' } },
  }));
  expect(redHerringTargets('extra_replica', [], full).map(targetKey)).not.toContain('frontend/web-app');
  expect(redHerringTargets('extra_replica', [], app).map(targetKey)).toContain('frontend/web-app');
});

test('an Event is about the Service as it is, and named and timed as controllers do', () => {
  const [m] = planRedHerrings(resolveRedHerrings([spec('stale_event', 'auth/auth-service')], app), app);
  if (m.verb !== 'create') throw new Error('no Event was made');
  expect(m.object).toMatchObject({
    kind: 'Event',
    type: 'Warning',
    involvedObject: { kind: 'Service', namespace: 'auth', name: 'auth-service' },
    lastTimestamp: '2026-03-01T12:00:00Z',
  });
  expect(m.object.metadata.name).toMatch(/^auth-service\.[0-9a-f]{16}$/);
  expect(Number(BigInt(`0x${m.object.metadata.name.split('.')[1]}`) / 1_000_000_000n)).toBe(Date.parse(app.capturedAt) / 1000);
});
