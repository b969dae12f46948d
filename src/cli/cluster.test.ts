import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { describe as text } from './cluster.ts';

const gymctl = (...args: string[]) => spawnSync(process.execPath, [join(import.meta.dirname, 'gymctl.ts'), ...args], { encoding: 'utf8' });

test('a status is one line, the kubeconfig, and a line per program that says what ended it', () => {
  const since = '2026-01-01T00:00:00Z';
  expect(
    text({
      provider: 'native',
      name: 'gym',
      ready: false,
      summary: 'Being restarted: kubelet (signal 9 (killed))',
      kubeconfig: '/k',
      programs: [
        { name: 'etcd', running: true, restarts: 0, since },
        { name: 'kubelet', running: false, restarts: 2, since, lastExit: 'signal 9 (killed)' },
      ],
    }).split('\n'),
  ).toEqual([
    'native cluster "gym" is not ready: Being restarted: kubelet (signal 9 (killed))',
    'kubeconfig: /k',
    `  etcd                     running since ${since}`,
    `  kubelet                  DOWN    since ${since}, restarts 2, last ended by signal 9 (killed)`,
  ]);
});

test.each<[string, string[], RegExp]>([
  ['a command that does not exist', ['clutser'], /unknown command 'clutser'\n\(Did you mean cluster\?\)/],
  ['a provider that does not exist', ['cluster', 'up', '--provider', 'foo'], /Allowed choices are native, kind, context/],
  ['an option that does not exist', ['cluster', 'down', '--force'], /unknown option '--force'/],
  ['a missing argument', ['cluster', 'load-image'], /missing required argument 'archives'/],
])(
  '%s is a usage error: exit code 2',
  (_what, args, message) => {
    const result = gymctl(...args);
    expect(result.stderr).toMatch(message);
    expect(result.status).toBe(2);
  },
  30_000,
);

test('a name that cannot be is refused with what would do: exit code 1', () => {
  const result = gymctl('cluster', 'kubeconfig', '--provider', 'native', '--name', 'Bad_Name');
  expect(result.stderr).toBe('gymctl: "Bad_Name" cannot name a cluster: use up to 40 lower-case letters, digits and dashes\n');
  expect(result.status).toBe(1);
}, 30_000);
