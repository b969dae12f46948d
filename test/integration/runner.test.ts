import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sessionKubeconfig } from '../../src/gateway/runner/kubeconfig.ts';
import {
  HOME,
  type KubectlRequest,
  type KubectlRunner,
  MAX_STREAM_BYTES,
  RunnerLostError,
} from '../../src/gateway/runner/kubectl-runner.ts';
import { startLocalRunner } from '../../src/gateway/runner/local.ts';
import { FIRST_UID, LAST_UID } from '../../src/gateway/runner/uids.ts';
import { cachedProgram } from '../../src/local/cache.ts';
import { startFakeView } from '../support/fake-view.ts';
import { poll, processes } from '../support/processes.ts';

const STATE = '/run/kube-sre-gym/runners';
const kubectl = process.env.KUBECTL ?? cachedProgram('kubectl');
const here = { files: new Map<string, Buffer>(), cwd: HOME, timeoutMs: 30_000 };
const ofSessions = () => processes().filter(({ uid }) => uid >= FIRST_UID && uid < LAST_UID);
const folders = (pid: number | undefined) => (existsSync(STATE) ? readdirSync(STATE) : []).filter((name) => name.startsWith(`${pid}-`));

let view: Awaited<ReturnType<typeof startFakeView>>;
let runner: KubectlRunner;
const start = () => startLocalRunner({ kubectl, viewSocket: view.socketPath, kubeconfig: sessionKubeconfig({ namespace: 'payments' }) });
const run = async (argv: string[], options: Partial<KubectlRequest> = {}, on = runner) => {
  const { stdout, stderr, ...rest } = await on.run({ ...here, argv, ...options });
  return { ...rest, stdout: `${stdout}`, stderr: `${stderr}`, said: `${stdout}${stderr}` };
};
/** A kubectl that waits for an answer of its view, as the host sees it. */
async function hanging(on = runner) {
  const leave = new AbortController();
  const before = new Set(ofSessions().map(({ pid }) => pid));
  const running = on.run({ ...here, argv: ['get', '--raw', '/hang'], signal: leave.signal }).catch(() => {});
  const facts = await poll(
    () => ofSessions().find(({ pid, cmdline }) => !before.has(pid) && cmdline[0] === '/bin/kubectl'),
    'kubectl runs',
  );
  return {
    facts,
    async end() {
      leave.abort();
      await running;
      await poll(() => !processes().some(({ pid }) => pid === facts.pid), 'kubectl ends when its caller leaves');
    },
  };
}

beforeAll(async () => {
  view = await startFakeView();
  runner = await start();
}, 60_000);
afterAll(async () => {
  await runner?.close();
  await view?.close();
});

