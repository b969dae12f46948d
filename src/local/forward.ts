import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './command.ts';
import { startTime } from './native/host.ts';
import { ClusterError } from './provider.ts';

const MAIN = join(import.meta.dirname, 'forward-main.ts');
const END_TIMEOUT_MS = 5000;
const HEALTH_TIMEOUT_MS = 5000;

/** A process for ever: pid and when it began. */
export interface ProcessRef {
  pid: number;
  began: string;
}

/** What a forwarder writes down of itself. `processes`: itself first, then the kubectl that it runs now. */
export interface ForwardRecord {
  port: number;
  kubeconfig: string;
  processes: ProcessRef[];
}

export interface ForwardOptions {
  /** File that the forwarder keeps its record in; its log lies beside it. */
  stateFile: string;
  kubectl: string;
  kubeconfig: string;
  /** On 127.0.0.1. */
  port: number;
}

/** kubectl's arguments that lead 127.0.0.1:`port` to the gateway, through the API server, so that it works for every kind of cluster. */
export function portForwardArgs(o: { kubeconfig: string; port: number }): string[] {
  const where = ['--kubeconfig', o.kubeconfig, '--namespace', 'kube-sre-gym-system'];
  return [...where, 'port-forward', '--address', '127.0.0.1', 'service/gateway', `${o.port}:8000`];
}

/** Where the record of a cluster's forwarder lies. */
export function forwardStateFile(cache: string, cluster: { kind: string; name: string }): string {
  return join(cache, 'forwarders', `${cluster.kind}-${cluster.name.replace(/[^\w.-]/g, '_')}.json`);
}

/**
 * Makes sure that a process of its own forwards http://127.0.0.1:`port` to the gateway, and returns that URL. One that does already and works is
 * left alone. Throws ClusterError when the port is taken or the gateway cannot be reached.
 */
export async function ensureForwarder(o: ForwardOptions): Promise<string> {
  const url = `http://127.0.0.1:${o.port}`;
  const record = await readForwardRecord(o.stateFile);
  if (record?.port === o.port && record.kubeconfig === o.kubeconfig && (await isRunning(record.processes[0])) && (await answers(url)))
    return url;
  await stopForwarder(o.stateFile);
  await requireFreePort(o.port);
  await mkdir(dirname(o.stateFile), { recursive: true });
  const log = await open(o.stateFile.replace(/\.json$/, '.log'), 'w');
  const child = spawn(process.execPath, [MAIN, JSON.stringify(o)], { detached: true, stdio: ['ignore', log.fd, log.fd, 'ipc'] });
  await log.close();
  const answer = await new Promise<string>((resolve) => {
    child.once('message', (message) => resolve(String(message)));
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) => resolve(`it ended with exit code ${code}`));
  });
  if (child.connected) child.disconnect();
  child.unref();
  if (answer === 'ready') return url;
  await stopForwarder(o.stateFile);
  child.kill('SIGKILL');
  throw new ClusterError(`The gateway could not be brought to ${url}: ${answer}`);
}

/** Ends a cluster's forwarder, if there is one. Throws ClusterError when it would not end. */
export async function stopForwarder(stateFile: string): Promise<void> {
  const record = await readForwardRecord(stateFile);
  for (const process of record?.processes ?? []) await end(process);
  await rm(stateFile, { force: true });
}

/** Undefined when there is none. */
export async function readForwardRecord(stateFile: string): Promise<ForwardRecord | undefined> {
  const text = await readFile(stateFile, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ForwardRecord);
}

export async function writeForwardRecord(stateFile: string, record: ForwardRecord): Promise<void> {
  await writeFile(`${stateFile}.new`, JSON.stringify(record));
  await rename(`${stateFile}.new`, stateFile);
}

/** When a process began, in whatever words; undefined when it is gone. */
export async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return startTime(pid);
  const result = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
  return result.stdout.trim() || undefined;
}

async function isRunning(process: ProcessRef | undefined): Promise<boolean> {
  return process !== undefined && (await birthOf(process.pid)) === process.began;
}

async function end(ref: ProcessRef): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!(await isRunning(ref))) return;
    process.kill(ref.pid, signal);
    // Somebody else's child: there is nothing to wait for.
    for (const deadline = Date.now() + END_TIMEOUT_MS; Date.now() < deadline && (await isRunning(ref)); ) await sleep(20);
  }
  if (await isRunning(ref)) throw new ClusterError(`The forwarder's process ${ref.pid} does not end`);
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).then(
    (response) => response.ok,
    () => false,
  );
}

async function requireFreePort(port: number): Promise<void> {
  const server = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  if (problem) {
    const why = problem.code === 'EADDRINUSE' ? 'another program listens there' : problem.message;
    throw new ClusterError(`Port ${port} of 127.0.0.1 cannot be used, ${why}: choose another with --port`);
  }
  await new Promise((resolve) => server.close(resolve));
}
