import { join } from 'node:path';
import { must, run } from './command.ts';
import { privateDir } from './native/host.ts';
import { ClusterError, type ClusterProvider, type ClusterStatus, type Progress, type UpOptions } from './provider.ts';

/** Command lines of kind; pure, so that they can be checked where Docker is not. */
export const kindCommands = {
  create: (name: string, kubeconfig: string) => ['create', 'cluster', '--name', name, '--kubeconfig', kubeconfig, '--wait', '120s'],
  delete: (name: string, kubeconfig: string) => ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig],
  list: () => ['get', 'clusters'],
  kubeconfig: (name: string, path: string) => ['export', 'kubeconfig', '--name', name, '--kubeconfig', path],
  load: (name: string, archive: string) => ['load', 'image-archive', archive, '--name', name],
};

/** A cluster in Docker containers, made by kind. `dir`: where its kubeconfig is kept; `kubectl`: the program to ask it with. */
export class KindCluster implements ClusterProvider {
  readonly kind = 'kind';
  readonly name: string;
  readonly #dir: string;
  readonly #kubectl: string;
  readonly #progress: Progress;

  constructor(o: { name: string; dir: string; kubectl: string; progress: Progress }) {
    this.name = o.name;
    this.#dir = o.dir;
    this.#kubectl = o.kubectl;
    this.#progress = o.progress;
  }

  async up({ signal }: UpOptions = {}): Promise<string> {
    await privateDir(this.#dir);
    if (await this.#exists()) {
      await kind(kindCommands.kubeconfig(this.name, this.#path), signal);
      return this.#path;
    }
    this.#progress(`Making the kind cluster "${this.name}"`);
    try {
      await kind(kindCommands.create(this.name, this.#path), signal, this.#progress);
    } catch (error) {
      this.#progress('Removing the unfinished cluster');
      await this.down();
      throw error;
    }
    this.#progress("kind's own network plugin enforces NetworkPolicy from kind 0.24 on; an older one does not");
    return this.#path;
  }

  async down(): Promise<void> {
    await kind(kindCommands.delete(this.name, this.#path));
  }

  async status(): Promise<ClusterStatus> {
    const base = { provider: this.kind, name: this.name, programs: [] } satisfies Partial<ClusterStatus>;
    if (!(await this.#exists())) return { ...base, ready: false, summary: 'There is no such cluster' };
    const answer = await run(this.#kubectl, [`--kubeconfig=${this.#path}`, '--request-timeout=5s', 'get', '--raw', '/readyz']);
    const ready = answer.code === 0;
    return {
      ...base,
      ready,
      kubeconfig: this.#path,
      summary: ready ? 'The API server answers' : `The API server does not answer: ${answer.stderr.trim()}`,
    };
  }

  async kubeconfig(): Promise<string> {
    if (!(await this.#exists()))
      throw new ClusterError(`There is no kind cluster "${this.name}": make it with gymctl cluster up --provider kind --name ${this.name}`);
    await privateDir(this.#dir);
    await kind(kindCommands.kubeconfig(this.name, this.#path));
    return this.#path;
  }

  async loadImage(archives: readonly string[]): Promise<string[]> {
    for (const archive of archives) await kind(kindCommands.load(this.name, archive));
    return [...archives];
  }

  get #path(): string {
    return join(this.#dir, `${this.name}.kubeconfig`);
  }

  async #exists(): Promise<boolean> {
    return (await kind(kindCommands.list())).split('\n').includes(this.name);
  }
}

async function kind(args: string[], signal?: AbortSignal, onLine?: Progress): Promise<string> {
  try {
    return await must('kind', args, { signal, onLine });
  } catch (error) {
    if (!/is not on this machine/.test((error as Error).message)) throw error;
    throw new ClusterError(
      'The program kind is not on this machine: install it (https://kind.sigs.k8s.io) and Docker, or use --provider native or context',
    );
  }
}
