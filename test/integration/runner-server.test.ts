import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectRunner } from '../../src/gateway/runner/client.ts';
import { findConfineTools } from '../../src/gateway/runner/confine.ts';
import { sessionKubeconfig } from '../../src/gateway/runner/kubeconfig.ts';
import { HOME, RunnerLostError } from '../../src/gateway/runner/kubectl-runner.ts';
import { createRunnerServer } from '../../src/gateway/runner/server.ts';
import { SessionRoot } from '../../src/gateway/runner/session-root.ts';
import { cachedProgram } from '../../src/local/cache.ts';
import { startFakeView } from '../support/fake-view.ts';
import { poll, processes } from '../support/processes.ts';

// The runner as it stands in a pod: over TCP, with a secret, in a folder that kubectl was copied to.
const SECRET = 'a-secret-of-this-test';
const kubectl = process.env.KUBECTL ?? cachedProgram('kubectl');
const here = { files: new Map<string, Buffer>(), cwd: HOME, timeoutMs: 30_000 };
let view: Awaited<ReturnType<typeof startFakeView>>;
let server: Server;
let root: string;
let port: number;
let uid = 300_000;
const viewPort = 20_000 + (process.pid % 20_000);
const kubeconfig = sessionKubeconfig({}).replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${viewPort}`);
const connect = (secret = SECRET) =>
  connectRunner({ at: { host: '127.0.0.1', port }, secret }, { kubeconfig, view: { socketPath: view.socketPath } });
const busy = async () => ((await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()) as { busy: boolean }).busy;

beforeAll(async () => {
  view = await startFakeView();
  root = mkdtempSync(join(tmpdir(), 'runner-root-'));
  mkdirSync(join(root, 'bin'));
  copyFileSync(kubectl, join(root, 'bin/kubectl'));
  server = createRunnerServer({ root: new SessionRoot(root), tools: findConfineTools(), nextUid: () => uid++, secret: SECRET, viewPort });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as { port: number }).port;
});
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await view?.close();
  if (root) rmSync(root, { recursive: true, force: true });
});

describe('a runner for one session at a time', () => {
  test('wants its secret', async () => {
    await expect(connect('wrong')).rejects.toThrow(/401.*wants its secret/);
    expect((await fetch(`http://127.0.0.1:${port}/run`, { method: 'POST', body: '{}' })).status).toBe(401);
  });

  test('runs nothing without a session, and says what is wrong with a request', async () => {
    const send = (path: string, body: unknown) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${SECRET}` },
        body: JSON.stringify(body),
      });
    const request = { argv: ['version'], cwd: '/', stdin: '', files: {}, timeoutMs: 1000 };
    expect(await (await send('/run', request)).json()).toEqual({ error: 'The runner serves no session; open one with POST /session' });
    const bad = await send('/run', { ...request, cwd: 'x' });
    expect([bad.status, await bad.json()]).toEqual([400, { error: expect.stringMatching(/cwd: must be an absolute path/) }]);
    expect((await send('/nothing', {})).status).toBe(404);
  });

  test('takes one session, refuses a second, and is free and empty after the first', async () => {
    const first = await connect();
    await expect(connect()).rejects.toThrow(RunnerLostError);
    const files = new Map([['/home/user/kustomization.yaml', Buffer.from('resources: []\n')]]);
    expect(`${(await first.run({ ...here, argv: ['version'], files })).stdout}`).toContain('v1.35.4');
    const hanging = first.run({ ...here, argv: ['get', '--raw', '/hang'] }).catch((error: Error) => error);
    const pid = await poll(() => processes().find((one) => one.uid === uid - 1)?.pid, 'kubectl runs');
    await first.close();
    expect(await hanging).toBeInstanceOf(Error);
    expect(processes().some((one) => one.pid === pid)).toBe(false);
    expect(await busy()).toBe(false);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
    expect(readdirSync(join(root, 'home/user'))).toEqual(['.kube']);

    const second = await connect();
    const stolen = await second.run({ ...here, argv: ['create', 'cm', 'x', '--from-file=kustomization.yaml', '--dry-run=client'] });
    expect(`${stolen.stderr}`).toMatch(/no such file/);
    await second.close();
  });

  test('ends the session when its gateway is gone', async () => {
    const lost = await connect();
    void lost.run({ ...here, argv: ['get', '--raw', '/hang'] }).catch(() => {});
    await poll(() => processes().some((one) => one.uid === uid - 1), 'kubectl runs');
    server.closeAllConnections();
    await poll(() => !processes().some((one) => one.uid === uid - 1), 'kubectl ends');
    await expect(lost.run({ ...here, argv: ['version'] })).rejects.toThrow(RunnerLostError);
    const next = await connect();
    expect((await next.run({ ...here, argv: ['version'] })).exitCode).toBe(0);
    await next.close();
  });

  test('runs the commands of a session one after another', async () => {
    const session = await connect();
    const all = await Promise.all(
      [1, 2, 3].map((i) =>
        session.run({
          ...here,
          argv: ['kustomize', '.', '-o', `out${i}`],
          files: new Map([['/home/user/kustomization.yaml', Buffer.from('configMapGenerator: [{name: x}]\n')]]),
        }),
      ),
    );
    // Each sees and brings back its own files only.
    expect(all.map(({ files }) => [...files.keys()])).toEqual([['/home/user/out1'], ['/home/user/out2'], ['/home/user/out3']]);
    await session.close();
  });
});
