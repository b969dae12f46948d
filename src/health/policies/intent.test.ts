import { expect, test } from '@jest/globals';
import { API, type Case, DB, judge } from '../testing.ts';

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
];

test.each(broken)('it is broken when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.finding).toMatchObject({ reason, settling: false });
  expect(result.verdict).toBe('broken');
});
