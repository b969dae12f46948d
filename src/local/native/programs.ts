import { API_PORT, IN_NODE, NODE_NAME, POD_CIDR, REGISTRY_ADDRESS, SERVICE_CIDR } from './configs.ts';

/** A program of the node, as `nodeinit` takes it. */
export interface Program {
  name: string;
  argv: string[];
  env?: string[];
  /** `unix:PATH` or `tcp:HOST:PORT` that must accept connections before it is started. */
  waitFor?: string;
}

const flags = (values: Record<string, string | number | boolean>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);

/** etcd's flags. It answers nobody without a client certificate, and on loopback alone. */
export function etcdFlags(o: { dataDir: string; pki: string; clientPort: number; peerPort: number }): string[] {
  return flags({
    name: NODE_NAME,
    'data-dir': o.dataDir,
    'listen-client-urls': `https://127.0.0.1:${o.clientPort}`,
    'advertise-client-urls': `https://127.0.0.1:${o.clientPort}`,
    'listen-peer-urls': `https://127.0.0.1:${o.peerPort}`,
    'initial-advertise-peer-urls': `https://127.0.0.1:${o.peerPort}`,
    'initial-cluster': `${NODE_NAME}=https://127.0.0.1:${o.peerPort}`,
    'client-cert-auth': true,
    'trusted-ca-file': `${o.pki}/etcd/ca.crt`,
    'cert-file': `${o.pki}/etcd/server.crt`,
    'key-file': `${o.pki}/etcd/server.key`,
    'peer-client-cert-auth': true,
    'peer-trusted-ca-file': `${o.pki}/etcd/ca.crt`,
    'peer-cert-file': `${o.pki}/etcd/peer.crt`,
    'peer-key-file': `${o.pki}/etcd/peer.key`,
    // The data dies with the node: nothing is worth waiting for a disk.
    'unsafe-no-fsync': true,
    'quota-backend-bytes': 4 * 1024 ** 3,
    'log-level': 'warn',
  });
}

/** kube-apiserver's flags; `address` and `port` are where it listens and what it advertises. */
export function apiServerFlags(o: { address: string; port: number; pki: string; etcdPort: number; bindAddress: string }): string[] {
  return flags({
    'advertise-address': o.address,
    'bind-address': o.bindAddress,
    'secure-port': o.port,
    'etcd-servers': `https://127.0.0.1:${o.etcdPort}`,
    'etcd-cafile': `${o.pki}/etcd/ca.crt`,
    'etcd-certfile': `${o.pki}/apiserver-etcd-client.crt`,
    'etcd-keyfile': `${o.pki}/apiserver-etcd-client.key`,
    'service-cluster-ip-range': SERVICE_CIDR,
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'allow-privileged': true,
    'client-ca-file': `${o.pki}/ca.crt`,
    'tls-cert-file': `${o.pki}/apiserver.crt`,
    'tls-private-key-file': `${o.pki}/apiserver.key`,
    'kubelet-client-certificate': `${o.pki}/apiserver-kubelet-client.crt`,
    'kubelet-client-key': `${o.pki}/apiserver-kubelet-client.key`,
    'kubelet-preferred-address-types': 'InternalIP',
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': `${o.pki}/sa.pub`,
    'service-account-signing-key-file': `${o.pki}/sa.key`,
    'requestheader-client-ca-file': `${o.pki}/front-proxy-ca.crt`,
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-username-headers': 'X-Remote-User',
    'proxy-client-cert-file': `${o.pki}/front-proxy-client.crt`,
    'proxy-client-key-file': `${o.pki}/front-proxy-client.key`,
    'enable-aggregator-routing': true,
  });
}

