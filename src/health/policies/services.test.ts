import { expect, test } from '@jest/globals';
import { API, type Case, clone, DB, judge } from '../testing.ts';

const broken: Case[] = [
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
];

test.each(broken)('it is broken when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.finding).toMatchObject({ reason, settling: false });
  expect(result.verdict).toBe('broken');
});

const settling: Case[] = [
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
];

test.each(settling)('it settles when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.verdict).toBe('settling');
  expect(result.finding).toMatchObject({ reason, settling: true });
});
