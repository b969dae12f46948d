import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { confinedKubectl, findProgram } from './confine.ts';
import { sessionKubeconfig } from './kubeconfig.ts';
import { RunnerLostError } from './kubectl-runner.ts';
import { runRequest } from './protocol.ts';

describe('confinedKubectl', () => {
  const tools = { prlimit: '/p', setpriv: '/s', nsenter: '/n' };
  const command = confinedKubectl({ tools, root: '/root-1', uid: 200_001, cwd: '/w', argv: ['get', '--root=/', '--setuid=0'] });
  test('takes the privileges before the root and the user, and kubectl last', () => {
    const order = [
      '/p',
      '/s',
      '--no-new-privs',
      '/n',
      '--root=/root-1',
      '--wdns=/w',
      '--setgid=200001',
      '--setuid=200001',
      '--',
      '/bin/kubectl',
    ].map((word) => command.indexOf(word));
    expect(order.every((at) => at >= 0)).toBe(true);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });
  test('leaves the words of the agent behind the end of options', () => {
    expect(command.slice(command.indexOf('--') + 2)).toEqual(['get', '--root=/', '--setuid=0']);
  });
});

test('a missing program is named with its package', () => {
  expect(() => findProgram('no-such-tool', 'util-linux', '/bin')).toThrow(
    new RunnerLostError('The kubectl runner needs the program no-such-tool (Debian package util-linux), which is not on this machine'),
  );
});

describe('sessionKubeconfig', () => {
  test('is plain http to the relay without an authority', () => {
    const config = parse(sessionKubeconfig({ namespace: 'payments' }));
    expect(config.clusters[0].cluster).toEqual({ server: 'http://127.0.0.1:6443' });
    expect(config.contexts[0].context.namespace).toBe('payments');
  });
  test('is https with authority, name and token with one', () => {
    const config = parse(sessionKubeconfig({ caPem: 'PEM', serverName: 'api', token: 't' }));
    expect(config.clusters[0].cluster).toEqual({
      server: 'https://127.0.0.1:6443',
      'certificate-authority-data': 'UEVN',
      'tls-server-name': 'api',
    });
    expect(config.users[0].user).toEqual({ token: 't' });
  });
});

describe('a run request is refused', () => {
  const good = { argv: ['get'], cwd: '/tmp', stdin: '', files: {}, timeoutMs: 1000 };
  test('never when it is right', () => expect(runRequest.safeParse(good).success).toBe(true));
  test.each([
    ['with a path that climbs', { ...good, files: { '/tmp/../../etc/x': '' } }],
    ['with a relative path', { ...good, files: { x: '' } }],
    ['with a folder that climbs', { ...good, cwd: '/..' }],
    ['with NUL in an argument', { ...good, argv: ['a\0b'] }],
    ['without end', { ...good, timeoutMs: 1e9 }],
    ['with content that is no base64', { ...good, files: { '/x': '%%' } }],
    ['with more than it has', { ...good, env: {} }],
  ])('%s', (_name, request) => expect(runRequest.safeParse(request).success).toBe(false));
});
