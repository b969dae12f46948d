import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as delay } from 'node:timers/promises';
import { type AppName, DEFAULT_APP } from '../../../src/api/apps.ts';
import { type ArenaNames, realNamespace, toReal } from '../../../src/kube/arena-names.ts';
import { cachedProgram } from '../../../src/local/cache.ts';
import { must } from '../../../src/local/command.ts';
import { PACKAGE_ROOT } from '../../../src/local/images/paths.ts';
import { loadApp, paperBaseline } from '../../../src/operator/arena/app.ts';
import { frontDoorOf } from '../../../src/operator/arena/front-door.ts';

export interface Payment {
  id: string;
  status: string;
  reference: string;
  upstream?: string;
  error?: string;
  settlement?: { note: string };
}

/** One copy of the sample app on a live cluster, in namespaces with a suffix of their own; reached through `kubectl proxy`. */
export class ShopCopy {
  readonly #kubeconfig: string;
  readonly #name: AppName;
  readonly #arena: ArenaNames;
  readonly #frontDoor: string;
  #proxy: ChildProcess | undefined;
  #api = '';

  constructor(kubeconfig: string, name: AppName = DEFAULT_APP) {
    this.#kubeconfig = kubeconfig;
    this.#name = name;
    const app = loadApp({ name });
    this.#arena = { id: `t${randomBytes(6).toString('hex').slice(0, 11)}`, plain: app.namespaces };
    const { namespace, service, port } = frontDoorOf(paperBaseline(app));
    this.#frontDoor = `${realNamespace(namespace, this.#arena)}/services/${service}:${port}/proxy`;
  }

  /** Plain names. */
  get namespaces(): readonly string[] {
    return this.#arena.plain;
  }