/** kube-controller-manager's flags. Request rates allow for arenas that come and go by the dozen. */
export function controllerManagerFlags(o: { kubeconfig: string; pki: string; port?: number }): string[] {
  return flags({
    kubeconfig: o.kubeconfig,
    'authentication-kubeconfig': o.kubeconfig,
    'authorization-kubeconfig': o.kubeconfig,
    'bind-address': '127.0.0.1',
    ...(o.port ? { 'secure-port': o.port } : {}),
    'leader-elect': false,
    'use-service-account-credentials': true,
    'root-ca-file': `${o.pki}/ca.crt`,
    'service-account-private-key-file': `${o.pki}/sa.key`,
    'cluster-signing-cert-file': `${o.pki}/ca.crt`,
    'cluster-signing-key-file': `${o.pki}/ca.key`,
    'client-ca-file': `${o.pki}/ca.crt`,
    'requestheader-client-ca-file': `${o.pki}/front-proxy-ca.crt`,
    'allocate-node-cidrs': true,
    'cluster-cidr': POD_CIDR,
    'node-cidr-mask-size': 16,
    'service-cluster-ip-range': SERVICE_CIDR,
    'concurrent-namespace-syncs': 20,
    'kube-api-qps': 200,
    'kube-api-burst': 400,
  });
}

/** All programs of a node whose API server advertises `address`, in the order in which `status` lists them. */
export function nodePrograms(o: { address: string }): Program[] {
  const at = (program: string) => `${IN_NODE.bin}/${program}`;
  const api = `tcp:${o.address}:${API_PORT}`;
  const kubeconfig = (user: string) => `${IN_NODE.kubeconfigs}/${user}.conf`;
  return [
    { name: 'etcd', argv: [at('etcd'), ...etcdFlags({ dataDir: '/var/lib/etcd', pki: IN_NODE.pki, clientPort: 2379, peerPort: 2380 })] },
    {
      name: 'kube-apiserver',
      argv: [
        at('kube-apiserver'),
        ...apiServerFlags({ address: o.address, port: API_PORT, pki: IN_NODE.pki, etcdPort: 2379, bindAddress: '0.0.0.0' }),
      ],
      // A fifth of its time went into collecting garbage (docs/performance.md): memory up to the limit is cheaper here than processor time.
      env: ['GOGC=400', 'GOMEMLIMIT=1536MiB'],
      waitFor: 'tcp:127.0.0.1:2379',
    },
    {
      name: 'kube-controller-manager',
      argv: [at('kube-controller-manager'), ...controllerManagerFlags({ kubeconfig: kubeconfig('controller-manager'), pki: IN_NODE.pki })],
      waitFor: api,
    },
    {
      name: 'kube-scheduler',
      argv: [at('kube-scheduler'), `--config=${IN_NODE.config}/scheduler.yaml`, '--bind-address=127.0.0.1'],
      waitFor: api,
    },
    {
      name: 'registry',
      argv: [at('crane'), 'registry', 'serve', '--address', REGISTRY_ADDRESS],
      env: [`PORT=${REGISTRY_ADDRESS.split(':')[1]}`],
    },
    { name: 'containerd', argv: ['/usr/bin/containerd', '-c', `${IN_NODE.config}/containerd.toml`] },
    {
      name: 'kubelet',
      argv: [
        at('kubelet'),
        `--config=${IN_NODE.config}/kubelet.yaml`,
        `--kubeconfig=${kubeconfig('kubelet')}`,
        `--node-ip=${o.address}`,
        `--hostname-override=${NODE_NAME}`,
        '--cert-dir=/var/lib/kubelet/pki',
      ],
      waitFor: `unix:${IN_NODE.containerdSocket}`,
    },
    {
      name: 'kube-proxy',
      argv: [at('kube-proxy'), `--config=${IN_NODE.config}/kube-proxy.yaml`],
      waitFor: api,
    },
    {
      name: 'netpold',
      argv: [at('netpold'), `-kubeconfig=${kubeconfig('netpold')}`, `-node=${NODE_NAME}`, `-service-cidr=${SERVICE_CIDR}`],
      waitFor: api,
    },
  ];
}
