import { isSingleton } from '../../health/policies/intent.ts';
import type { RedHerring } from './red-herring.ts';

export const freshPods: RedHerring = {
  kind: 'fresh_pods',
  description: 'A healthy workload was restarted just now: its pods are young, and its newest revision is as new as the broken one.',
  params: {},
  makesPods: true,
  // A singleton keeps state that its replacement lacks.
  canTarget: ({ deployment }) => !isSingleton(deployment) && (deployment.spec.replicas ?? 1) > 0,
  mutations: ({ baseline, target }) => {
    const annotations = { 'kubectl.kubernetes.io/restartedAt': baseline.capturedAt.replace(/\.\d+Z$/, 'Z') };
    const { namespace, name } = target;
    const patch = { spec: { template: { metadata: { annotations } } } };
    return [{ verb: 'patch', kind: 'Deployment', namespace, name, type: 'strategic', patch }];
  },
};
