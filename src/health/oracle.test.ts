import { describe, expect, test } from '@jest/globals';
import { evaluate } from './oracle.ts';
import type { JudgedFault } from './policy.ts';
import { ago, clone, failedPayment, makeArena, NOW, paid, type TestArena } from './testing.ts';

const API = 'payments/payment-api';
const DB = 'payments/payment-db';
const target: JudgedFault = { target: { namespace: 'payments', name: 'payment-api' }, proof: [] };

/** The oracle's word on an arena that was healthy, then changed. */
function judge(change: (arena: TestArena) => void, faults: readonly JudgedFault[] = [target]) {
  const arena = makeArena();
  const baseline = arena.baseline();
  change(arena);
  return evaluate({ snapshot: arena.snapshot(baseline), baseline, faults });
}

type Case = [sentence: string, change: (arena: TestArena) => void, reason: string];

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

const broken: Case[] = [
  ['a workload is gone', (a) => void a.deployments.shift(), 'WorkloadMissing'],
  ['a ConfigMap is gone', (a) => void a.absent.add('ConfigMap payments/payment-db-config'), 'ObjectMissing'],
  [
    'a rollout is paused',
    (a) => {
      a.deployment(API).spec.paused = true;
    },
    'Paused',
  ],
  [
    'it is scaled to zero',
    (a) => {
      a.deployment(API).spec.replicas = 0;
      a.rollOut(API);
    },
    'TooFewReplicas',
  ],
  [
    'one replica of two runs',
    (a) => {
      a.deployment(API).spec.replicas = 1;
      a.rollOut(API);
    },
    'TooFewReplicas',
  ],
  [
    'a singleton runs twice',
    (a) => {
      a.deployment(DB).spec.replicas = 2;
      a.rollOut(DB);
    },
    'SingletonScaled',
  ],
  [
    'a workload that no fault touched got more memory',
    (a) => {
      a.container(DB).resources = { limits: { memory: '512Mi' } };
    },
    'TemplateChanged',
  ],
  [
    'a workload that no fault touched has an older image',
    (a) => {
      a.container(DB).image = 'registry.local/shop/payment-db:2.3.0';
    },
    'TemplateChanged',
  ],
  [
    'the target runs the image of another workload',
    (a) => {
      a.container(API).image = 'registry.local/shop/auth-service:2.4.1';
    },
    'TemplateChanged',
  ],
  [
    'the target runs a stub',
    (a) => {
      a.container(API).image = 'registry.k8s.io/pause:3.10';
    },
    'TemplateChanged',
  ],
  [
    'the memory limit is gone',
    (a) => {
      a.container(API).resources = { requests: { memory: '64Mi' } };
    },
    'TemplateChanged',
  ],
  [
    'the memory limit is absurd',
    (a) => {
      a.container(API).resources = { limits: { memory: '64Gi' } };
    },
    'TemplateChanged',
  ],
  [
    'the memory limit is below what it asks for',
    (a) => {
      a.container(API).resources = { limits: { memory: '20Mi' } };
    },
    'TemplateChanged',
  ],
  ['the liveness probe is gone', (a) => void delete a.container(API).livenessProbe, 'TemplateChanged'],
  [
    'the liveness probe always succeeds',
    (a) => {
      a.container(API).livenessProbe = { exec: { command: ['true'] } };
    },
    'TemplateChanged',
  ],
  [
    'the liveness probe only opens the port',
    (a) => {
      a.container(API).livenessProbe = { tcpSocket: { port: 'http' } };
    },
    'TemplateChanged',
  ],
  [
    'the liveness probe waits a day',
    (a) => {
      a.container(API).livenessProbe = { ...a.container(API).livenessProbe, initialDelaySeconds: 86400 };
    },
    'TemplateChanged',
  ],
  [
    'the readiness probe asks for another path',
    (a) => {
      a.container(API).readinessProbe = { httpGet: { path: '/healthz', port: 'http' } };
    },
    'TemplateChanged',
  ],
  [
    'the command was replaced',
    (a) => {
      a.container(API).command = ['sleep', '1000'];
    },
    'TemplateChanged',
  ],
  [
    'a variable was changed',
    (a) => {
      a.container(API).env = [{ name: 'DATABASE_URL', value: 'postgres://elsewhere' }];
    },
    'TemplateChanged',
  ],
  [
    'a sidecar was added',
    (a) => void a.deployment(API).spec.template.spec.containers.push({ name: 'proxy', image: 'x' }),
    'TemplateChanged',
  ],
  [
    'the quota is gone',
    (a) => {
      a.quotas = [];
    },
    'QuotaMissing',
  ],
  [
    'the quota no longer limits pods',
    (a) => {
      a.quotas[0].spec.hard = { 'requests.cpu': '500m', 'requests.memory': '1Gi', 'limits.memory': '3Gi' };
    },
    'QuotaChanged',
  ],
  [
    'the quota allows everything',
    (a) => {
      a.quotas[0].spec.hard = { ...a.quotas[0].spec.hard, 'limits.memory': '1Ti' };
    },
    'QuotaChanged',
  ],
  [
    'the quota counts only some pods',
    (a) => {
      a.quotas[0].spec.scopes = ['BestEffort'];
    },
    'QuotaChanged',
  ],
  [
    'the quota has no room for a replacement',
    (a) => {
      a.quotas[0].spec.hard = { ...a.quotas[0].spec.hard, pods: '2' };
    },
    'QuotaTooTight',
  ],
  ['a Service is gone', (a) => void a.services.shift(), 'ServiceMissing'],
  [
    'a Service leads to another port',
    (a) => {
      a.service(API).spec.ports = [{ port: 8080, targetPort: 9090 }];
    },
    'ServiceChanged',
  ],
  [
    'a Service leads outside',
    (a) => {
      a.service(API).spec.externalIPs = ['192.0.2.1'];
    },
    'ServiceChanged',
  ],
  [
    'a Service became an alias',
    (a) => void Object.assign(a.service(API).spec, { type: 'ExternalName', externalName: 'x' }),
    'ServiceChanged',
  ],
  [
    'a Service selects a stand-in',
    (a) => {
      a.service(API).spec.selector = { run: 'standin' };
      const pod = clone(a.podsOf(DB)[0]);
      a.pods.push({
        ...pod,
        metadata: { ...pod.metadata, namespace: 'payments', uid: 'fake', labels: { run: 'standin' }, ownerReferences: [] },
      });
    },
    'ServicePolluted',
  ],
  [
    'a stand-in carries the labels of the target',
    (a) => {
      const pod = clone(a.podsOf(API)[0]);
      a.pods.push({ ...pod, metadata: { ...pod.metadata, name: 'standin', uid: 'fake', ownerReferences: [] } });
    },
    'ServicePolluted',
  ],
  [
    'a Service selects nothing',
    (a) => {
      a.service(API).spec.selector = { app: 'nothing' };
    },
    'ServiceMisses',
  ],
  [
    'its pods crash',
    (a) => void a.setContainers(API, { state: { waiting: { reason: 'CrashLoopBackOff' } }, restartCount: 3 }),
    'CrashLoopBackOff',
  ],
  ['its image cannot be pulled', (a) => void a.setContainers(API, { state: { waiting: { reason: 'ErrImagePull' } } }), 'ErrImagePull'],
  [
    'its container was just killed for memory',
    (a) => void a.setContainers(API, { state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }),
    'OOMKilled',
  ],
  [
    'its pods run for minutes and are not ready',
    (a) => void a.setContainers(API, { state: { running: { startedAt: ago(300) } } }, 200),
    'NotReady',
  ],
  [
    'its pods were evicted',
    (a) => {
      for (const p of a.podsOf(API)) p.status = { phase: 'Failed', reason: 'Evicted' };
    },
    'Evicted',
  ],
  [
    'its pods cannot be scheduled for a while',
    (a) => {
      for (const p of a.podsOf(API)) {
        p.metadata.creationTimestamp = ago(60);
        p.status = {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' }],
        };
      }
    },
    'Unschedulable',
  ],
  [
    'its pods are refused for a reason that stays',
    (a) => {
      a.pods = a.pods.filter((p) => !a.podsOf(API).includes(p));
      const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'violates PodSecurity' }];
      a.deployment(API).status = { observedGeneration: 3, conditions };
    },
    'FailedCreate',
  ],
  [
    'customers cannot pay though all pods have been ready for long',
    (a) => {
      a.transactions = [paid(60), failedPayment(3)];
    },
    'CustomersHurt',
  ],
];

