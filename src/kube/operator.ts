import { createRequire } from 'node:module';
import type { OperatorLogger, ResourceEvent, ResourceMeta } from '@dot-i/k8s-operator';
import * as k8s from '@kubernetes/client-node';
import type { KubeClient } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Controller } from './controller.ts';
import { installCrd, readCrd } from './crd-install.ts';
import { isNotFound } from './errors.ts';
import { LeaderElector } from './leader-election.ts';
import { type Logger, toOperatorLogger } from './logger.ts';
import type { KubeMetrics } from './metrics.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import type { Resource } from './resource.ts';
import type { KubeObject } from './types.ts';
import { WorkQueue } from './work-queue.ts';

// A static import would be require(esm) of client-node in a cycle, which jest's module loader refuses.
const dot: typeof import('@dot-i/k8s-operator') = createRequire(import.meta.url)('@dot-i/k8s-operator');
const { default: DotOperator, ResourceEventType, ResourceMetaImpl } = dot;

export interface LeaderElectionOptions {
  namespace: string;
  name: string;
  identity: string;
}

export interface OperatorOptions {
  client: KubeClient;
  log: Logger;
  metrics?: KubeMetrics;
  clock?: Clock;
  /** Without it this process acts at once, alone. */
  leaderElection?: LeaderElectionOptions;
  /** Called when the lease was lost: the process must end, another one acts already. */
  onLeadershipLost?: () => void;
}

/**
 * Lifecycle of @dot-i/k8s-operator over our runtime: `init` registers reflectors and controllers; start() mirrors at once and reconciles as
 * leader; stop() takes no more work, drains, gives the lease back. Each inherited method that is broken on client-node 2 (no resume of
 * watches, exit on any error, swallowed HTTP errors, finalizers without resourceVersion) is replaced by one that works and throws.
 */
