import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const gymctl = (...args: string[]) => spawnSync(process.execPath, [join(import.meta.dirname, 'gymctl.ts'), ...args], { encoding: 'utf8' });

test.each<[string, string[], RegExp]>([
  ['a port that is none', ['up', '--port', '70000'], /give a port between 1 and 65535/],
  ['a provider that does not exist', ['down', '--provider', 'foo'], /Allowed choices are native, kind, context/],
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
