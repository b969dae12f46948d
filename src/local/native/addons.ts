import { stringify } from 'yaml';
import { GYM_NAMESPACE, SYSTEM_NAMESPACE } from '../../api/group.ts';
import { DNS_ADDRESS } from './configs.ts';
import { COREDNS_IMAGE, METRICS_SERVER_IMAGE } from './system-images.ts';

/**
 * Answers for services alone, and not for those of the gym, whose very existence pods are not to learn; a block of its own for the rest, because CoreDNS asks `template` before `kubernetes`. No reverse zone: an address must not tell the name of whatever else runs here. Everything else does not exist.
 */
export const COREFILE = `cluster.local {
    errors
    health {
        lameduck 1s
    }
    ready
    kubernetes cluster.local {
        ttl 5
        namespace_labels "kubernetes.io/metadata.name notin (${GYM_NAMESPACE}, ${SYSTEM_NAMESPACE})"
    }
}
. {
    template ANY ANY . {
        rcode NXDOMAIN
    }
}
`;

const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'kube-system' } });

const rules = (name: string, list: { apiGroups: string[]; resources: string[]; verbs: string[] }[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules: list,
});

const bind = (name: string, role: string, subject: { kind: 'ServiceAccount' | 'User'; name: string }) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [subject.kind === 'User' ? { apiGroup: 'rbac.authorization.k8s.io', ...subject } : { namespace: 'kube-system', ...subject }],
});

const watch = ['get', 'list', 'watch'];

function coredns(): object[] {
  const labels = { 'k8s-app': 'kube-dns' };
  return [
    account('coredns'),
    rules('system:coredns', [
      { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: watch },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: watch },
    ]),
    bind('system:coredns', 'system:coredns', { kind: 'ServiceAccount', name: 'coredns' }),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coredns', namespace: 'kube-system' }, data: { Corefile: COREFILE } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace: 'kube-system', labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: 'coredns',
            priorityClassName: 'system-cluster-critical',
            terminationGracePeriodSeconds: 5,
            containers: [
              {
                name: 'coredns',
                image: COREDNS_IMAGE,
                args: ['-conf', '/etc/coredns/Corefile'],
                ports: [
                  { name: 'dns', containerPort: 53, protocol: 'UDP' },
                  { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
                ],
                resources: { requests: { cpu: '50m', memory: '40Mi' }, limits: { memory: '170Mi' } },
                readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 2 },
                livenessProbe: { httpGet: { path: '/health', port: 8080 }, initialDelaySeconds: 30 },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
                },
                volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
              },
            ],
            volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system', labels },
      spec: {
        clusterIP: DNS_ADDRESS,
        selector: labels,
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        ],
      },
    },
  ];
}

function metricsServer(): object[] {
  const labels = { 'k8s-app': 'metrics-server' };
  const name = 'metrics-server';
  return [
    account(name),
    rules('system:metrics-server', [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: watch },
    ]),
    bind('system:metrics-server', 'system:metrics-server', { kind: 'ServiceAccount', name }),
    bind('metrics-server:system:auth-delegator', 'system:auth-delegator', { kind: 'ServiceAccount', name }),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'metrics-server-auth-reader', namespace: 'kube-system' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'extension-apiserver-authentication-reader' },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'kube-system' }],
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: 'kube-system', labels },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            priorityClassName: 'system-cluster-critical',
            terminationGracePeriodSeconds: 5,
            containers: [
              {
                name,
                image: METRICS_SERVER_IMAGE,
                args: [
                  '--cert-dir=/tmp',
                  '--secure-port=10250',
                  '--kubelet-preferred-address-types=InternalIP',
                  '--kubelet-insecure-tls',
                  // It refuses 10 s and less.
                  '--metric-resolution=15s',
                ],
                ports: [{ name: 'https', containerPort: 10250 }],
                resources: { requests: { cpu: '50m', memory: '50Mi' }, limits: { memory: '300Mi' } },
                readinessProbe: { httpGet: { path: '/readyz', port: 'https', scheme: 'HTTPS' }, periodSeconds: 5, failureThreshold: 3 },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  runAsNonRoot: true,
                  capabilities: { drop: ['ALL'] },
                },
                volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
              },
            ],
            volumes: [{ name: 'tmp', emptyDir: {} }],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'kube-system', labels },
      spec: { selector: labels, ports: [{ name: 'https', port: 443, targetPort: 'https' }] },
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name, namespace: 'kube-system' },
      },
    },
  ];
}

/** The rights of the program that enforces NetworkPolicy on the node; it identifies itself by a client certificate. */
function netpold(): object[] {
  return [
    rules('system:netpold', [
      { apiGroups: [''], resources: ['pods', 'namespaces', 'nodes', 'services'], verbs: watch },
      { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: watch },
    ]),
    bind('system:netpold', 'system:netpold', { kind: 'User', name: 'system:netpold' }),
  ];
}

/** Logs, exec and metrics: the API server asks the kubelet under this name. */
function kubeletAccess(): object[] {
  return [bind('kubelet-api-admin', 'system:kubelet-api-admin', { kind: 'User', name: 'kube-apiserver-kubelet-client' })];
}

/** Everything that is applied to a new cluster, as one YAML stream. */
export function addonManifests(): string {
  return [...kubeletAccess(), ...netpold(), ...coredns(), ...metricsServer()].map((object) => stringify(object)).join('---\n');
}