describe('kubectl in a local runner', () => {
  test('reaches its view, and nothing but the view', async () => {
    expect((await run(['version'])).stdout).toContain('Server Version: v1.35.4');
    expect(view.seen).toContain('GET /version?timeout=32s');
  });

  test('finds its files and folder, and files it writes come back', async () => {
    const files = new Map([
      ['/work/kustomization.yaml', Buffer.from('resources: [a.yaml]\n')],
      ['/work/a.yaml', Buffer.from('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: café}\n')],
    ]);
    const result = await run(['kustomize', '.', '-o', 'out.yaml'], { cwd: '/work', files });
    expect(result).toMatchObject({ exitCode: 0, said: '' });
    expect([...result.files].map(([path, content]) => [path, `${content}`])).toEqual([
      ['/work/out.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: café\n'],
    ]);
    expect((await run(['create', 'cm', 'x', '--from-file=/work', '--dry-run=client'])).stderr).toMatch(/no such file|not exist/);
  });

  test('takes stdin', async () => {
    const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: in}\n';
    const result = await run(['create', '--dry-run=client', '--validate=false', '-f', '-', '-o', 'name'], { stdin: Buffer.from(manifest) });
    expect(result.said).not.toMatch(/no objects passed/);
  });

  const hidden: [string, string[]][] = [
    ['/etc/passwd as a ConfigMap', ['create', 'cm', 'x', '--from-file=/etc/passwd', '--dry-run=client', '-o', 'yaml']],
    ['/etc as a ConfigMap', ['create', 'cm', 'x', '--from-file=/etc', '--dry-run=client', '-o', 'yaml']],
    [
      'the environment of process 1 as a patch',
      ['patch', '--local', '-f', '/proc/1/environ', '--patch-file=/proc/1/environ', '-o', 'yaml'],
    ],
    ['its own environment', ['create', 'cm', 'x', '--from-env-file=/proc/self/environ', '--dry-run=client', '-o', 'yaml']],
    ['/etc/shadow as a template', ['create', 'cm', 'x', '--dry-run=client', '-o', 'go-template-file=/etc/shadow']],
    ['/root as a kustomization', ['kustomize', '/root']],
    ['a folder above the root', ['create', 'cm', 'x', '--from-file=../../../../../etc/passwd', '--dry-run=client', '-o', 'yaml']],
    ['the state folder', ['create', 'cm', 'x', `--from-file=${STATE}`, '--dry-run=client', '-o', 'yaml']],
    [
      'a service account token',
      ['create', 'cm', 'x', '--from-file=/var/run/secrets/kubernetes.io/serviceaccount/token', '--dry-run=client', '-o', 'yaml'],
    ],
  ];
  test.each(hidden)('cannot read %s', async (_name, argv) => {
    const result = await run(argv);
    expect(result.exitCode).not.toBe(0);
    expect(result.said).toMatch(
      /no such file|not exist|not a valid directory|must build at directory|unable to read|error reading|invalid/i,
    );
    expect(result.said).not.toMatch(/root:[x*]|PATH=|PRIVATE KEY/);
  });

  test('sees of the root its own program, home and tmp only', async () => {
    const session = await hanging();
    expect(readdirSync(`/proc/${session.facts.pid}/root`).sort()).toEqual(['bin', 'home', 'tmp']);
    expect(readdirSync(`/proc/${session.facts.pid}/root/bin`)).toEqual(['kubectl']);
    await session.end();
  });

  test('has an empty environment, no capability, no other group, no way to new privileges, no open file of ours', async () => {
    const session = await hanging();
    const { facts } = session;
    expect(facts.environ.sort()).toEqual([`HOME=${HOME}`, `KUBECONFIG=${HOME}/.kube/config`]);
    expect(facts.status).toMatch(/^NoNewPrivs:\s+1$/m);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) expect(facts.status).toMatch(new RegExp(`^${set}:\\s+0+$`, 'm'));
    expect(facts.status).toMatch(/^Groups:\s*$/m);
    expect(readFileSync(`/proc/${facts.pid}/limits`, 'utf8')).toMatch(/^Max processes\s+256\s+256/m);
    await session.end();
  });

  test('has no network but loopback, where nothing of this machine listens', async () => {
    const trap = await listenEverywhere();
    try {
      const mine = Object.values(networkInterfaces())
        .flatMap((all) => all ?? [])
        .filter(({ family, internal }) => family === 'IPv4' && !internal);
      for (const host of ['127.0.0.1', ...mine.map(({ address }) => address), '198.51.100.1']) {
        const result = await run(['get', '--raw', '/', `--server=http://${host}:${trap.port}`]);
        expect(result.exitCode).not.toBe(0);
        expect(result.said).toMatch(/refused|unreachable/);
      }
      expect(trap.connections()).toBe(0);
      expect((await run(['get', '--raw', '/', '--server=http://example.com'])).said).toMatch(/no such host|lookup|refused|unreachable/);
    } finally {
      trap.server.close();
    }
  }, 60_000);

  test('shares user, processes, files and network with no other session', async () => {
    const other = await start();
    try {
      const [a, b] = [await hanging(), await hanging(other)];
      expect(b.facts.uid).not.toBe(a.facts.uid);
      expect(b.facts.net).not.toBe(a.facts.net);
      expect(b.facts.mount).not.toBe(a.facts.mount);
      expect(a.facts.net).not.toBe(processes().find(({ pid }) => pid === process.pid)?.net);
      writeFileSync(`/proc/${a.facts.pid}/root/tmp/secret`, 'of a');
      expect(readdirSync(`/proc/${b.facts.pid}/root/tmp`)).toEqual([]);
      await a.end();
      await b.end();
    } finally {
      await other.close();
    }
  }, 60_000);

  test('is killed in time, with what it had said', async () => {
    const session = await hanging();
    await session.end();
    const result = await run(['get', '--raw', '/hang'], { timeoutMs: 500 });
    expect(result).toMatchObject({ timedOut: true, exitCode: 137 });
    expect(ofSessions().filter(({ net }) => net === session.facts.net)).toEqual([]);
  });

  test('is ended when it never stops talking', async () => {
    const result = await run(['get', '--raw', '/endless']);
    expect(result.truncated).toBe(true);
    expect(result.stdout.length).toBe(MAX_STREAM_BYTES);
  });
});

describe('nothing is left behind', () => {
  const namespacesGone = (net: string) => poll(() => !processes().some((one) => one.net === net), 'all processes of the session end');

  test('after close', async () => {
    const before = folders(process.pid);
    const closing = await start();
    const { facts } = await hanging(closing);
    await closing.close();
    await namespacesGone(facts.net);
    expect(folders(process.pid)).toEqual(before);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(STATE);
    await expect(closing.run({ ...here, argv: ['version'] })).rejects.toThrow(RunnerLostError);
  });

  test('after kill -9 of the gateway, and the next start takes its folder away', async () => {
    const main = fileURLToPath(new URL('../support/start-runner.ts', import.meta.url));
    const gateway = spawn(process.execPath, [main, kubectl, view.socketPath], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(gateway.stdout, 'data');
    const facts = await poll(() => ofSessions().find(({ cmdline }) => cmdline.includes('/hang')), 'kubectl runs', 30_000);
    gateway.kill('SIGKILL');
    await once(gateway, 'exit');
    await namespacesGone(facts.net);
    expect(folders(gateway.pid)).toHaveLength(1);
    await (await start()).close();
    expect(folders(gateway.pid)).toEqual([]);
  }, 60_000);

  test('when the runner itself dies, which is told as what it is', async () => {
    const dying = await start();
    const { facts } = await hanging(dying);
    const init = processes().find(({ net, uid }) => net === facts.net && uid === 0);
    process.kill(init?.pid ?? 0, 'SIGKILL');
    await namespacesGone(facts.net);
    await expect(dying.run({ ...here, argv: ['version'] })).rejects.toThrow(RunnerLostError);
    await dying.close();
  });
});

test('a kubectl that is not there is said at once', async () => {
  await expect(startLocalRunner({ kubectl: '/no/kubectl', viewSocket: view.socketPath, kubeconfig: 'x' })).rejects.toThrow(
    'There is no kubectl program at /no/kubectl',
  );
});

async function listenEverywhere(): Promise<{ server: Server; port: number; connections: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count++;
    socket.destroy();
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0, connections: () => count };
}
