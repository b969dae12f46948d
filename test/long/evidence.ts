/** What an auditor collects by itself: every version of every object of every arena, over `kubectl proxy`, without a line of the gym's own code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

// biome-ignore lint/suspicious/noExplicitAny: the auditor reads objects as they are, whatever the gym believes of them
export type Json = any;

const COLLECTIONS = {
  deployments: '/apis/apps/v1/deployments',
  pods: '/api/v1/pods',
  services: '/api/v1/services',
  slices: '/apis/discovery.k8s.io/v1/endpointslices',
  quotas: '/api/v1/resourcequotas',
  incidents: '/apis/kubesregym.dev/v1alpha1/namespaces/kube-sre-gym/incidents',
} as const;
type Collection = keyof typeof COLLECTIONS;

/** The objects of an arena at one moment, under their real namespaces. */
export type ArenaState = Record<Exclude<Collection, 'incidents'>, Json[]>;

interface Version {
  revision: number;
  /** Undefined: deleted. */
  object: Json | undefined;
}

export class EvidenceRecorder {
  readonly #proxy: ChildProcess;
  readonly #stop = new AbortController();
  readonly #history = new Map<string, Version[]>();
  readonly #changed = new Set<() => void>();
  #watching: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;
  /** Where the API server answers without credentials. */
  url = '';

  private constructor(proxy: ChildProcess) {
    this.#proxy = proxy;
  }

  static async start(kubectl: string, kubeconfig: string): Promise<EvidenceRecorder> {
    const proxy = spawn(kubectl, ['--kubeconfig', kubeconfig, 'proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const recorder = new EvidenceRecorder(proxy);
    const [line] = (await once(createInterface({ input: proxy.stdout as NodeJS.ReadableStream }), 'line')) as [string];
    recorder.url = `http://${/127\.0\.0\.1:\d+/.exec(line)?.[0]}`;
    const watches = (Object.keys(COLLECTIONS) as Collection[]).map((collection) => recorder.#watch(collection));
    recorder.#watching = Promise.all(watches).catch((error) => {
      if (!recorder.#stop.signal.aborted) recorder.#failure = error as Error;
      for (const tell of recorder.#changed) tell();
    });
    return recorder;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    this.#proxy.kill();
  }

  /** The first version of the Incident for which `is` holds; waits for it. */
  async incident(name: string, is: (incident: Json) => boolean, timeoutMs: number): Promise<{ revision: number; object: Json }> {
    const find = () => this.#history.get(`incidents kube-sre-gym/${name}`)?.find((v) => v.object && is(v.object));
    return (await this.#until(find, `Incident ${name}`, timeoutMs)) as { revision: number; object: Json };
  }

  /** Everything in these namespaces as it was when the cluster's revision was `revision`. */
  asOf(namespaces: readonly string[], revision: number): ArenaState {
    const state: ArenaState = { deployments: [], pods: [], services: [], slices: [], quotas: [] };
    for (const [key, versions] of this.#history) {
      const [collection, place] = key.split(' ') as [Collection, string];
      if (collection === 'incidents' || !namespaces.includes(place.split('/')[0])) continue;
      const object = versions.findLast((v) => v.revision <= revision)?.object;
      if (object) state[collection].push(object);
    }
    return state;
  }

  /** Resolves when nothing is left in these namespaces: then every watch has told all that happened before. */
  async untilGone(namespaces: readonly string[], timeoutMs: number): Promise<void> {
    const left = () => [...this.#history].filter(([key, versions]) => namespaces.includes(placeOf(key)) && versions.at(-1)?.object);
    await this.#until(() => left().length === 0, `${namespaces.join(', ')} are gone`, timeoutMs);
  }

  forget(namespaces: readonly string[]): void {
    for (const key of [...this.#history.keys()]) if (namespaces.includes(placeOf(key))) this.#history.delete(key);
  }

  #until<T>(find: () => T | undefined | false, what: string, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#changed.delete(look);
        settle();
      };
      const look = () => {
        const found = find();
        if (this.#failure) end(() => reject(this.#failure));
        else if (found) end(() => resolve(found));
      };
      const timer = setTimeout(() => end(() => reject(new Error(`Not seen within ${timeoutMs / 1000} s: ${what}`))), timeoutMs);
      this.#changed.add(look);
      look();
    });
  }

  async #watch(collection: Collection): Promise<void> {
    const { signal } = this.#stop;
    const path = this.url + COLLECTIONS[collection];
    const list = (await (await fetch(path, { signal })).json()) as Json;
    for (const item of list.items) this.#keep(collection, 'ADDED', item);
    let revision: string = list.metadata.resourceVersion;
    while (!signal.aborted) {
      const query = new URLSearchParams({ watch: '1', resourceVersion: revision, allowWatchBookmarks: 'true', timeoutSeconds: '600' });
      const response = await fetch(`${path}?${query}`, { signal });
      for await (const line of createInterface({ input: Readable.fromWeb(response.body as ReadableStream) })) {
        const { type, object } = JSON.parse(line) as Json;
        // A gap in the evidence would let anything pass.
        if (type === 'ERROR') throw new Error(`The watch of ${collection} broke: ${JSON.stringify(object)}`);
        revision = object.metadata.resourceVersion;
        if (type !== 'BOOKMARK') this.#keep(collection, type, object);
      }
    }
  }

  #keep(collection: Collection, type: string, object: Json): void {
    const { namespace, name, resourceVersion } = object.metadata;
    if (!/-[a-z][a-z0-9]{9}$/.test(namespace) && collection !== 'incidents') return;
    delete object.metadata.managedFields;
    const key = `${collection} ${namespace}/${name}`;
    const versions = this.#history.get(key) ?? [];
    versions.push({ revision: Number(resourceVersion), object: type === 'DELETED' ? undefined : object });
    this.#history.set(key, versions);
    for (const tell of [...this.#changed]) tell();
  }
}

const placeOf = (key: string): string => key.slice(key.indexOf(' ') + 1).split('/')[0];
