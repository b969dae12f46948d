import { IN_NODE, POD_CIDR, SERVICE_CIDR } from './configs.ts';
import type { NodeIdentity } from './identity.ts';
import { nodePrograms, type Program } from './programs.ts';

interface Mount {
  type: 'bind' | 'overlay' | 'tmpfs';
  source?: string;
  lower?: string[];
  target: string;
  readOnly?: boolean;
}

/** What `nodeinit` reads; the Go type of the same name says what each field means. */
export interface NodeSpec {
  cgroup: string;
  hostname: string;
  newRoot: string;
  mounts: Mount[];
  links: Record<string, string>;
  files: Record<string, string>;
  masked: Record<string, string>;
  sysctls: Record<string, string>;
  network: string[][];
  env: string[];
  logDir: string;
  nodeLogDir: string;
  statusFile: string;
  programs: Program[];
}

/** What the host looks like, as far as the node's root is made of it. */
export interface HostLayout {
  /** Top-level folders (`/bin`, `/lib`, ...): the link's target, or null for a real folder. */
  topLevel: Record<string, string | null>;
  /** Files and folders of /etc that exist on the host and that programs of the node read. */
  etc: string[];
  /** Unpacked packages (their `usr`), or undefined where everything is installed on the host. */
  packagesUsr?: string;
  /** The variant of iptables that works with this kernel. */
  iptables: 'legacy' | 'nft';
  bridgeIpv6: boolean;
}

/**
 * Composes a node: a root of its own out of the host's `/usr` with our packages over it, state folders at their usual places, one link, no
 * route beyond the host, and the programs. Pure.
 */
export function nodeSpec(node: NodeIdentity, address: string, binDir: string, host: HostLayout): NodeSpec {
  const state = (path: string) => `${node.stateDir}/${path}`;
  const bind = (source: string, target: string, readOnly = false): Mount => ({ type: 'bind', source, target, readOnly });
  const path = [IN_NODE.sbin, IN_NODE.bin, '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':');
  const links: Record<string, string> = {};
  const mounts: Mount[] = [
    host.packagesUsr ? { type: 'overlay', lower: [host.packagesUsr, '/usr'], target: '/usr', readOnly: true } : bind('/usr', '/usr', true),
  ];
  for (const [name, target] of Object.entries(host.topLevel)) {
    if (target === null) mounts.push(bind(name, name, true));
    else links[name] = target;
  }
  for (const name of host.etc) mounts.push(bind(name, name, true));
  for (const tool of ['iptables', 'ip6tables']) {
    for (const suffix of ['', '-save', '-restore']) links[`${IN_NODE.sbin}/${tool}${suffix}`] = `/usr/sbin/xtables-${host.iptables}-multi`;
  }
  mounts.push(
    bind('/dev', '/dev'),
    { type: 'tmpfs', target: '/tmp' },
    { type: 'tmpfs', target: '/run' },
    bind(binDir, IN_NODE.bin, true),
    bind(state('run'), IN_NODE.run),
    bind(state('log'), '/var/log'),
    bind(state('config'), IN_NODE.config, true),
    bind(state('config/cni'), IN_NODE.cniConf, true),
    bind(state('config/certs.d'), IN_NODE.certsD, true),
    bind(state('kubernetes'), IN_NODE.kubeconfigs, true),
    bind(state('data/etcd'), '/var/lib/etcd'),
    bind(state('data/containerd'), '/var/lib/containerd'),
    bind(state('data/kubelet'), '/var/lib/kubelet'),
    bind(state('data/cni'), '/var/lib/cni'),
  );
  links['/var/run'] = '/run';
  const ip = (...args: string[]) => ['ip', ...args];
  return {
    cgroup: node.cgroup,
    hostname: 'node-1',
    newRoot: state('root'),
    mounts,
    links,
    files: {
      '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
      '/etc/group': 'root:x:0:\nnogroup:x:65534:\n',
      '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
      '/etc/hosts': `127.0.0.1 localhost\n${address} node-1\n`,
      '/etc/resolv.conf': 'options attempts:1 timeout:1\n',
    },
    // kubelet insists on these and would set them for the whole host.
    masked: {
      '/proc/sys/vm/overcommit_memory': '1',
      '/proc/sys/vm/panic_on_oom': '0',
      '/proc/sys/kernel/panic': '10',
      '/proc/sys/kernel/panic_on_oops': '1',
      '/proc/sys/kernel/keys/root_maxkeys': '1000000',
      '/proc/sys/kernel/keys/root_maxbytes': '25000000',
    },
    sysctls: {
      'net/ipv4/ip_forward': '1',
      // A pod that dials out several times in a second is refused each time at once, not left to wait.
      'net/ipv4/icmp_ratelimit': '0',
      'net/bridge/bridge-nf-call-iptables': '1',
      ...(host.bridgeIpv6 ? { 'net/bridge/bridge-nf-call-ip6tables': '1' } : {}),
    },
    network: [
      ip('link', 'set', 'lo', 'up'),
      ip('addr', 'add', `${address}/30`, 'dev', 'eth0'),
      ip('link', 'set', 'eth0', 'up'),
      // No default route. Services get one only so that the kernel looks at them; kube-proxy's rules then say where they are.
      ip('route', 'add', SERVICE_CIDR, 'dev', 'eth0'),
      // What comes from a pod goes to a pod or to the node, else it is refused at once.
      ip('rule', 'add', 'iif', 'cni0', 'lookup', '100'),
      ip('route', 'add', 'prohibit', 'default', 'table', '100'),
      ip('rule', 'add', 'to', POD_CIDR, 'lookup', 'main', 'pref', '100'),
      // Policies are enforced for IPv4 alone, so pods must not meet over link-local IPv6.
      ...(host.bridgeIpv6
        ? [
            ['ip6tables', '-w', '-P', 'FORWARD', 'DROP'],
            ['ip6tables', '-w', '-A', 'INPUT', '-i', 'lo', '-j', 'ACCEPT'],
            ['ip6tables', '-w', '-P', 'INPUT', 'DROP'],
          ]
        : []),
    ],
    // A node has memory to spare and two cores have no time: Go collects garbage half as often.
    env: [`PATH=${path}`, 'HOME=/root', 'TMPDIR=/tmp', 'GOGC=200'],
    logDir: state('log'),
    nodeLogDir: '/var/log',
    statusFile: `${IN_NODE.run}/status.json`,
    programs: nodePrograms({ address }),
  };
}
