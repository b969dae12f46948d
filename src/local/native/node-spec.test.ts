import { describe, expect, test } from '@jest/globals';
import { identify } from './identity.ts';
import { type HostLayout, nodeSpec } from './node-spec.ts';

const host: HostLayout = {
  topLevel: { '/bin': 'usr/bin', '/lib64': null },
  etc: ['/etc/ssl'],
  packagesUsr: '/cache/packages/1/usr',
  iptables: 'legacy',
  bridgeIpv6: true,
};
const node = identify('gym');
const spec = nodeSpec(node, '198.18.0.2', '/cache/bin', host);
const program = (name: string) => spec.programs.find((p) => p.name === name)?.argv.join(' ') ?? '';

describe("the node's root", () => {
  test('our packages lie over the programs of the host, and neither can be written', () => {
    expect(spec.mounts[0]).toEqual({ type: 'overlay', lower: ['/cache/packages/1/usr', '/usr'], target: '/usr', readOnly: true });
  });

  test('without packages the programs of the host serve', () => {
    expect(nodeSpec(node, '198.18.0.2', '/cache/bin', { ...host, packagesUsr: undefined }).mounts[0]).toEqual({
      type: 'bind',
      source: '/usr',
      target: '/usr',
      readOnly: true,
    });
  });

  test('top-level links stay links', () => {
    expect(spec.links['/bin']).toBe('usr/bin');
    expect(spec.mounts).toContainEqual({ type: 'bind', source: '/lib64', target: '/lib64', readOnly: true });
  });

  test('only the state folder and devices can be written', () => {
    const writable = spec.mounts.filter((m) => m.type === 'bind' && !m.readOnly).map((m) => m.source);
    expect(writable.filter((source) => source !== '/dev' && !source?.startsWith(node.stateDir))).toEqual([]);
  });

  test('pods learn nothing from the mount targets', () => {
    expect(spec.mounts.map((m) => m.target).join(' ')).not.toMatch(/gym/);
  });
});

describe('the network', () => {
  const commands = spec.network.map((argv) => argv.join(' '));

  test('there is no way out: no default route but one that refuses', () => {
    expect(commands.filter((command) => command.includes('default'))).toEqual(['ip route add prohibit default table 100']);
  });

  test('the first process talks to itself over IPv6, pods do not', () => {
    expect(commands.slice(-3)).toEqual([
      'ip6tables -w -P FORWARD DROP',
      'ip6tables -w -A INPUT -i lo -j ACCEPT',
      'ip6tables -w -P INPUT DROP',
    ]);
  });

  test('settings are those of the network namespace alone', () => {
    expect(Object.keys(spec.sysctls).every((name) => name.startsWith('net/'))).toBe(true);
  });
});

describe('the programs', () => {
  test('etcd wants a client certificate and listens on loopback', () => {
    expect(program('etcd')).toContain('--client-cert-auth=true');
    expect(program('etcd')).toContain('--listen-client-urls=https://127.0.0.1:2379');
  });

  test('the API server authorizes by node and role', () => {
    expect(program('kube-apiserver')).toContain('--authorization-mode=Node,RBAC');
    expect(program('kube-apiserver')).toContain('--advertise-address=198.18.0.2');
  });

  test.each(['kube-controller-manager', 'kube-scheduler'])('%s listens on loopback', (name) => {
    expect(program(name)).toContain('--bind-address=127.0.0.1');
  });

  test('the registry listens on loopback', () => {
    expect(program('registry')).toContain('--address 127.0.0.1:5000');
  });
});
