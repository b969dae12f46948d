import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { must, run } from '../command.ts';
import { lock } from '../lock.ts';
import { ClusterError, type ClusterProvider, type ClusterStatus, type Progress, type UpOptions } from '../provider.ts';
import { addonManifests } from './addons.ts';
import {
  API_PORT,
  cniConfig,
  containerdConfig,
  IN_NODE,
  kubeletConfig,
  kubeProxyConfig,
  NODE_NAME,
  registryHosts,
  schedulerConfig,
} from './configs.ts';
import {
  cniBinDir,
  containerdMajor,
  exists,
  hasUnifiedCgroups,
  hostAddresses,
  makeLink,
  mayLowerOomScore,
  ociRuntime,
  privateDir,
  privateFile,
  readHostLayout,
  requireNativeHost,
  snapshotterFor,
  startTime,
} from './host.ts';
import { addresses, freeSlot, identify, type NodeIdentity } from './identity.ts';
import { launchNode } from './launch.ts';
import { nodeSpec } from './node-spec.ts';
import { exportAdminKubeconfig, makePki } from './pki.ts';
import { type Prepared, prepareCache } from './prepare.ts';
import { isAlive, type NodeRecord, readPrograms, readRecord, takenSlots, writeRecord } from './state.ts';
import { remains, teardown } from './teardown.ts';

/** How long each part of a start may take on a slow machine; measured on two cores they take 1 to 10 s. */
const PART_TIMEOUT_MS = 120_000;

/** A real one-node Kubernetes in namespaces of its own on this host, without Docker. */
export class NativeCluster implements ClusterProvider {
  readonly kind = 'native';
  readonly name: string;
  readonly node: NodeIdentity;
  readonly #cache: string;
  readonly #progress: Progress;

  constructor(name: string, cache: string, progress: Progress) {
    this.name = name;
    this.node = identify(name);
    this.#cache = cache;
    this.#progress = progress;
  }

