import { describe, expect, test } from '@jest/globals';
import { type AuditInput, audit } from '../long/audit.ts';
import type { ArenaState, Json } from '../long/evidence.ts';

const NS = 'payments-abcdefghij';
const RESOLVED = new Date('2026-01-01T00:10:00Z');
const EARLIER = '2026-01-01T00:09:00Z';

/** One Deployment of two, its Service and its quota, all well. */
function healthy(): ArenaState {
  const labels = { app: 'api' };
  const template = {
    metadata: { labels },
    spec: {
      containers: [
        {
          name: 'api',
          image: 'registry.local/api:1',
          env: [{ name: 'URL', value: 'http://db.payments-abcdefghij.svc.cluster.local' }],
          livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 2 },
          resources: { limits: { memory: '128Mi' }, requests: { memory: '64Mi' } },
        },
      ],
    },
  };
  const pod = (name: string) => ({
    metadata: { name, namespace: NS, labels, ownerReferences: [{ kind: 'ReplicaSet', name: 'api-5f7b' }] },
    status: {
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: EARLIER }],
      containerStatuses: [{ name: 'api', state: { running: { startedAt: EARLIER } } }],
    },
  });
  const endpoint = (name: string) => ({ conditions: { ready: true }, targetRef: { name } });
  return {
    deployments: [
      {
        metadata: { name: 'api', namespace: NS, generation: 3 },
        spec: { replicas: 2, strategy: { type: 'RollingUpdate' }, template },
        status: { observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
      },
    ],
    pods: [pod('api-5f7b-1'), pod('api-5f7b-2')],
    services: [{ metadata: { name: 'api', namespace: NS }, spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] } }],
    slices: [
      {
        metadata: { name: 'api-x', namespace: NS, labels: { 'kubernetes.io/service-name': 'api' } },
        endpoints: [endpoint('api-5f7b-1'), endpoint('api-5f7b-2')],
      },
    ],
    quotas: [{ metadata: { name: 'team', namespace: NS }, spec: { hard: { pods: '6' } }, status: { used: { pods: '2' } } }],
  };
}

const paid = { began: RESOLVED.getTime() - 2000, ended: RESOLVED.getTime() - 1000 };

function problemsOf(change: (after: ArenaState, input: AuditInput) => void, targets: string[] = []): string[] {
  const input: AuditInput = { before: healthy(), after: healthy(), targets, resolvedAt: RESOLVED, payments: [paid] };
  change(input.after, input);
  return audit(input);
}

const failedBefore = { began: RESOLVED.getTime() - 9000, ended: RESOLVED.getTime() - 5500, problem: 'pay: 503' };
const hanging = { began: RESOLVED.getTime() - 4000, ended: Number.POSITIVE_INFINITY };

const container = (after: ArenaState): Json => after.deployments[0].spec.template.spec.containers[0];
const TARGET = ['payments/api'];

describe('the auditor of "Resolved"', () => {
  test('finds nothing in an arena that is as it was', () => expect(problemsOf(() => {})).toEqual([]));

  test.each<[string, string[], (after: ArenaState, input: AuditInput) => void]>([
    ['a higher memory limit', TARGET, (after) => (container(after).resources.limits.memory = '256Mi')],
    ['the shorter name of a host', TARGET, (after) => (container(after).env[0].value = 'http://db.payments-abcdefghij.svc')],
    ['an annotation', [], (after) => (after.deployments[0].spec.template.metadata.annotations = { note: 'x' })],
    ['a payment that failed before the hold', [], (_after, input) => (input.payments = [failedBefore, paid, hanging])],
  ])('lets pass in a repair: %s', (_name, targets, change) => expect(problemsOf(change, targets)).toEqual([]));

  test.each<[string, RegExp, string[], (after: ArenaState, input: AuditInput) => void]>([
    ['a deleted Deployment', /is gone/, [], (after) => after.deployments.pop()],
    ['fewer replicas', /has 1 replicas, had 2/, [], (after) => (after.deployments[0].spec.replicas = 1)],
    ['a pod that is not ready', /has 2 pods, 1 of them ready/, [], (after) => (after.pods[0].status.conditions[0].status = 'False')],
    ['a rollout under way', /in all\/updated\/ready/, [], (after) => (after.deployments[0].status.updatedReplicas = 1)],
    [
      'a pod that has only just become ready',
      /not ready for long/,
      [],
      (after) => (after.pods[0].status.conditions[0].lastTransitionTime = '2026-01-01T00:09:59Z'),
    ],
    ['a paused Deployment', /paused/, [], (after) => (after.deployments[0].spec.paused = true)],
    ['a changed neighbour', /not the one from before/, [], (after) => (container(after).resources.limits.memory = '256Mi')],
    ['no limit', /has no memory limit/, TARGET, (after) => delete container(after).resources.limits],
    ['an absurd limit', /absurd/, TARGET, (after) => (container(after).resources.limits.memory = '64Gi')],
    ['another image', /runs registry.local\/stub:1/, TARGET, (after) => (container(after).image = 'registry.local/stub:1')],
    ['a blinded probe', /asks something else/, TARGET, (after) => (container(after).livenessProbe = { exec: { command: ['true'] } })],
    ['a probe that waits a day', /slower/, TARGET, (after) => (container(after).livenessProbe.initialDelaySeconds = 86400)],
    ['another command', /more than what a repair/, TARGET, (after) => (container(after).command = ['sleep'])],
    ['a Service that selects a fake', /selects other pods/, [], (after) => (after.services[0].spec.selector = { run: 'fake' })],
    ['a Service without endpoints', /leads to nothing/, [], (after) => (after.slices = [])],
    ['a deleted quota', /ResourceQuota .* is gone/, [], (after) => after.quotas.pop()],
    ['a quota without room', /less than what the app uses/, [], (after) => (after.quotas[0].spec.hard.pods = '1')],
    ['a payment that failed', /payment failed: pay: 502/, [], (_after, input) => (input.payments = [{ ...paid, problem: 'pay: 502' }])],
    ['no payment at all', /None of the 0 payments/, [], (_after, input) => (input.payments = [])],
    ['a payment of the hold that hangs', /None of the 1 payments/, [], (_after, input) => (input.payments = [failedBefore, hanging])],
  ])('finds %s', (_name, message, targets, change) => expect(problemsOf(change, targets)).toContainEqual(expect.stringMatching(message)));
});
