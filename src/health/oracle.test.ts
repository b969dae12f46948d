import { describe, expect, test } from '@jest/globals';
import { evaluate } from './oracle.ts';
import { API, ago, type Case, clone, DB, failedPayment, judge, makeArena, NOW, paid, TARGET, type TestArena } from './testing.ts';

describe('healthy', () => {
  test.each<[string, (arena: TestArena) => void]>([
    ['nothing was changed', () => {}],
    ['a workload was deleted and made again', (a) => void a.rollOut(API)],
    [
      'one more replica than before runs',
      (a) => {
        a.deployment(API).spec.replicas = 3;
        a.rollOut(API);
      },
    ],
    [
      'everything was restarted',
      (a) => {
        for (const d of a.deployments) {
          d.spec.template.metadata = { ...d.spec.template.metadata, annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } };
          a.rollOut(`${d.metadata.namespace}/${d.metadata.name}`);
        }
      },
    ],
    [
      'the target has twice its memory',
      (a) => {
        a.container(API).resources = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } };
        a.rollOut(API);
      },
    ],
    [
      'only the limit of the target was raised again',
      (a) => {
        a.container(API).resources = { requests: { cpu: '10m', memory: '20Mi' }, limits: { memory: '128Mi' } };
        a.rollOut(API);
      },
    ],
    [
      'the probe names the port by number',
      (a) => {
        a.container(API).livenessProbe = {
          httpGet: { path: '/healthz', port: 8080 },
          periodSeconds: 2,
          failureThreshold: 3,
          timeoutSeconds: 2,
        };
        a.rollOut(API);
      },
    ],
    [
      'the probe is a little more patient',
      (a) => {
        a.container(API).livenessProbe = {
          httpGet: { path: '/healthz', port: 'http' },
          periodSeconds: 2,
          failureThreshold: 5,
          timeoutSeconds: 2,
        };
        a.rollOut(API);
      },
    ],
    [
      'the quota is half as loose again',
      (a) => {
        a.quotas[0].spec.hard = { ...a.quotas[0].spec.hard, pods: '18' };
      },
    ],
    [
      'the Service leads to the port by number',
      (a) => {
        a.service(API).spec.ports = [{ port: 8080, targetPort: 8080 }];
      },
    ],
    [
      'a finished pod of a Job carries the labels of the Service',
      (a) => {
        const pod = clone(a.podsOf(API)[0]);
        a.pods.push({ ...pod, metadata: { ...pod.metadata, uid: 'job', ownerReferences: [] }, status: { phase: 'Succeeded' } });
      },
    ],
  ])('when %s', (_, change) => {
    const result = judge((a) => {
      change(a);
      a.transactions = [paid(5)];
    });
    expect(result.finding).toBeUndefined();
    expect(result).toMatchObject({ verdict: 'healthy', fixed: [true], complete: true });
    expect(result.workloads).toHaveLength(3);
    expect(result.workloads.every((w) => w.healthy)).toBe(true);
  });
});

const settling: Case[] = [
  [
    'a neighbour is not ready while the target starts',
    (a) => {
      a.setContainers('auth/auth-service', { state: { running: { startedAt: ago(300) } } }, 200);
      a.setContainers(API, { state: { running: { startedAt: ago(2) } } });
    },
    'NotReady',
  ],
  [
    'a neighbour crashes while the target starts',
    (a) => {
      a.setContainers('auth/auth-service', { state: { waiting: { reason: 'CrashLoopBackOff' } } });
      a.setContainers(API, { state: { running: { startedAt: ago(2) } } });
    },
    'NotReady',
  ],
];

test.each(settling)('settling when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.verdict).toBe('settling');
  expect(result.finding).toMatchObject({ reason, settling: true });
});

describe('evaluate', () => {
  test('a template that was changed back is named by the workload it belongs to', () => {
    const result = judge((a) => {
      a.container(API).image = 'registry.k8s.io/pause:3.10';
    });
    expect(result.workloads.find((w) => w.workload === API)).toMatchObject({ healthy: false, reason: 'TemplateChanged' });
    expect(result.workloads.find((w) => w.workload === DB)).toEqual({ workload: DB, healthy: true });
    expect(result.fixed).toEqual([false]);
  });

  test('what will not settle is told before what will', () => {
    const result = judge((a) => {
      a.setContainers(DB, { state: { running: { startedAt: ago(1) } } });
      a.deployment(API).spec.paused = true;
    });
    expect(result.finding?.reason).toBe('Paused');
  });

  test('the proof of a fault counts against it and against the whole', () => {
    const finding = { reason: 'StillThere', message: 'still there', settling: false };
    expect(judge(() => {}, [{ ...TARGET, proof: [() => [finding]] }])).toMatchObject({ verdict: 'broken', finding, fixed: [false] });
  });

  test('nothing is healthy in an empty snapshot', () => {
    const arena = makeArena();
    const baseline = arena.baseline();
    const empty = { deployments: [], replicaSets: [], pods: [], services: [], endpointSlices: [], quotas: [], transactions: [] };
    for (const present of [undefined, new Set<string>(), new Set(baseline.objects)]) {
      expect(evaluate({ snapshot: { ...empty, time: NOW, present }, baseline, faults: [] }).verdict).toBe('broken');
    }
  });

  test('no single object can be missing from a healthy arena', () => {
    const lists = ['deployments', 'replicaSets', 'pods', 'services', 'endpointSlices', 'quotas', 'transactions'] as const;
    for (const list of lists) {
      for (let i = 0; i < makeArena()[list].length; i++) {
        expect([list, judge((a) => void a[list].splice(i, 1)).verdict]).not.toEqual([list, 'healthy']);
      }
    }
  });

  test('nothing is healthy against an empty baseline', () => {
    const arena = makeArena();
    const baseline = { ...arena.baseline(), deployments: [] };
    expect(evaluate({ snapshot: arena.snapshot(baseline), baseline, faults: [] })).toMatchObject({ verdict: 'broken', complete: false });
  });

  test('what cannot be read is broken, not healthy', () => {
    const result = judge((a) => {
      a.quotas[0].spec.hard = { ...a.quotas[0].spec.hard, pods: 'many' };
    });
    expect(result).toMatchObject({ verdict: 'broken', finding: { reason: 'CannotJudge' } });
  });

  test('it knows when the arena was last restless and who was last served', () => {
    const result = judge((a) => {
      a.rollOut(API, 30);
      a.transactions = [failedPayment(20), paid(10), paid(5)];
    });
    expect(result.quietSince).toEqual(failedPayment(20).finishedAt);
    expect(result.lastServedAt).toEqual(paid(5).startedAt);
  });
});
