import { ARENA_LABEL, PLAIN_NAMESPACE_LABEL } from '../../api/group.ts';
import type { KubeObject } from '../../kube/types.ts';

/** Identity that the arena view gives the agent's kubectl; lives in the first namespace of the arena, bound in each. */
export const ONCALL = 'oncall';
/** Name of the objects that fence what an agent makes, or its first word; a ValidatingAdmissionPolicy keeps agents off them. */
const GUARD = 'guard';

/** Whether a quota of an arena namespace is one of ours and not the app's. */
export const isGuard = ({ metadata: { name } }: KubeObject): boolean => name === GUARD || name.startsWith(`${GUARD}-`);

const apiVersionRbac = 'rbac.authorization.k8s.io/v1';

/** A namespace of an arena: PSA baseline enforced, and the label that holds operator and gateway to it. */
export function arenaNamespace(real: string, plain: string, arena: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: real,
      labels: {
        [ARENA_LABEL]: arena,
        [PLAIN_NAMESPACE_LABEL]: plain,
        'pod-security.kubernetes.io/enforce': 'baseline',
        'pod-security.kubernetes.io/enforce-version': 'latest',
      },
    },
  };
}

/** Rights of the operator itself inside the arena; without them it could touch any namespace or none. */
export function operatorBinding(real: string, subject: RbacSubject): KubeObject {
  return binding(real, 'platform-admin', 'arena-operator', subject);
}

/** Lets the gateway ask for tokens of `oncall`, and nothing else. */
export function gatewayBinding(real: string, subject: RbacSubject): KubeObject {
  return binding(real, 'platform-access', 'arena-gateway', subject);
}

export interface RbacSubject {
  kind: 'ServiceAccount' | 'User' | 'Group';
  name: string;
  namespace?: string;
}

function binding(real: string, name: string, clusterRole: string, subject: RbacSubject): KubeObject {
  const group = subject.kind === 'ServiceAccount' ? '' : 'rbac.authorization.k8s.io';
  return {
    apiVersion: apiVersionRbac,
    kind: 'RoleBinding',
    metadata: { name, namespace: real },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRole },
    subjects: [{ apiGroup: group, ...subject }],
  } as KubeObject;
}

/**
 * What every arena namespace carries before any pod: the on-call's identity and rights, quota and limits for what an agent makes, and
 * NetworkPolicies that keep pods inside the arena. `home` is the namespace of the ServiceAccount; `nodeCidrs` may reach pods (API server
 * proxy, kubelet probes); `dns` is where names are looked up.
 */
export function guardObjects(real: string, home: string, o: { namespaces: readonly string[]; nodeCidrs: readonly string[] }): KubeObject[] {
  const oncall: RbacSubject = { kind: 'ServiceAccount', name: ONCALL, namespace: home };
  const objects: unknown[] = [
    // Made before Kubernetes makes it, so that no pod gets a token unless it asks, and none that asks is admitted.
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: real }, automountServiceAccountToken: false },
    ...(real === home
      ? [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ONCALL, namespace: real }, automountServiceAccountToken: false }]
      : []),
    binding(real, ONCALL, 'arena-oncall', oncall),
    // What controllers make by the dozen is counted apart: a create that loses to their counting four times is refused with a conflict.
    quota(real, GUARD, {
      pods: '30',
      'requests.cpu': '4',
      'limits.memory': '4Gi',
      'requests.storage': '1Gi',
      'count/replicasets.apps': '150',
    }),
    quota(real, `${GUARD}-objects`, {
      'count/deployments.apps': '30',
      'count/jobs.batch': '30',
      'count/cronjobs.batch': '20',
      'count/configmaps': '60',
      'count/secrets': '60',
      services: '30',
      'services.nodeports': '0',
      'services.loadbalancers': '0',
    }),
    {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: GUARD, namespace: real },
      spec: {
        limits: [
          {
            type: 'Container',
            default: { memory: '128Mi', cpu: '500m' },
            defaultRequest: { memory: '32Mi', cpu: '10m' },
            max: { memory: '2Gi' },
          },
        ],
      },
    },
    networkPolicy(real, o),
  ];
  return objects as KubeObject[];
}

function quota(real: string, name: string, hard: Record<string, string>): unknown {
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name, namespace: real }, spec: { hard } };
}

function networkPolicy(real: string, o: { namespaces: readonly string[]; nodeCidrs: readonly string[] }): unknown {
  const arena = {
    namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [...o.namespaces] }] },
  };
  const nodes = o.nodeCidrs.map((cidr) => ({ ipBlock: { cidr } }));
  const dns = {
    to: [
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
        podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      },
    ],
    ports: [
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ],
  };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${GUARD}-boundary`, namespace: real },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [arena, ...nodes] }], egress: [{ to: [arena] }, dns] },
  };
}