describe('broken', () => {
  test.each(broken)('when %s', (_, change, reason) => {
    const result = judge(change);
    expect(result.finding).toMatchObject({ reason, settling: false });
    expect(result.verdict).toBe('broken');
  });
});

const settling: Case[] = [
  [
    'the controller has not looked at a change yet',
    (a) => {
      a.deployment(API).metadata.generation = 4;
    },
    'NotObserved',
  ],
  [
    'there is no ReplicaSet for the new template yet',
    (a) => {
      a.replicaSets = a.replicaSets.filter((s) => !s.metadata.name.startsWith('payment-api'));
    },
    'NotRolledOut',
  ],
  [
    'the new ReplicaSet has no pods yet',
    (a) => {
      a.pods = a.pods.filter((p) => !a.podsOf(API).includes(p));
    },
    'RollingOut',
  ],
  [
    'its containers are being made',
    (a) => {
      a.setContainers(API, { state: { waiting: { reason: 'ContainerCreating' } } });
      for (const p of a.podsOf(API)) p.metadata.creationTimestamp = ago(2);
    },
    'Starting',
  ],
  [
    'its pods started a moment ago and are not ready',
    (a) => void a.setContainers(API, { state: { running: { startedAt: ago(2) } } }),
    'NotReady',
  ],
  [
    'pods of the deleted Deployment of the same name are still there',
    (a) => {
      const old = clone(a.podsOf(API));
      a.replicaSets = a.replicaSets.filter((s) => !s.metadata.name.startsWith('payment-api'));
      a.deployment(API).metadata.uid = 'again';
      a.rollOut(API);
      a.pods.push(...old);
    },
    'ServiceFollows',
  ],
  [
    'an old pod still stops',
    (a) => {
      const pod = clone(a.podsOf(API)[0]);
      a.pods.push({
        ...pod,
        metadata: { ...pod.metadata, uid: 'old', deletionTimestamp: ago(-2) },
        status: { ...pod.status, conditions: [] },
      });
    },
    'Terminating',
  ],
  [
    'a pod of the older template still runs',
    (a) => {
      const old = clone(a.podsOf(API)[0]);
      a.rollOut(API);
      a.pods.push(old);
    },
    'OldPods',
  ],
  [
    'the status of the Deployment is behind',
    (a) => {
      a.deployment(API).status = { ...a.deployment(API).status, availableReplicas: 1 };
    },
    'StatusBehind',
  ],
  [
    'refused pods fit the quota again',
    (a) => {
      a.pods = a.pods.filter((p) => !a.podsOf(API).includes(p));
      const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota: team-payments' }];
      a.deployment(API).status = { observedGeneration: 3, conditions };
    },
    'FailedCreate',
  ],
  [
    'no customer has tried since',
    (a) => {
      a.rollOut(API, 3);
      a.transactions = [paid(10)];
    },
    'NotTried',
  ],
  [
    'a payment failed right after the pods were ready',
    (a) => {
      a.rollOut(API, 3);
      a.transactions = [failedPayment(2)];
    },
    'CustomersHurt',
  ],
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

describe('settling', () => {
  test.each(settling)('when %s', (_, change, reason) => {
    const result = judge(change);
    expect(result.verdict).toBe('settling');
    expect(result.finding).toMatchObject({ reason, settling: true });
  });
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
    expect(judge(() => {}, [{ ...target, proof: [() => [finding]] }])).toMatchObject({ verdict: 'broken', finding, fixed: [false] });
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
