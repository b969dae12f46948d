import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';

// Without programs and cache there is no cluster to be had: a call that is not refused as it should be starts none.
const env = { PATH: '', XDG_CACHE_HOME: mkdtempSync(join(tmpdir(), 'gymctl-')) };
afterAll(() => rmSync(env.XDG_CACHE_HOME, { recursive: true }));

const gymctl = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'gymctl.ts'), ...args], { encoding: 'utf8', env });

test.each<[string, string[], RegExp]>([
  ['a port that is none', ['up', '--port', '70000'], /give a port between 1 and 65535/],
  ['a provider that does not exist', ['down', '--provider', 'foo'], /Allowed choices are native, kind, context/],
  ['a registry for a cluster that needs none', ['up', '--registry', 'r.example.com'], /--registry goes with --provider context/],
  [
    'a registry with a scheme',
    ['up', '--provider', 'context', '--registry', 'https://r.example.com'],
    /give HOST, HOST:PORT or .*without https/,
  ],
  ['a registry with a slash at its end', ['up', '--provider', 'context', '--registry', 'r.example.com/gym/'], /give HOST, HOST:PORT or /],
  ['a demo of a seed that is no number', ['demo', '--seed', 'abc'], /give a whole number of 0 or more/],
  ['a demo of a fault that does not exist', ['demo', '--fault', 'nosuch'], /the faults are oom_kill, .*multi-fault/],
  ['a proof of a fault that does not exist', ['faults', 'verify', 'oom_kill', 'nosuch'], /the faults are oom_kill, .*multi-fault/],
  ['a gateway with half of what runner pods need', ['gateway', '--runners', 'r'], /--runners, --hub and --runner-secret-file go together/],
  ['a drain without time', ['drain', '--timeout', '0'], /give a whole number of seconds/],
])(
  '%s is a wrong call',
  (_, args, words) => {
    const { status, stdout, stderr } = gymctl(...args);
    expect(stderr).toMatch(words);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  },
  20_000,
);
