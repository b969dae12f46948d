import { createHash } from 'node:crypto';
import { REVISION } from '../../health/arena-view.ts';
import type { Deployment, ReplicaSet } from '../../kube/types.ts';

/** Field manager of what the Deployment controller writes. */
export const DEPLOYMENT_CONTROLLER = 'kube-controller-manager';
const TEMPLATE_HASH = 'pod-template-hash';
/** Kubernetes spells hashes without vowels and look-alikes (k8s.io/apimachinery/pkg/util/rand). */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * What an older revision of a Deployment leaves behind once it was rolled over: a ReplicaSet of its template, scaled to 0, as the Deployment
 * controller would have made it. Writing history costs one object and no pod; living through it costs a rollout.
 */
export function pastRevision(older: Deployment, revision: number): ReplicaSet {
  const { template, selector, strategy, minReadySeconds, replicas = 1 } = older.spec;
  const hash = templateHash(template);
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${older.metadata.name}-${hash}`,
      namespace: older.metadata.namespace,
      labels,
      annotations: {
        ...older.metadata.annotations,
        'deployment.kubernetes.io/desired-replicas': `${replicas}`,
        'deployment.kubernetes.io/max-replicas': `${replicas + surge(replicas, strategy)}`,
        [REVISION]: `${revision}`,
      },
    },
    spec: {
      replicas: 0,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Ten characters, like the controller's; any will do, because it finds ReplicaSets by their template. */
function templateHash(template: Deployment['spec']['template']): string {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return Array.from(digest.subarray(0, 10), (byte) => SAFE[byte % SAFE.length]).join('');
}

function surge(replicas: number, strategy: Deployment['spec']['strategy']): number {
  if (strategy?.type === 'Recreate') return 0;
  const max = strategy?.rollingUpdate?.maxSurge ?? '25%';
  return typeof max === 'number' ? max : Math.ceil((replicas * Number.parseInt(max, 10)) / 100);
}
