import { describe, expect, test } from '@jest/globals';
import type { FaultStatus } from '../api/incident.ts';
import { ago, failedPayment, makeArena, paid, type TestArena } from '../health/testing.ts';
import { allSymptoms, assess, holdSecondsFor, planInjection, resolveFaults } from './engine.ts';

const API = 'payments/payment-api';

/** A fault on payment-api, with what the test does to the arena after its injection. */
function play(type: string, params: Record<string, string>, change: (arena: TestArena) => unknown) {
  const arena = makeArena();
  const baseline = arena.baseline();
  const [record] = resolveFaults([{ type, target: { namespace: 'payments', name: 'payment-api' }, params }], baseline);
  for (const m of planInjection([record], baseline)) {
    if (m.verb !== 'patch') continue;
    const patch = m.patch as { spec: { replicas?: number; hard?: Record<string, string>; template?: { spec: { containers: object[] } } } };
    const { spec } = arena.deployment(API);
    if (patch.spec.replicas !== undefined) spec.replicas = patch.spec.replicas;
    if (patch.spec.hard) arena.quotas[0].spec.hard = { ...arena.quotas[0].spec.hard, ...patch.spec.hard };
    if (patch.spec.template) mergeContainer(arena, patch.spec.template.spec.containers[0] as Record<string, unknown>);
  }
  arena.rollOut(API, 5);
  change(arena);
  const records: FaultStatus[] = [{ ...record, state: 'Injected', injectedTime: ago(20) }];
  const snapshot = arena.snapshot(baseline);
  return {
    symptom: allSymptoms(records, snapshot, baseline)[0],
    result: assess(records, snapshot, baseline),
    hold: holdSecondsFor(records, snapshot, baseline),
  };
}

function mergeContainer(arena: TestArena, patch: Record<string, unknown>): void {
  const container = arena.container(API);
  for (const [key, value] of Object.entries(patch)) {
    if (key === 'env')
      container.env = container.env?.map((e) => (value as typeof container.env & object[]).find((p) => p.name === e.name) ?? e);
    else if (key === 'livenessProbe')
      container.livenessProbe = {
        ...container.livenessProbe,
        httpGet: { ...container.livenessProbe?.httpGet, ...(value as { httpGet: object }).httpGet } as never,
      };
    else Object.assign(container, { [key]: value });
  }
}

type Case = [sentence: string, type: string, params: Record<string, string>, change: (arena: TestArena) => unknown];
const oom = { exitCode: 137, reason: 'OOMKilled', startedAt: ago(4), finishedAt: ago(3) };
const exit = { exitCode: 64, reason: 'Error', startedAt: ago(4), finishedAt: ago(3) };

const seen: Case[] = [
  ['a container was just OOMKilled', 'oom_kill', {}, (a) => a.setContainers(API, { state: { terminated: oom } })],
  [
    'it waits after an OOM kill',
    'oom_kill',
    {},
    (a) => a.setContainers(API, { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: oom } }),
  ],
  ['it exits', 'crashloop', { mode: 'args' }, (a) => a.setContainers(API, { state: { terminated: exit } })],
  [
    'its program cannot be started',
    'crashloop',
    { mode: 'command' },
    (a) => a.setContainers(API, { state: { waiting: { reason: 'RunContainerError' } } }),
  ],
  [
    'the image is not found',
    'image_pull',
    { mode: 'tag' },
    (a) => a.setContainers(API, { state: { waiting: { reason: 'ErrImagePull' } } }),
  ],
  [
    'the kubelet waits before it pulls again',
    'image_pull',
    { mode: 'repository' },
    (a) => a.setContainers(API, { state: { waiting: { reason: 'ImagePullBackOff' } } }),
  ],
  [
    'payments fail and its pods are not ready',
    'bad_config',
    { mode: 'host' },
    (a) => {
      a.setContainers(API, { state: { running: { startedAt: ago(5) } } }, 5);
      a.transactions = [paid(60), failedPayment(1)];
    },
  ],
  [
    'payments fail and its pods are ready',
    'bad_config',
    { mode: 'port' },
    (a) => {
      a.transactions = [failedPayment(1)];
    },
  ],
  ['no pod is left', 'scale_zero', {}, () => {}],
  [
    'a container was killed by its probe',
    'liveness_probe',
    { mode: 'path' },
    (a) => a.setContainers(API, { ready: true, restartCount: 1, state: { running: { startedAt: ago(1) } } }),
  ],
  [
    'replacements are refused',
    'resource_quota',
    { resource: 'pods' },
    (a) => {
      a.pods = a.pods.filter((p) => !a.podsOf(API).includes(p));
      const conditions = [
        { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'pods is forbidden: exceeded quota: team-payments' },
      ];
      a.deployment(API).status = { ...a.deployment(API).status, readyReplicas: 0, conditions };
    },
  ],
];

