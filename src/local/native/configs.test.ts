import { describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { addonManifests, COREFILE } from './addons.ts';
import { cniConfig, containerdConfig, kubeadmConfig, kubeletConfig, kubeProxyConfig, registryHosts, schedulerConfig } from './configs.ts';

/** The TOML that containerd reads is a flat list of sections here; good enough to compare, and fails on what is malformed. */
function sections(toml: string): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = { '': {} };
  let current = '';
  for (const line of toml.split('\n').filter(Boolean)) {
    const header = line.match(/^\s*\[(.+)\]$/)?.[1];
    if (header) {
      if (found[header]) throw new Error(`section ${header} twice`);
      current = header;
      found[current] = {};
      continue;
    }
    const [, key, value] = line.match(/^\s*(\w+) = (.+)$/) ?? [];
    if (!key || value === undefined) throw new Error(`not TOML: ${line}`);
    (found[current] as Record<string, string>)[key] = value;
  }
  return found;
}

describe('containerd', () => {
  const options = { runtime: 'crun', snapshotter: 'overlayfs', cniBin: '/usr/lib/cni', restrictOomScore: true } as const;

  test('version 1 has one plugin for all of CRI', () => {
    const toml = sections(containerdConfig({ major: 1, ...options }));
    const cri = 'plugins."io.containerd.grpc.v1.cri"';
    expect(toml['']).toMatchObject({ version: '2' });
    expect(toml[cri]).toEqual({ sandbox_image: '"registry.local/pause:1"', disable_apparmor: 'true', restrict_oom_score_adj: 'true' });
    expect(toml[`${cri}.containerd`]).toEqual({ snapshotter: '"overlayfs"' });
    expect(toml[`${cri}.cni`]).toEqual({ bin_dir: '"/usr/lib/cni"', conf_dir: '"/etc/cni/net.d"' });
    expect(toml[`${cri}.containerd.runtimes.runc.options`]).toMatchObject({ BinaryName: '"crun"' });
    expect(toml[`${cri}.registry`]).toEqual({ config_path: '"/etc/containerd/certs.d"' });
  });

  test('version 2 has one for images and one for the runtime', () => {
    const toml = sections(containerdConfig({ major: 2, ...options }));
    const [runtime, images] = ['plugins."io.containerd.cri.v1.runtime"', 'plugins."io.containerd.cri.v1.images"'];
    expect(toml['']).toMatchObject({ version: '3' });
    expect(toml[`${images}.pinned_images`]).toEqual({ sandbox: '"registry.local/pause:1"' });
    expect(toml[images]).toEqual({ snapshotter: '"overlayfs"' });
    expect(toml[`${images}.registry`]).toEqual({ config_path: '"/etc/containerd/certs.d"' });
    expect(toml[runtime]).toEqual({ disable_apparmor: 'true', restrict_oom_score_adj: 'true' });
    expect(toml[`${runtime}.cni`]).toMatchObject({ bin_dir: '"/usr/lib/cni"' });
  });

  test('every pull goes to the registry on the node', () => {
    expect(registryHosts()).toContain('[host."http://127.0.0.1:5000"]');
  });
});

describe('kubeadm', () => {
  const documents = parseAllDocuments(
    kubeadmConfig({
      clusterName: 'two',
      address: '198.18.0.6',
      endpoint: '198.18.0.6:6443',
      pkiDir: '/x/pki',
      kubernetesVersion: '1.35.4',
    }),
  ).map((document) => document.toJS());

  test('it makes certificates for the address of the node and for loopback', () => {
    expect(documents.map((d) => d.kind)).toEqual(['InitConfiguration', 'ClusterConfiguration']);
    expect(documents[0].localAPIEndpoint).toEqual({ advertiseAddress: '198.18.0.6', bindPort: 6443 });
    expect(documents[1]).toMatchObject({
      clusterName: 'two',
      controlPlaneEndpoint: '198.18.0.6:6443',
      certificatesDir: '/x/pki',
      kubernetesVersion: 'v1.35.4',
      apiServer: { certSANs: ['198.18.0.6', '127.0.0.1', 'localhost'] },
    });
  });
});

describe('the node', () => {
  test('kubelet restarts crashed containers every two seconds at most, and pulls side by side', () => {
    expect(parse(kubeletConfig({ cgroupV1: true }))).toMatchObject({
      crashLoopBackOff: { maxContainerRestartPeriod: '2s' },
      serializeImagePulls: false,
      maxPods: 500,
      failCgroupV1: false,
      authentication: { anonymous: { enabled: false } },
    });
  });

  test('kubelet is told to accept cgroup v1 only where the host has it', () => {
    expect(parse(kubeletConfig({ cgroupV1: false }))).not.toHaveProperty('failCgroupV1');
  });

  test('kube-proxy leaves the connection tracking limits of the host alone and listens on loopback', () => {
    expect(parse(kubeProxyConfig())).toMatchObject({
      conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
      healthzBindAddress: '127.0.0.1:10256',
      metricsBindAddress: '127.0.0.1:10249',
      iptables: { localhostNodePorts: false },
    });
  });

  test('the scheduler does not wait for an election', () => {
    expect(parse(schedulerConfig())).toMatchObject({ leaderElection: { leaderElect: false } });
  });

  test('pods hang on one bridge', () => {
    expect(JSON.parse(cniConfig()).plugins[0]).toMatchObject({ type: 'bridge', bridge: 'cni0', ipMasq: false });
  });
});

describe('add-ons', () => {
  const objects = parseAllDocuments(addonManifests()).map((document) => document.toJS());

  test('cluster DNS has no reverse zone and asks no server outside', () => {
    expect(COREFILE).not.toMatch(/arpa|forward/);
    expect(objects.find((o) => o.kind === 'Service' && o.metadata.name === 'kube-dns').spec.clusterIP).toBe('10.96.0.10');
  });

  test('every image is one that the node was given', () => {
    const images = objects.filter((o) => o.kind === 'Deployment').map((o) => o.spec.template.spec.containers[0].image);
    expect(images).toEqual(['registry.local/coredns:1.14.7', 'registry.local/metrics-server:0.9.0']);
  });

  test('no role may do everything', () => {
    const verbs = objects
      .filter((o) => o.kind === 'ClusterRole')
      .flatMap((o) => o.rules.flatMap((rule: { verbs: string[] }) => rule.verbs));
    expect(new Set(verbs)).toEqual(new Set(['get', 'list', 'watch']));
  });
});
