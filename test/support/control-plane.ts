import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheDir, cachedProgram } from '../../src/local/cache.ts';
import { run } from '../../src/local/command.ts';
import { exportAdminKubeconfig, makePki } from '../../src/local/native/pki.ts';
import { preparePrograms } from '../../src/local/native/prepare.ts';
import { apiServerFlags, controllerManagerFlags, etcdFlags } from '../../src/local/native/programs.ts';
import { freePorts } from './free-ports.ts';

/** A real API server with etcd on loopback, without a node: pods stay Pending. */
export interface ControlPlane {
  /** Kubeconfig of a cluster administrator. */
  kubeconfigPath: string;
  /** `https://127.0.0.1:PORT` */
  server: string;
  kubectl: string;
  stop(): Promise<void>;
}

/** An API server cannot advertise loopback; this one, out of a block for documents (RFC 5737), is asked by nobody. */
const ADVERTISED = '192.0.2.1';
const READY_TIMEOUT_MS = 60_000;

/**
 * Starts an API server in a temporary folder. `controllerManager` adds Kubernetes' own controllers: without them namespaces do not end, and
 * Deployments make no pods. Everything ends with `stop()`, or with this process, however it ends.
 */
export async function startControlPlane(options: { controllerManager?: boolean } = {}): Promise<ControlPlane> {
  await preparePrograms(cacheDir(), (line) => console.error(line));
  const dir = await mkdtemp(join(tmpdir(), 'control-plane-'));
  const [port, etcdPort, peerPort, controllerPort] = (await freePorts(4)) as [number, number, number, number];
  const pki = join(dir, 'pki');
  const children: ChildProcess[] = [];
  const start = (name: string, args: string[]) => children.push(startProgram(cachedProgram(name), args, join(dir, `${name}.log`)));
  const stop = async () => {
    await Promise.all(children.map(end));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await makePki({
      kubeadm: cachedProgram('kubeadm'),
      dir,
      clusterName: 'integration',
      address: ADVERTISED,
      endpoint: `127.0.0.1:${port}`,
    });
    const kubeconfigPath = join(dir, 'kubeconfig');
    await exportAdminKubeconfig(dir, kubeconfigPath);
    start('etcd', etcdFlags({ dataDir: join(dir, 'etcd'), pki, clientPort: etcdPort, peerPort }));
    start('kube-apiserver', [
      ...apiServerFlags({ address: ADVERTISED, bindAddress: '127.0.0.1', port, pki, etcdPort }),
      // Nobody uses the Service `kubernetes`: there are no pods.
      '--endpoint-reconciler-type=none',
    ]);
    const kubectl = cachedProgram('kubectl');
    await untilReady(kubectl, kubeconfigPath, children, dir);
    if (options.controllerManager) {
      start('kube-controller-manager', controllerManagerFlags({ kubeconfig: kubeconfigPath, pki, port: controllerPort }));
    }
    return { kubeconfigPath, server: `https://127.0.0.1:${port}`, kubectl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startProgram(file: string, args: string[], log: string): ChildProcess {
  const out = openSync(log, 'a');
  const stdio: ['ignore', number, number] = ['ignore', out, out];
  // On Linux the kernel kills the program when this process dies, even by kill -9.
  return process.platform === 'linux' ? spawn('setpriv', ['--pdeathsig', 'KILL', file, ...args], { stdio }) : spawn(file, args, { stdio });
}

async function untilReady(kubectl: string, kubeconfig: string, children: ChildProcess[], dir: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const answer = await run(kubectl, [
      `--kubeconfig=${kubeconfig}`,
      '--request-timeout=2s',
      'get',
      'serviceaccounts',
      '-n',
      'kube-system',
    ]);
    if (answer.code === 0) return;
    const dead = children.find((child) => child.exitCode !== null || child.signalCode !== null);
    if (dead || Date.now() > deadline) {
      const log = await readFile(join(dir, 'kube-apiserver.log'), 'utf8').catch(() => '');
      throw new Error(
        `The API server did not become ready (${dead ? `${dead.spawnargs.join(' ').slice(0, 80)} ended` : 'time is up'}):\n${log.slice(-2000)}`,
      );
    }
    await sleep(50);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