  async up({ signal }: UpOptions = {}): Promise<string> {
    await requireNativeHost();
    return this.#locked(async () => {
      const record = await readRecord(this.node.stateDir);
      if (record?.phase === 'ready' && (await isAlive(record))) {
        await this.#waitUntil('the API server answers', () => this.#apiReady(), signal);
        return this.#kubeconfigPath;
      }
      const prepared = await prepareCache(this.#cache, this.#progress, signal);
      if ((await remains(this.node)).length) {
        this.#progress(`Removing what an earlier cluster "${this.name}" left behind`);
        await teardown(this.node);
      }
      try {
        await this.#start(prepared, signal);
      } catch (error) {
        this.#progress('Removing the unfinished cluster');
        const logs = signal?.aborted ? '' : await this.#lastWords();
        await teardown(this.node);
        if (logs && error instanceof ClusterError) error.message += logs;
        throw error;
      }
      return this.#kubeconfigPath;
    }, signal);
  }

  async down(): Promise<void> {
    await requireNativeHost();
    await this.#locked(async () => {
      await teardown(this.node);
      const left = await remains(this.node);
      if (left.length)
        throw new ClusterError(`These parts of the cluster "${this.name}" are still there, run the command again: ${left.join(', ')}`);
    });
  }

  async status(): Promise<ClusterStatus> {
    await requireNativeHost();
    const base = { provider: this.kind, name: this.name, programs: await readPrograms(this.node.stateDir) } as const;
    const record = await readRecord(this.node.stateDir);
    if (!record)
      return {
        ...base,
        ready: false,
        summary: (await remains(this.node)).length
          ? 'Abandoned while it was made; gymctl cluster down removes it'
          : 'There is no such cluster',
      };
    if (!(await isAlive(record))) {
      const programs = base.programs.map((program) => ({ ...program, running: false }));
      return {
        ...base,
        programs,
        ready: false,
        summary: "The node's first process has died, and all others with it; gymctl cluster up makes a new one",
      };
    }
    if (record.phase === 'starting') return { ...base, ready: false, summary: 'Starting' };
    const common = { ...base, kubeconfig: this.#kubeconfigPath };
    const dead = base.programs.filter((program) => !program.running);
    if (dead.length)
      return {
        ...common,
        ready: false,
        summary: `Being restarted: ${dead.map((p) => `${p.name} (${p.lastExit ?? 'not started yet'})`).join(', ')}`,
      };
    if (!(await this.#apiReady())) return { ...common, ready: false, summary: 'The API server does not answer' };
    if (!(await this.#nodeReady())) return { ...common, ready: false, summary: `The node ${NODE_NAME} is not Ready` };
    return { ...common, ready: true, summary: `Kubernetes answers at ${await this.#server()}` };
  }

  async kubeconfig(): Promise<string> {
    if (!(await exists(this.#kubeconfigPath)))
      throw new ClusterError(`There is no cluster "${this.name}" here: make it with gymctl cluster up --name ${this.name}`);
    return this.#kubeconfigPath;
  }

  async loadImage(archives: readonly string[]): Promise<string[]> {
    const record = await readRecord(this.node.stateDir);
    if (!record?.init || !(await isAlive(record)))
      throw new ClusterError(`The cluster "${this.name}" does not run: start it with gymctl cluster up --name ${this.name}`);
    const names = [];
    for (const archive of archives) {
      if (!(await exists(archive))) throw new ClusterError(`There is no file ${archive}`);
      names.push(...(await this.#import(record.init.pid, archive)));
    }
    return names;
  }

  get #kubeconfigPath(): string {
    return join(this.node.stateDir, 'kubeconfig');
  }

  async #locked<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const unlock = await lock(
      `cluster/${this.node.id}`,
      () => this.#progress(`Waiting for another gymctl that works on the cluster "${this.name}"`),
      signal,
    );
    try {
      return await work();
    } finally {
      await unlock();
    }
  }

  async #start(prepared: Prepared, signal?: AbortSignal): Promise<void> {
    const began = Date.now();
    this.#progress(`Starting the cluster "${this.name}"`);
    const record = await this.#claimSlot();
    const { host, node: address } = addresses(record.slot);
    const { stateDir } = this.node;
    const bin = (program: string) => join(this.#cache, 'bin', program);
    for (const dir of [
      'root',
      'run',
      'log',
      'config/cni',
      'config/certs.d/_default',
      'data/etcd',
      'data/containerd',
      'data/kubelet',
      'data/cni',
      'kubernetes',
    ]) {
      await privateDir(join(stateDir, dir));
    }
    await makePki({
      kubeadm: bin('kubeadm'),
      dir: join(stateDir, 'kubernetes'),
      clusterName: this.name,
      address,
      endpoint: `${address}:${API_PORT}`,
      signal,
    });
    await exportAdminKubeconfig(join(stateDir, 'kubernetes'), this.#kubeconfigPath);
    await this.#writeConfigs(prepared);
    const layout = await readHostLayout(prepared.packagesUsr);
    const specPath = join(stateDir, 'spec.json');
    await privateFile(specPath, JSON.stringify(nodeSpec(this.node, address, join(this.#cache, 'bin'), layout), null, 2));
    signal?.throwIfAborted();

    // Should this process die before it commits, the node ends itself.
    const launched = await launchNode(bin('nodeinit'), specPath);
    const { pid } = launched;
    const started = await startTime(pid);
    if (!started) throw new ClusterError("The node's first process ended at once");
    record.init = { pid, startTime: started };
    await writeRecord(stateDir, record);
    await makeLink(this.node.link, pid, host, signal);
    launched.linked();

    const images = this.#importAll(pid, prepared.images, signal);
    const addons = this.#waitUntil('the API server answers', () => this.#apiReady(), signal).then(() => this.#applyAddons(signal));
    await Promise.all([images, addons]);
    await this.#waitUntil(`the node ${NODE_NAME} is Ready`, () => this.#nodeReady(), signal);
    await this.#waitUntil('network policies are enforced', () => this.#enforcesPolicies(pid), signal);
    await this.#waitUntil('cluster DNS is Ready', () => this.#deploymentReady('coredns'), signal);
    await writeRecord(stateDir, { ...record, phase: 'ready' });
    launched.commit();
    this.#progress(`The cluster "${this.name}" is Ready after ${((Date.now() - began) / 1000).toFixed(1)} s`);
  }

  /** Takes the lowest free pair of addresses and notes it, so that no other cluster takes the same. */
  async #claimSlot(): Promise<NodeRecord> {
    const unlock = await lock('slots');
    try {
      await privateDir(this.node.stateDir);
      const record: NodeRecord = { name: this.name, slot: freeSlot(await takenSlots(), hostAddresses()), phase: 'starting' };
      await writeRecord(this.node.stateDir, record);
      return record;
    } finally {
      await unlock();
    }
  }

  async #writeConfigs(prepared: Prepared): Promise<void> {
    const usr = prepared.packagesUsr ?? '/usr';
    const config = (path: string, content: string) => privateFile(join(this.node.stateDir, 'config', path), content);
    await config('kubelet.yaml', kubeletConfig({ cgroupV1: !(await hasUnifiedCgroups()) }));
    await config('kube-proxy.yaml', kubeProxyConfig());
    await config('scheduler.yaml', schedulerConfig());
    await config('certs.d/_default/hosts.toml', registryHosts());
    await config('cni/10-pods.conflist', cniConfig());
    await config(
      'containerd.toml',
      containerdConfig({
        major: await containerdMajor(usr),
        runtime: await ociRuntime(usr),
        snapshotter: await snapshotterFor(this.node.stateDir),
        cniBin: await cniBinDir(usr),
        restrictOomScore: !(await mayLowerOomScore()),
      }),
    );
  }

  async #importAll(pid: number, archives: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.#waitUntil(
      'containerd answers',
      async () => (await this.#inNode(pid, ['ctr', '-a', IN_NODE.containerdSocket, 'version'])).code === 0,
      signal,
    );
    for (const archive of archives) await this.#import(pid, archive, signal);
  }

  async #import(pid: number, archive: string, signal?: AbortSignal): Promise<string[]> {
    const result = await this.#inNode(
      pid,
      ['ctr', '-a', IN_NODE.containerdSocket, '-n', 'k8s.io', 'images', 'import', '-'],
      archive,
      signal,
    );
    if (result.code !== 0) throw new ClusterError(`The node cannot import ${archive}: ${result.stderr.trim()}`);
    return [...`${result.stdout}\n${result.stderr}`.matchAll(/^unpacking (\S+)/gm)].map(([, name]) => name as string);
  }

  /** Runs a program of the node in its mount and network namespaces, and in nothing else of it. */
  #inNode(pid: number, argv: readonly string[], stdinFile?: string, signal?: AbortSignal) {
    const env = { PATH: `${IN_NODE.sbin}:${process.env.PATH}:/usr/sbin:/usr/bin` };
    return run('nsenter', ['--target', String(pid), '--mount', '--net', ...argv], { stdinFile, signal, env });
  }

  #kubectl(...args: string[]) {
    return run(join(this.#cache, 'bin/kubectl'), [`--kubeconfig=${this.#kubeconfigPath}`, '--request-timeout=5s', ...args]);
  }

  async #applyAddons(signal?: AbortSignal): Promise<void> {
    const manifests = addonManifests();
    // The namespace kube-system appears a moment after the API server is ready.
    await this.#waitUntil('kube-system exists', async () => (await this.#kubectl('get', 'namespace', 'kube-system')).code === 0, signal);
    await must(
      join(this.#cache, 'bin/kubectl'),
      [`--kubeconfig=${this.#kubeconfigPath}`, 'apply', '--server-side', '--force-conflicts', '-f', '-'],
      { stdin: manifests, signal },
    );
  }

  async #apiReady(): Promise<boolean> {
    return (await this.#kubectl('get', '--raw', '/readyz')).code === 0;
  }

  async #nodeReady(): Promise<boolean> {
    const result = await this.#kubectl('get', 'node', NODE_NAME, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}');
    return result.stdout === 'True';
  }

  async #deploymentReady(name: string): Promise<boolean> {
    const result = await this.#kubectl('-n', 'kube-system', 'get', 'deployment', name, '-o', 'jsonpath={.status.readyReplicas}');
    return Number(result.stdout) > 0;
  }

  async #enforcesPolicies(pid: number): Promise<boolean> {
    return (await this.#inNode(pid, ['iptables', '-w', '-S', 'FORWARD'])).stdout.includes('KUBE-ROUTER-FORWARD');
  }

  async #server(): Promise<string> {
    return (await readFile(this.#kubeconfigPath, 'utf8')).match(/server: (\S+)/)?.[1] ?? 'an unknown address';
  }

  /** Asks until it is so. Start-up offers nothing to watch: the thing asked for is what will answer watches. */
  async #waitUntil(what: string, isSo: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
    const deadline = Date.now() + PART_TIMEOUT_MS;
    while (!(await isSo())) {
      signal?.throwIfAborted();
      const record = await readRecord(this.node.stateDir);
      if (!(await isAlive(record))) throw new ClusterError(`The node ended while gymctl waited until ${what}`);
      if (Date.now() > deadline) throw new ClusterError(`Waited ${PART_TIMEOUT_MS / 1000} s in vain until ${what}`);
      await sleep(100, undefined, { signal });
    }
  }

  /** The ends of the logs of what did not run, for the error message: the logs themselves go with the node. */
  async #lastWords(): Promise<string> {
    const ended = (await readPrograms(this.node.stateDir)).filter((program) => !program.running || program.restarts > 0);
    let text = '';
    for (const name of ['nodeinit', ...ended.map((program) => program.name)]) {
      const log = await readFile(join(this.node.stateDir, 'log', `${name}.log`), 'utf8').catch(() => '');
      if (log) text += `\n--- ${name}\n${log.trim().split('\n').slice(-6).join('\n')}`;
    }
    return text;
  }
}