describe('the symptom is seen and nothing is healthy', () => {
  test.each(seen)('when %s (%s %j)', (_, type, params, change) => {
    const { symptom, result } = play(type, params, change);
    expect(symptom).toEqual(expect.any(String));
    expect(result).toMatchObject({ verdict: 'broken', fixed: [false] });
  });
});

describe('the symptom is not seen yet', () => {
  test.each<Case>([
    ['nothing was killed', 'oom_kill', {}, () => {}],
    [
      'the new pods start',
      'crashloop',
      { mode: 'args' },
      (a) => a.setContainers(API, { state: { waiting: { reason: 'ContainerCreating' } } }),
    ],
    [
      'the change is not rolled out',
      'image_pull',
      { mode: 'tag' },
      (a) => {
        a.setContainers(API, { state: { waiting: { reason: 'ErrImagePull' } } });
        a.deployment(API).metadata.generation = 99;
      },
    ],
    [
      'a payment failed during the rollout only',
      'bad_config',
      { mode: 'host' },
      (a) => {
        a.transactions = [failedPayment(6), paid(1)];
      },
    ],
    [
      'pods are still stopping',
      'scale_zero',
      {},
      (a) => {
        a.deployment(API).status = { ...a.deployment(API).status, replicas: 1 };
      },
    ],
    ['its containers were never killed', 'liveness_probe', { mode: 'port' }, () => {}],
    ['all pods run', 'resource_quota', { resource: 'requests.memory' }, () => {}],
  ])('when %s (%s %j)', (_, type, params, change) => {
    expect(play(type, params, change).symptom).toBeUndefined();
  });

  test('and yet what was injected is found, for every fault but a tag that turns out to run', () => {
    const found = seen.filter(([, , params]) => params.mode !== 'tag');
    for (const [, type, params] of found) expect(play(type, params, () => {}).result).toMatchObject({ verdict: 'broken', fixed: [false] });
  });
});

describe('the hold', () => {
  test('outlasts the probe that kills', () => {
    expect(play('liveness_probe', {}, () => {}).hold).toBe(12);
  });
  test('goes by the probe of the container that is broken, not by its neighbour’s', () => {
    const neighbour = { name: 'log-shipper', readinessProbe: { periodSeconds: 60 } };
    const hold = play('bad_config', { mode: 'port' }, (a) => void a.deployment(API).spec.template.spec.containers.unshift(neighbour)).hold;
    expect(hold).toBe(play('bad_config', { mode: 'port' }, () => {}).hold);
  });
  test('outlasts the time a container ran before it was killed', () => {
    const slow = { ...oom, startedAt: ago(13), finishedAt: ago(3) };
    expect(play('oom_kill', {}, (a) => a.setContainers(API, { state: { terminated: slow } })).hold).toBe(15);
  });
  test('ignores a start in 1970, which says that nothing started', () => {
    const never = { exitCode: 128, reason: 'StartError', startedAt: '1970-01-01T00:00:00Z', finishedAt: ago(3) };
    expect(play('crashloop', { mode: 'command' }, (a) => a.setContainers(API, { state: { terminated: never } })).hold).toBe(5);
  });
  test('is the shortest where nothing comes back by itself', () => {
    expect(play('scale_zero', {}, () => {}).hold).toBe(5);
  });
});
