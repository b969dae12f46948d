import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { birthOf, ensureForwarder, forwardStateFile, portForwardArgs, readForwardRecord, stopForwarder } from './forward.ts';

let folder: string;
let stateFile: string;
let kubeconfig: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forward-'));
  stateFile = join(folder, 'native-gym.json');
  kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, '');
});

afterEach(async () => {
  await stopForwarder(stateFile);
  rmSync(folder, { recursive: true, force: true });
});

/** A stand-in for kubectl: notes its arguments, then serves the port as kubectl does. `script` runs first. */
function kubectl(script = ''): string {
  const file = join(folder, 'kubectl');
  writeFileSync(
    file,
    `#!${process.execPath}
const fs = require('node:fs');
fs.appendFileSync(${JSON.stringify(join(folder, 'calls'))}, process.argv.slice(2).join(' ') + '\\n');
const calls = fs.readFileSync(${JSON.stringify(join(folder, 'calls'))}, 'utf8').trim().split('\\n').length;
${script}
const port = Number(process.argv.at(-1).split(':')[0]);
require('node:http').createServer((_, response) => response.end('{}')).listen(port, '127.0.0.1', () => console.log('Forwarding from 127.0.0.1:' + port + ' -> 8000'));
`,
  );
  chmodSync(file, 0o755);
  return file;
}

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await isSo()); await sleep(20)) if (Date.now() > deadline) throw new Error('In vain');
}

describe('the forwarder', () => {
  test('leads the port to the gateway, once for two calls, until it is stopped', async () => {
    const port = await freePort();
    const o = { stateFile, kubectl: kubectl(), kubeconfig, port };
    expect(await ensureForwarder(o)).toBe(`http://127.0.0.1:${port}`);
    expect(await (await fetch(`http://127.0.0.1:${port}/health`)).text()).toBe('{}');
    await ensureForwarder(o);
    expect(calls()).toEqual([portForwardArgs({ kubeconfig, port }).join(' ')]);
    const { processes } = (await readForwardRecord(stateFile)) ?? { processes: [] };
    expect(processes).toHaveLength(2);
    await stopForwarder(stateFile);
    for (const { pid } of processes) expect(await birthOf(pid)).toBeUndefined();
    expect(existsSync(stateFile)).toBe(false);
  }, 30_000);

  test('starts kubectl again when the pod behind it went away', async () => {
    const port = await freePort();
    const lost = `if (calls === 1) setTimeout(() => console.error('error: lost connection to pod'), 300);`;
    await ensureForwarder({ stateFile, kubectl: kubectl(lost), kubeconfig, port });
    await until(() => calls().length === 2);
    await until(() =>
      fetch(`http://127.0.0.1:${port}/`).then(
        (r) => r.ok,
        () => false,
      ),
    );
  }, 30_000);

  test('leaves no kubectl behind when it was killed itself', async () => {
    const port = await freePort();
    await ensureForwarder({ stateFile, kubectl: kubectl(), kubeconfig, port });
    const { processes } = (await readForwardRecord(stateFile)) ?? { processes: [] };
    process.kill(processes[0].pid, 'SIGKILL');
    await stopForwarder(stateFile);
    expect(await birthOf(processes[1].pid)).toBeUndefined();
  }, 30_000);

  test('ends by itself when the cluster is gone', async () => {
    const port = await freePort();
    await ensureForwarder({ stateFile, kubectl: kubectl(`setTimeout(() => process.exit(1), 500);`), kubeconfig, port });
    rmSync(kubeconfig);
    await until(() => !existsSync(stateFile));
  }, 30_000);

  test('says what kubectl said when it cannot begin', async () => {
    const port = await freePort();
    const broken = kubectl(`console.error('error: services "gateway" not found'); process.exit(1);`);
    await expect(ensureForwarder({ stateFile, kubectl: broken, kubeconfig, port })).rejects.toThrow(/services "gateway" not found/);
  }, 30_000);

  test('a port that another program has is named', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await expect(ensureForwarder({ stateFile, kubectl: kubectl(), kubeconfig, port })).rejects.toThrow(
      `Port ${port} of 127.0.0.1 cannot be used, another program listens there: choose another with --port`,
    );
    server.close();
  });
});

test('contexts with slashes in their names make no folders', () => {
  expect(forwardStateFile('/cache', { kind: 'context', name: 'gke_p/z' })).toBe('/cache/forwarders/context-gke_p_z.json');
});
