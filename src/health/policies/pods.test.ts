import { expect, test } from '@jest/globals';
import { API, ago, type Case, clone, judge } from '../testing.ts';

const broken: Case[] = [
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
];

test.each(broken)('it is broken when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.finding).toMatchObject({ reason, settling: false });
  expect(result.verdict).toBe('broken');
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
];

test.each(settling)('it settles when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.verdict).toBe('settling');
  expect(result.finding).toMatchObject({ reason, settling: true });
});
