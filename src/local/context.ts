import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must, run } from './command.ts';
import { privateDir } from './native/host.ts';
import { ClusterError, type ClusterProvider, type ClusterStatus } from './provider.ts';

/** A cluster that exists and that the context `name` of the user's kubeconfig reaches. It is used as it is: never made, never removed. */
export class ContextCluster implements ClusterProvider {
  readonly kind = 'context';
  readonly name: string;
  readonly #dir: string;
  readonly #kubectl: string;

  /** `name`: a context of `$KUBECONFIG` or `~/.kube/config`; `dir`: where a kubeconfig of that one context is written. */
  constructor(o: { name: string; dir: string; kubectl: string }) {
    this.name = o.name;
    this.#dir = o.dir;
    this.#kubectl = o.kubectl;
  }

  async up(): Promise<string> {
    const path = await this.kubeconfig();
    const answer = await this.#ready(path);
    if (answer) throw new ClusterError(`The context "${this.name}" does not lead to a cluster that answers: ${answer}`);
    const allowed = await run(this.#kubectl, [`--kubeconfig=${path}`, 'auth', 'can-i', '*', '*', '--all-namespaces']);
    if (allowed.stdout.trim() !== 'yes')
      throw new ClusterError(`The user of the context "${this.name}" is not a cluster administrator, which installing the gym needs`);
    return path;
  }

  /** Leaves the cluster alone; it is not ours. */
  async down(): Promise<void> {}

  async status(): Promise<ClusterStatus> {
    const kubeconfig = await this.kubeconfig();
    const answer = await this.#ready(kubeconfig);
    return { provider: this.kind, name: this.name, programs: [], kubeconfig, ready: !answer, summary: answer ?? 'The API server answers' };
  }

  async kubeconfig(): Promise<string> {
    const result = await run(this.#kubectl, ['config', 'view', '--raw', '--flatten', '--minify', `--context=${this.name}`]).catch(() => {
      throw new ClusterError(`${this.#kubectl} is not on this machine: install kubectl`);
    });
    if (result.code !== 0) {
      const known = (await must(this.#kubectl, ['config', 'get-contexts', '-o', 'name'])).trim().split('\n').filter(Boolean);
      throw new ClusterError(
        `The kubeconfig has no context "${this.name}"; it has ${known.length ? known.join(', ') : 'none'}: choose with --name, or set KUBECONFIG`,
      );
    }
    await privateDir(this.#dir);
    const path = join(this.#dir, `context-${this.name.replace(/[^\w.-]/g, '_')}.kubeconfig`);
    await writeFile(path, result.stdout, { mode: 0o600 });
    await chmod(path, 0o600);
    return path;
  }

  async loadImage(): Promise<string[]> {
    throw new ClusterError(
      `Images cannot be loaded into the cluster of a context: push them to a registry that "${this.name}" pulls from, then run ` +
        `gymctl up --provider context --name ${this.name} --registry REGISTRY`,
    );
  }

  /** Undefined when the API server is ready, else why not. */
  async #ready(kubeconfig: string): Promise<string | undefined> {
    const result = await run(this.#kubectl, [`--kubeconfig=${kubeconfig}`, '--request-timeout=5s', 'get', '--raw', '/readyz']);
    return result.code === 0 ? undefined : result.stderr.trim() || `exit code ${result.code}`;
  }
}
