import { access } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { KubeClient } from '../kube/client.ts';
import { loadKubeConfig } from '../kube/config.ts';
import { cacheDir, cachedProgram } from '../local/cache.ts';
import { chartFingerprint, chartValues, installChart } from '../local/chart.ts';
import { openCluster } from '../local/choose.ts';
import { ensureForwarder, forwardStateFile } from '../local/forward.ts';
import { type BuiltImage, buildImages, IMAGE_SETS } from '../local/images/build.ts';
import { buildWithDocker } from '../local/images/docker.ts';
import { lock } from '../local/lock.ts';
import type { ClusterProvider, Progress, ProviderKind } from '../local/provider.ts';
import { makeSystemNamespace, readInstalled, waitUntilReady, writeInstalled } from './installed.ts';
import { version } from './version.ts';

export const DEFAULT_PORT = 8000;

export interface GymOptions {
  provider?: ProviderKind;
  name?: string;
  progress: Progress;
}

/** Where a gym can be reached. */
export interface RunningGym {
  /** The gateway's. */
  url: string;
  kubeconfig: string;
  /** Path of a kubectl that fits the cluster. */
  kubectl: string;
}

/** `gymctl up`: from nothing to a gym that agents can play in. */
export function register(program: Command): void {
  addUpOptions(program.command('up'))
    .description('start a cluster, install the gym in it, and print where the gateway and the kubeconfig are')
    .action(async (flags: Omit<UpOptions, 'progress' | 'signal'>) => {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort(new Error('interrupted')));
      const gym = await up({ ...flags, signal: stop.signal, progress: (line) => console.error(line) });
      console.log(`gateway: ${gym.url}\nkubeconfig: ${gym.kubeconfig}`);
    });
}

/** Options that say where the gym comes up. */
export function addUpOptions(command: Command): Command {
  return addClusterOptions(command)
    .option('--port <port>', 'port of 127.0.0.1 that leads to the gateway', parsePort, DEFAULT_PORT)
    .option('--registry <registry>', 'where the cluster of a context pulls the images from (default: its nodes have them)', parseRegistry)
    .hook('preAction', (up) => {
      const { registry, provider } = up.opts<UpOptions>();
      if (registry && provider !== 'context')
        up.error('error: --registry goes with --provider context; a local cluster gets the images without a registry');
    });
}

/** Options that say which cluster is meant. */
export function addClusterOptions(command: Command): Command {
  const provider = new Option('--provider <provider>', 'kind of cluster (default: what this machine can hold)');
  return command
    .addOption(provider.choices(['native', 'kind', 'context']))
    .option('--name <name>', 'name of the cluster, or of the kubeconfig context (default: gym)');
}

export type UpOptions = GymOptions & { port?: number; registry?: string; signal?: AbortSignal };

/**
 * Cluster, images, chart, everything Ready, forwarder: each step is skipped when its outcome is there. A second `up` of the same gym waits for the
 * first. Rejects with the signal's reason; what is made by then, `down` removes.
 */
export async function up(o: UpOptions): Promise<RunningGym> {
  const cluster = await openCluster(o);
  const unlock = await lockGym(cluster, o);
  try {
    return await bringUp(cluster, o);
  } finally {
    await unlock();
  }
}

/** Waits until no other gymctl of this machine brings this gym up, or plays a demo that will remove it; nobody else does until the returned function is called. */
export function lockGym(cluster: ClusterProvider, { progress, signal }: UpOptions): Promise<() => Promise<void>> {
  const waiting = () => progress(`Waiting for another gymctl that brings up or demonstrates the gym in "${cluster.name}"`);
  return lock(`gym/${cluster.kind}/${cluster.name}`, waiting, signal);
}

/** As `up`, for who has the gym locked. */
export async function bringUp(cluster: ClusterProvider, o: UpOptions): Promise<RunningGym> {
  const { progress, signal } = o;
  const kubeconfig = await cluster.up({ signal });
  const [kubectl, helm] = await Promise.all([program('kubectl'), program('helm')]);
  const client = new KubeClient(loadKubeConfig({ path: kubeconfig }));
  try {
    const before = await readInstalled(client);
    const images = cluster.kind === 'context' ? [] : await loadImages(cluster, before.images, progress, signal);
    const values = chartValues(images, o.registry);
    const chart = await chartFingerprint(values);
    if (before.chart !== chart) {
      progress('Installing operator, gateway and runners');
      await makeSystemNamespace(client);
      await writeInstalled(client, { images });
      await installChart({ helm, kubeconfig, values });
      signal?.throwIfAborted();
    }
    await waitUntilReady({ client, progress, signal });
    if (before.chart !== chart) await writeInstalled(client, { images, chart });
  } finally {
    await client.close();
  }
  signal?.throwIfAborted();
  const stateFile = forwardStateFile(cacheDir(), cluster);
  const url = await ensureForwarder({ stateFile, kubectl, kubeconfig, port: o.port ?? DEFAULT_PORT });
  return { url, kubeconfig, kubectl };
}

/** Builds what changed and loads what the cluster does not have; returns the archives that it then has. */
async function loadImages(
  cluster: ClusterProvider,
  loaded: readonly string[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<string[]> {
  const here = process.platform === 'linux' && process.getuid?.() === 0;
  const built: BuiltImage[] = here ? await buildImages({ onProgress: progress }) : await buildWithDocker(IMAGE_SETS, version, progress);
  signal?.throwIfAborted();
  const archives = [...new Set(built.map((image) => image.tar))];
  // Docker's archives keep their names when their content changes.
  const missing = here ? archives.filter((archive) => !loaded.includes(archive)) : archives;
  if (missing.length) {
    progress('Loading images into the cluster');
    await cluster.loadImage(missing);
    signal?.throwIfAborted();
  }
  return archives;
}

/** The cached program, or the one on PATH where a cluster brought none. */
export async function program(name: string): Promise<string> {
  const cached = cachedProgram(name);
  return access(cached).then(
    () => cached,
    () => name,
  );
}

function parseRegistry(text: string): string {
  if (!/^[\w.-]+(:\d+)?(\/[\w.-]+)*$/.test(text))
    throw new InvalidArgumentError('give HOST, HOST:PORT or either with /PATH, without https://');
  return text;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new InvalidArgumentError('give a port between 1 and 65535');
  return port;
}
