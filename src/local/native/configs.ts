import { stringify } from 'yaml';
import { IMAGE_REGISTRY } from '../../api/defaults.ts';
import { VERSIONS } from './versions.ts';

export const POD_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/16';
export const DNS_ADDRESS = '10.96.0.10';
export const NODE_NAME = 'node-1';
export const API_PORT = 6443;
export const REGISTRY_ADDRESS = '127.0.0.1:5000';
export const PAUSE_IMAGE = `${IMAGE_REGISTRY}/pause:${VERSIONS.pause}`;

/** Paths as the node sees them. */
export const IN_NODE = {
  bin: '/opt/node/bin',
  sbin: '/opt/node/sbin',
  config: '/etc/node',
  pki: '/etc/kubernetes/pki',
  kubeconfigs: '/etc/kubernetes',
  run: '/run/node',
  containerdSocket: '/run/node/containerd.sock',
  certsD: '/etc/containerd/certs.d',
  cniConf: '/etc/cni/net.d',
} as const;

/** kubeadm's configuration: used for certificates and kubeconfigs only, written for the host's paths. */
export function kubeadmConfig(o: {
  clusterName: string;
  address: string;
  endpoint: string;
  pkiDir: string;
  kubernetesVersion: string;
}): string {
  return [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: o.address, bindPort: API_PORT },
      nodeRegistration: { name: NODE_NAME },
    },
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'ClusterConfiguration',
      clusterName: o.clusterName,
      kubernetesVersion: `v${o.kubernetesVersion}`,
      certificatesDir: o.pkiDir,
      // Elliptic curves: all keys in 0.1 s; RSA takes seconds on two cores.
      encryptionAlgorithm: 'ECDSA-P256',
      controlPlaneEndpoint: o.endpoint,
      networking: { serviceSubnet: SERVICE_CIDR, podSubnet: POD_CIDR, dnsDomain: 'cluster.local' },
      apiServer: { certSANs: [o.address, '127.0.0.1', 'localhost'] },
    },
  ]
    .map((document) => stringify(document))
    .join('---\n');
}

/** kubelet's configuration. `cgroupV1`: the host has no unified cgroup hierarchy. */
export function kubeletConfig(o: { cgroupV1: boolean }): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failSwapOn: false,
    ...(o.cgroupV1 ? { failCgroupV1: false } : {}),
    cgroupDriver: 'cgroupfs',
    maxPods: 500,
    containerRuntimeEndpoint: `unix://${IN_NODE.containerdSocket}`,
    resolvConf: '/etc/resolv.conf',
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: 'cluster.local',
    authentication: { x509: { clientCAFile: `${IN_NODE.pki}/ca.crt` }, webhook: { enabled: true }, anonymous: { enabled: false } },
    authorization: { mode: 'Webhook' },
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '200Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    serializeImagePulls: false,
    registryPullQPS: 0,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    containerLogMaxSize: '5Mi',
    containerLogMaxFiles: 2,
    // A pod whose cause was mended is back at once; it still shows CrashLoopBackOff in between.
    crashLoopBackOff: { maxContainerRestartPeriod: '2s' },
  });
}

/** kube-proxy's configuration. Connection tracking limits belong to the host, so they are left alone. */
export function kubeProxyConfig(): string {
  return stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: `${IN_NODE.kubeconfigs}/kube-proxy.conf`, qps: 50, burst: 100 },
    clusterCIDR: POD_CIDR,
    hostnameOverride: NODE_NAME,
    mode: 'iptables',
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    iptables: { localhostNodePorts: false, minSyncPeriod: '100ms' },
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  });
}

/** kube-scheduler's configuration. */
export function schedulerConfig(): string {
  return stringify({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig: `${IN_NODE.kubeconfigs}/scheduler.conf`, qps: 200, burst: 400 },
    leaderElection: { leaderElect: false },
  });
}

/**
 * containerd's configuration for its major version; 2 renamed the plugins. `runtime`: the OCI runtime's program. `cniBin`: the node's folder of CNI
 * plugins.
 */
export function containerdConfig(o: {
  major: number;
  runtime: 'crun' | 'runc';
  snapshotter: 'overlayfs' | 'native';
  cniBin: string;
  restrictOomScore: boolean;
}): string {
  const quoted = JSON.stringify;
  const cni = (section: string) => `[plugins.${section}.cni]\nbin_dir = ${quoted(o.cniBin)}\nconf_dir = ${quoted(IN_NODE.cniConf)}\n`;
  const runc = (section: string) =>
    `[plugins.${section}.containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n[plugins.${section}.containerd.runtimes.runc.options]\nSystemdCgroup = false\nBinaryName = ${quoted(o.runtime)}\n`;
  const head = (version: number) =>
    `version = ${version}\nroot = "/var/lib/containerd"\nstate = "/run/containerd"\n[grpc]\naddress = ${quoted(IN_NODE.containerdSocket)}\n`;
  // AppArmor profiles would be loaded into the host's kernel.
  const common = `disable_apparmor = true\nrestrict_oom_score_adj = ${o.restrictOomScore}\n`;
  if (o.major < 2) {
    const cri = '"io.containerd.grpc.v1.cri"';
    return `${head(2)}[plugins.${cri}]\nsandbox_image = ${quoted(PAUSE_IMAGE)}\n${common}[plugins.${cri}.containerd]\nsnapshotter = ${quoted(o.snapshotter)}\n${runc(cri)}[plugins.${cri}.registry]\nconfig_path = ${quoted(IN_NODE.certsD)}\n${cni(cri)}`;
  }
  const [runtime, images] = ['"io.containerd.cri.v1.runtime"', '"io.containerd.cri.v1.images"'];
  return `${head(3)}[plugins.${images}]\nsnapshotter = ${quoted(o.snapshotter)}\n[plugins.${images}.pinned_images]\nsandbox = ${quoted(PAUSE_IMAGE)}\n[plugins.${images}.registry]\nconfig_path = ${quoted(IN_NODE.certsD)}\n[plugins.${runtime}]\n${common}${runc(runtime)}${cni(runtime)}`;
}

/** Sends every pull to the node's own registry, which knows no image and says so at once. */
export function registryHosts(): string {
  return `server = "http://${REGISTRY_ADDRESS}"\n[host."http://${REGISTRY_ADDRESS}"]\n  capabilities = ["pull", "resolve"]\n`;
}

/** The bridge that all pods hang on. No host ports: arenas forbid them, and their plugin starts iptables for every pod that goes. */
export function cniConfig(): string {
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: POD_CIDR }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  });
}