  kubectl(args: readonly string[], stdin?: string): Promise<string> {
    return must(cachedProgram('kubectl'), ['--kubeconfig', this.#kubeconfig, ...args], { stdin });
  }

  /** kubectl in one of the copy's namespaces, given by its plain name. */
  in(namespace: string, ...args: string[]): Promise<string> {
    return this.kubectl(['-n', realNamespace(namespace, this.#arena), ...args]);
  }

  async #manifests(revision: string): Promise<string> {
    return toReal(await readFile(join(PACKAGE_ROOT, `sample_app/rendered/${this.#name}/${revision}.yaml`), 'utf8'), this.#arena);
  }

  async #apply(revision: string): Promise<void> {
    await this.kubectl(['apply', '-f', '-'], await this.#manifests(revision));
  }

  /** Makes the namespaces and the two old revisions; nothing runs yet. */
  async prepare(): Promise<void> {
    for (const plain of this.namespaces) {
      await this.kubectl(['create', 'namespace', realNamespace(plain, this.#arena)]);
      await this.kubectl(['label', 'namespace', realNamespace(plain, this.#arena), 'pod-security.kubernetes.io/enforce=restricted']);
      await this.in(plain, 'wait', '--for=create', 'serviceaccount/default', '--timeout=20s');
    }
    for (const [index, revision] of ['revision-1', 'revision-2'].entries()) {
      await this.#apply(revision);
      await this.until(
        async () => {
          const sets = await Promise.all(this.namespaces.map((plain) => this.in(plain, 'get', 'replicasets', '-o', 'name')));
          return sets.join('').trim().split('\n').length === 7 * (index + 1);
        },
        20_000,
        `ReplicaSets of ${revision}`,
      );
    }
    this.#proxy = spawn(cachedProgram('kubectl'), ['--kubeconfig', this.#kubeconfig, 'proxy', '--port=0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: this.#proxy.stdout as NodeJS.ReadableStream }), 'line')) as [string];
    const address = /127\.0\.0\.1:\d+/.exec(line)?.[0];
    this.#api = `http://${address}/api/v1/namespaces`;
  }

  /** Applies today's manifests and waits until every Deployment is Ready, then until a customer is served. Returns the milliseconds to Ready. */
  async current(): Promise<number> {
    const began = performance.now();
    await this.#apply('current');
    await this.#ready();
    const ms = performance.now() - began;
    await this.#served();
    return ms;
  }

  /** Puts every Deployment back as it was, fields that the manifests do not name included (an apply would leave those). */
  async restore(): Promise<void> {
    const deployments = (await this.#manifests('current')).split(/^---$/m).filter((text) => /^kind: Deployment$/m.test(text));
    await this.until(() => this.#replaced(deployments.join('---')), 60_000, 'the Deployments replaced');
    await this.#ready();
  }

  /** False when a Deployment changed between kubectl's reading and its writing: its controller had just noted a revision. */
  async #replaced(manifests: string): Promise<boolean> {
    try {
      await this.kubectl(['replace', '-f', '-'], manifests);
      return true;
    } catch (error) {
      if (/Error from server \(Conflict\)/.test((error as Error).message)) return false;
      throw error;
    }
  }

  #ready(): Promise<void> {
    return this.until(async () => (await this.#unready()) === '', 240_000, 'all Deployments Ready');
  }

  /** The Deployments that are not as they should be, one a line. */
  async #unready(): Promise<string> {
    const path =
      '{range .items[*]}{.metadata.name} {.metadata.generation} {.spec.replicas}={.status.observedGeneration} {.status.readyReplicas} {.status.replicas} {.status.updatedReplicas}{"\\n"}{end}';
    const lines = (await Promise.all(this.namespaces.map((plain) => this.in(plain, 'get', 'deployments', '-o', `jsonpath=${path}`))))
      .join('')
      .trim()
      .split('\n');
    return lines
      .filter((line) => {
        const [, want, have] = /^\S+ (.*)=(.*)$/.exec(line) ?? [];
        const replicas = want?.split(' ')[1];
        return have !== `${want} ${replicas} ${replicas}`;
      })
      .join('\n');
  }

  async call(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Payment & Record<string, unknown> }> {
    const response = await fetch(`${this.#api}/${this.#frontDoor}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    try {
      return { status: response.status, body: JSON.parse(text) };
    } catch {
      throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    }
  }

  /** The front-door transaction with a fresh reference. Returns undefined when it worked, else what went wrong. */
  async transaction(): Promise<string | undefined> {
    const reference = `order-${randomBytes(6).toString('hex')}`;
    const paid = await this.call('POST', '/pay', { amount: 1999, currency: 'EUR', reference });
    if (paid.status !== 201) return `pay: ${paid.status} ${JSON.stringify(paid.body)}`;
    for (const giveUp = Date.now() + 4000; ; ) {
      const found = await this.call('GET', `/payments/${paid.body.id}`);
      if (found.status !== 200) return `look-up: ${found.status} ${JSON.stringify(found.body)}`;
      if (found.body.reference !== reference) return `look-up: another reference ${found.body.reference}`;
      if (found.body.status === 'settled') return undefined;
      if (Date.now() > giveUp) return `look-up: still ${found.body.status}: ${found.body.settlement?.note}`;
      await delay(100);
    }
  }

  /** Waits until a customer's order goes through: a Ready pod takes a moment to reach the node's Service rules. */
  async #served(): Promise<void> {
    let problem: string | undefined;
    const works = async () => {
      problem = await this.transaction().catch((error: Error) => error.message);
      return problem === undefined;
    };
    await this.until(works, 60_000, 'a transaction that works').catch((error: Error) => {
      throw new Error(`${error.message}; last: ${problem}`);
    });
  }

  /** Breaks something, looks, and puts the Deployments back; `restore` undoes what lies outside of them. */
  async broken(
    breakIt: () => Promise<unknown>,
    look: () => Promise<unknown>,
    restore: () => Promise<unknown> = async () => {},
  ): Promise<void> {
    try {
      await breakIt();
      await look();
    } finally {
      await restore();
      await this.restore();
    }
    await this.#served();
  }

  /** Goes back to the release before today's, or to the oldest one, and sees customers fail. */
  breaksWithRelease(which: 'previous' | 'oldest', namespace: string, deployment: string): Promise<void> {
    const undo = async () => {
      const history = await this.in(namespace, 'rollout', 'history', `deployment/${deployment}`);
      const revisions = [...history.matchAll(/^(\d+)\s/gm)].map(([, revision]) => Number(revision)).sort((a, b) => a - b);
      const to = which === 'oldest' ? [`--to-revision=${revisions[0]}`] : [];
      await this.in(namespace, 'rollout', 'undo', `deployment/${deployment}`, ...to);
    };
    const fails = async () => (await this.transaction()) !== undefined;
    return this.broken(undo, () => this.until(fails, 60_000, 'a transaction that fails'));
  }

  /** Asks `isTrue` until it is, at most `timeoutMs`; kubectl tables have no watch that answers such questions. */
  async until(isTrue: () => Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
    for (const giveUp = Date.now() + timeoutMs; ; ) {
      if (await isTrue()) return;
      if (Date.now() > giveUp) throw new Error(`${what}: not seen within ${timeoutMs} ms`);
      await delay(150);
    }
  }

  /** Waits until what kubectl prints matches, and returns it. */
  async shows(pattern: RegExp, namespace: string, ...args: string[]): Promise<string> {
    let text = '';
    await this.until(
      async () => {
        text = await this.in(namespace, ...args).catch((error) => String(error));
        return pattern.test(text);
      },
      60_000,
      `${pattern} in kubectl ${args.join(' ')}`,
    ).catch((error) => {
      throw new Error(`${error.message}; last:\n${text}`);
    });
    return text;
  }

  /** Deletes one pod of a Deployment and returns the exit code that its container ended with. */
  async deletePod(namespace: string, deployment: string): Promise<number | undefined> {
    const pod = await this.in(
      namespace,
      'get',
      'pod',
      '-l',
      `app.kubernetes.io/name=${deployment}`,
      '-o',
      'jsonpath={.items[0].metadata.name}',
    );
    const query = new URLSearchParams({ watch: '1', fieldSelector: `metadata.name=${pod}`, timeoutSeconds: '60' });
    const events = await fetch(`${this.#api}/${realNamespace(namespace, this.#arena)}/pods?${query}`);
    await this.in(namespace, 'delete', 'pod', pod, '--grace-period=20', '--wait=false');
    const stream = Readable.fromWeb(events.body as ReadableStream).on('error', () => {});
    let code: number | undefined;
    for await (const line of createInterface({ input: stream })) {
      const event = JSON.parse(line);
      code = event.object.status.containerStatuses?.[0].state.terminated?.exitCode ?? code;
      if (event.type === 'DELETED') break;
    }
    stream.destroy();
    return code;
  }

  async remove(): Promise<void> {
    this.#proxy?.kill();
    await this.kubectl([
      'delete',
      'namespace',
      ...this.namespaces.map((plain) => realNamespace(plain, this.#arena)),
      '--ignore-not-found',
      '--wait=false',
    ]);
  }
}
