import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { cachedProgram } from '../../src/local/cache.ts';
import { openCluster } from '../../src/local/choose.ts';
import { buildImages } from '../../src/local/images/build.ts';
import type { Progress } from '../../src/local/provider.ts';
import { freePorts } from '../support/free-ports.ts';

const GYMCTL = join(import.meta.dirname, '../../src/cli/gymctl.ts');
/** A cluster of its own: nothing else runs in it, and nothing that runs elsewhere is disturbed. */
const CLUSTER = 'bench';
const READY_MS = 120_000;
/** The chart's variable, and the heap that Node.js gives itself within the chart's limit of 512 MiB. */
const AS_IN_THE_CHART = { MALLOC_ARENA_MAX: '2', NODE_OPTIONS: '--max-old-space-size=256 --max-semi-space-size=1' };

/** A gym to measure, and an administrator's way past it. */
export interface Gym {
  url: string;
  client: KubeClient;
  kubeconfig: string;
  kubectl: string;
  /** URLs of the processes' metrics, which hold their resident memory. */
  metrics: { operator: string; gateway: string };
  stop(): Promise<void>;
}

/** A gym that runs already. `metrics`: where its processes publish theirs. */
export async function attachGym(o: { url: string; kubeconfig?: string; metrics: Gym['metrics'] }): Promise<Gym> {
  const kubeconfig = o.kubeconfig ?? (await (await openCluster({ progress: () => {} })).kubeconfig());
  const client = new KubeClient(loadKubeConfig({ path: kubeconfig }));
  return { url: o.url, client, kubeconfig, kubectl: cachedProgram('kubectl'), metrics: o.metrics, stop: () => client.close() };
}

/** Makes a cluster and starts operator and gateway from source, each in a process of its own; `stop` removes everything. */
export async function startGym(o: {
  maxSessions: number;
  maxArenas: number;
  spareArenas: number;
  progress: Progress;
  signal: AbortSignal;
}): Promise<Gym> {
  const { progress, signal } = o;
  const cluster = await openCluster({ name: CLUSTER, progress });
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await child.stop();
    await cluster.down();
  };
  try {
    const kubeconfig = await cluster.up({ signal });
    const images = await buildImages({ which: ['shop'], onProgress: progress });
    signal.throwIfAborted();
    await cluster.loadImage([...new Set(images.map((image) => image.tar))]);
    signal.throwIfAborted();
    const [port, operatorMetrics, gatewayMetrics, operatorHealth, gatewayHealth] = await freePorts(5);
    const logs = mkdtempSync(join(tmpdir(), 'gym-bench-'));
    progress(`Logs of operator and gateway: ${logs}`);
    const ports = (health: number, metrics: number) => ['--health-port', `${health}`, '--metrics-port', `${metrics}`];
    const operator = ['operator', '--kubeconfig', kubeconfig, '--archive', join(logs, 'episodes.jsonl')];
    const pool = ['--spare-arenas', `${o.spareArenas}`, '--max-arenas', `${o.maxArenas}`];
    children.push(new Child([...operator, ...pool, ...ports(operatorHealth, operatorMetrics)], join(logs, 'operator.log')));
    await children[0].answers(`http://127.0.0.1:${operatorHealth}/readyz`, signal);
    const gateway = ['gateway', '--kubeconfig', kubeconfig, '--port', `${port}`, '--max-sessions', `${o.maxSessions}`];
    children.push(new Child([...gateway, ...ports(gatewayHealth, gatewayMetrics)], join(logs, 'gateway.log')));
    await children[1].answers(`http://127.0.0.1:${gatewayHealth}/readyz`, signal);
    await children[1].answers(`http://127.0.0.1:${port}/health`, signal);
    const client = new KubeClient(loadKubeConfig({ path: kubeconfig }));
    return {
      url: `http://127.0.0.1:${port}`,
      client,
      kubeconfig,
      kubectl: cachedProgram('kubectl'),
      metrics: { operator: `http://127.0.0.1:${operatorMetrics}/metrics`, gateway: `http://127.0.0.1:${gatewayMetrics}/metrics` },
      stop: async () => {
        await client.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `gymctl ...args` with the Node.js that runs the bench, its output in a file. */
class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #log: string;

  constructor(args: readonly string[], log: string) {
    this.#log = log;
    this.#process = spawn(process.execPath, [GYMCTL, ...args], {
      env: { ...process.env, ...AS_IN_THE_CHART },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const file = createWriteStream(log);
    this.#process.stdout?.pipe(file, { end: false });
    this.#process.stderr?.pipe(file, { end: false });
    this.#exited = once(this.#process, 'exit');
  }

  /** Resolves when `url` answers 200. A process that is starting cannot be watched, so it is asked again and again. */
  async answers(url: string, signal: AbortSignal): Promise<void> {
    const limit = Date.now() + READY_MS;
    while (Date.now() < limit && this.#process.exitCode === null) {
      const ok = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
        (response) => response.ok,
        () => false,
      );
      if (ok) return;
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const ended = this.#process.exitCode === null ? '' : `: it ended with exit code ${this.#process.exitCode}`;
    throw new Error(`${url} does not answer${ended}; see ${this.#log}`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 20_000);
    await this.#exited;
    clearTimeout(timer);
  }
}