export abstract class Operator extends DotOperator {
  protected readonly client: KubeClient;
  protected readonly log: Logger;
  readonly #options: OperatorOptions;
  readonly #reflectors: Reflector<KubeObject>[] = [];
  readonly #controllers: Controller[] = [];
  readonly #queues: WorkQueue[] = [];
  readonly #resources = new Map<string, Resource>();
  readonly #stop = new AbortController();
  /** Apart from #stop: the lease is given back only after the last write. */
  readonly #electionStop = new AbortController();
  #election: Promise<void> | undefined;
  #started = false;
  #working: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: OperatorOptions) {
    super(toOperatorLogger(options.log) satisfies OperatorLogger);
    this.#options = options;
    this.client = options.client;
    this.log = options.log;
    this.kubeConfig = options.client.config;
    this.k8sApi = options.client.config.makeApiClient(k8s.CoreV1Api);
  }

  /** True once every cache is filled: what /readyz asks. */
  get synced(): boolean {
    return this.#started && this.#reflectors.every((r) => r.synced);
  }

  /** A mirror of a collection that lives as long as this operator. Call it in init. */
  protected reflect<T extends KubeObject>(
    resource: Resource<T>,
    options: Omit<ReflectorOptions<T>, 'client' | 'resource'> = {},
  ): Reflector<T> {
    const clock = this.#options.clock ?? systemClock;
    const reflector = new Reflector<T>({ client: this.client, resource, log: this.log, clock, ...options });
    this.#reflectors.push(reflector as unknown as Reflector<KubeObject>);
    return reflector;
  }

  /** Runs a controller while this process leads. Call it in init. */
  protected addController(controller: Controller): void {
    this.#controllers.push(controller);
  }

  /** Resolves when mirroring has begun; controllers start once caches are filled and, with leader election, the lease is held. */
  override async start(): Promise<void> {
    await super.start();
    this.#started = true;
    for (const reflector of this.#reflectors) reflector.start();
    const { leaderElection, clock, metrics } = this.#options;
    if (!leaderElection) {
      this.#work();
      return;
    }
    const elector = new LeaderElector({
      ...leaderElection,
      client: this.client,
      log: this.log,
      ...(clock ? { clock } : {}),
      ...(metrics ? { metrics } : {}),
      onStartedLeading: () => this.#work(),
      onLost: () => this.#lost(),
    });
    this.#election = elector.run(this.#electionStop.signal);
  }

  /** Stops intake, waits for reconciles under way, then gives the lease back and closes the watches. Safe to call twice. */
  override stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  async #drain(): Promise<void> {
    this.#stop.abort(new Error('The operator was stopped'));
    await this.#working?.catch(() => {});
    await Promise.all([...this.#controllers.map((c) => c.stop()), ...this.#queues.map((q) => q.stop())]);
    this.#electionStop.abort();
    await this.#election;
    await Promise.all(this.#reflectors.map((r) => r.stop()));
  }

  #work(): void {
    this.#working = Promise.all(this.#controllers.map((c) => c.start(this.#stop.signal))).then(() => {});
    this.#working.catch((error) => {
      if (!this.#stop.signal.aborted) this.log.error({ err: error }, 'Controllers could not start');
    });
    for (const queue of this.#queues) queue.start();
  }

  #lost(): void {
    this.log.error('Lost the lease; another operator may act already');
    this.#options.onLeadershipLost?.();
  }

  // ---- inherited API

  protected override getCustomResourceApiUri(group: string, version: string, plural: string, namespace?: string): string {
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
    const server = this.client.config.getCurrentCluster()?.server ?? '';
    return `${server}${root}${namespace ? `/namespaces/${namespace}` : ''}/${plural}`;
  }

  /** Creates or upgrades the CustomResourceDefinition of a file and waits until it is served. */
  protected override async registerCustomResourceDefinition(
    crdFile: string,
  ): Promise<{ group: string; versions: k8s.V1CustomResourceDefinitionVersion[]; plural: string }> {
    const crd = readCrd(crdFile);
    await installCrd(this.client, crd);
    const versions = crd.spec.versions as unknown as k8s.V1CustomResourceDefinitionVersion[];
    return { group: crd.spec.group, versions, plural: crd.spec.names.plural };
  }

  /** Calls `onEvent` with the latest state of each object, serially per object; a throw retries it with backoff. Call it in init. */
  protected override async watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const resource = await this.#discover(group, version, plural);
    this.#resources.set(`${plural}.${group ? `${group}/${version}` : version}`, resource);
    const reflector = this.reflect(resource, namespace ? { namespace } : {});
    const gone = new Map<string, KubeObject>();
    const seen = new Set<string>();
    const process = async (key: string): Promise<undefined> => {
      const [ns = '', name = ''] = key.split('/');
      const object = reflector.get({ namespace: ns, name }) ?? gone.get(key);
      if (!object) return;
      const deleted = gone.get(key) === object;
      const type = deleted ? ResourceEventType.Deleted : seen.has(key) ? ResourceEventType.Modified : ResourceEventType.Added;
      const copy = structuredClone(object) as k8s.KubernetesObject;
      await onEvent({ meta: ResourceMetaImpl.createWithPlural(plural, copy), object: copy, type });
      if (!deleted) seen.add(key);
      else if (gone.get(key) === object) {
        gone.delete(key);
        seen.delete(key);
      }
    };
    const clock = this.#options.clock ?? systemClock;
    const onError = (key: string, error: unknown) => this.log.error({ err: error, object: key }, 'Handling an event failed');
    const queue = new WorkQueue({ name: plural, process, clock, onError });
    reflector.subscribe(({ type, object }) => {
      const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
      if (type === 'DELETED') gone.set(key, object);
      else gone.delete(key);
      queue.add(key);
    });
    this.#queues.push(queue);
  }

  /** Replaces the whole status; throws what the API server says, a conflict included. */
  protected override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    const { apiVersion, kind } = meta;
    const body = { apiVersion, kind, metadata: refOf(meta), status } as KubeObject;
    const object = await this.client.replace(this.#resourceOf(meta), body, { subresource: 'status' });
    return ResourceMetaImpl.createWithId(meta.id, object as k8s.KubernetesObject);
  }

  /** Merge-patches the status; throws what the API server says, a conflict included. */
  protected override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    const object = await this.client.patchStatus(this.#resourceOf(meta), refOf(meta), status as Record<string, unknown>);
    return ResourceMetaImpl.createWithId(meta.id, object as k8s.KubernetesObject);
  }

  /** Sets the finalizers of the object as it was seen; throws a conflict when it changed since. Gone is as good as done. */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    try {
      const { resourceVersion } = meta;
      await this.client.mergePatch(this.#resourceOf(meta), refOf(meta), { metadata: { resourceVersion, finalizers } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #resourceOf(meta: ResourceMeta): Resource {
    const resource = this.#resources.get(meta.id);
    if (!resource) throw new Error(`${meta.id} is not watched by this operator`);
    return resource;
  }

  async #discover(group: string, version: string, plural: string): Promise<Resource> {
    const path = group ? `/apis/${group}/${version}` : `/api/${version}`;
    const response = await this.client.raw({ method: 'GET', path });
    const { resources } = JSON.parse(response.body.toString('utf8')) as {
      resources: { name: string; kind: string; namespaced: boolean }[];
    };
    const found = resources.find((r) => r.name === plural);
    if (!found) throw new Error(`The API server serves no ${plural} in ${group || 'the core group'}/${version}`);
    return { group, version, plural, kind: found.kind, namespaced: found.namespaced };
  }
}

function refOf(meta: ResourceMeta): { name: string; namespace?: string; resourceVersion: string } {
  return { name: meta.name, resourceVersion: meta.resourceVersion, ...(meta.namespace ? { namespace: meta.namespace } : {}) };
}
