import { type ChildProcess, spawn } from 'node:child_process';
import { access, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { birthOf, type ForwardOptions, type ProcessRef, portForwardArgs, writeForwardRecord } from './forward.ts';

/** The forwarder's process: runs `kubectl port-forward` again whenever it ends, until it is told to stop or the cluster is gone. */
const BACKOFF_MS = [100, 250, 500, 1000, 2000, 5000];
/** What kubectl says when the pod behind it went away; it may go on listening and fail every connection. */
const LOST = /lost connection to pod|error forwarding port|an error occurred forwarding/i;

const options = JSON.parse(process.argv[2] ?? '') as ForwardOptions;
const stop = new AbortController();
let kubectl: ChildProcess | undefined;
let failures = 0;

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    stop.abort();
    kubectl?.kill();
  });
}

while (!stop.signal.aborted) {
  const lastWords = await forward();
  if (stop.signal.aborted) break;
  console.error(`kubectl port-forward ended: ${lastWords}`);
  if (process.connected) {
    process.send?.(lastWords);
    break;
  }
  if (!(await exists(options.kubeconfig))) break; // the cluster was removed
  await sleep(BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)], undefined, { signal: stop.signal }).catch(() => {});
}
await rm(options.stateFile, { force: true });
process.exit(0);

/** One kubectl, to its end; returns what it said last. */
async function forward(): Promise<string> {
  const child = spawn(options.kubectl, portForwardArgs(options), { stdio: ['ignore', 'pipe', 'pipe'] });
  kubectl = child;
  let lastWords = '';
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      lastWords = error.message;
      resolve();
    });
    child.once('close', () => resolve());
  });
  if (child.pid !== undefined) await note(child.pid);
  createInterface(child.stdout).on('line', (line) => {
    if (!line.startsWith('Forwarding from')) return;
    failures = 0;
    if (process.connected) process.send?.('ready');
  });
  createInterface(child.stderr).on('line', (line) => {
    lastWords = line;
    console.error(line);
    if (LOST.test(line)) child.kill();
  });
  if (stop.signal.aborted) child.kill();
  await ended;
  return lastWords;
}

async function note(pid: number): Promise<void> {
  const processes: ProcessRef[] = [];
  for (const each of [process.pid, pid]) {
    const began = await birthOf(each);
    if (began !== undefined) processes.push({ pid: each, began });
  }
  await writeForwardRecord(options.stateFile, { port: options.port, kubeconfig: options.kubeconfig, processes });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
