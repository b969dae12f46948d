import type { KubeClient, ObjectList } from './client.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { ApiError, isGone } from './errors.ts';
import { type Logger, silentLogger } from './logger.ts';
import { type ObjectRef, type Resource, resourcePath } from './resource.ts';
import { type Change, Store } from './store.ts';
import type { KubeObject } from './types.ts';
import { watchEvents } from './watch-stream.ts';

const PAGE = 500;
const BACKOFF_BASE_MS = 50;
/** Below client-go's 30 s: an incident's clock runs while the gym is blind. */
const BACKOFF_MAX_MS = 5000;
const WATCH_MIN_SECONDS = 280;
const WATCH_SPREAD_SECONDS = 40;
const IDLE_TIMEOUT_MS = 90_000;
/** As client-go: a quiet watch that ends sooner is a failure, else it would be opened in a tight loop. */
const SHORTEST_WATCH_MS = 1000;

export interface ReflectorOptions<T extends KubeObject> {
  client: KubeClient;
  resource: Resource<T>;
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Keeps only objects that pass; one that stops passing is DELETED for subscribers. */
  filter?: (object: T) => boolean;
  clock?: Clock;
  log?: Logger;
  /** Uniform in [0, 1), for jitter. */
  random?: () => number;
}

/** What a reflector went through, for tests and logs. */
export interface ReflectorStats {
  lists: number;
  watches: number;
  events: number;
  bookmarks: number;
  /** Times the resourceVersion was too old (410). */
  gone: number;
  /** Watches or lists that failed otherwise. */
  failures: number;
}

type Subscriber<T> = (change: Change<T>) => void;

/**
 * Mirrors a collection: list, then watch from there, for ever. A broken or silent watch resumes at its last resourceVersion, 410 lists
 * again, failures back off. Subscribers see each object's last state at least, never the same state twice. managedFields are dropped.
 */
export class Reflector<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly stats: ReflectorStats = { lists: 0, watches: 0, events: 0, bookmarks: 0, gone: 0, failures: 0 };
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #store = new Store<T>();
  readonly #subscribers = new Set<Subscriber<T>>();
  readonly #probes = new Set<() => void>();
  readonly #stop = new AbortController();
  #resourceVersion = '';
  #synced = false;
  /** In a row; any event starts over. */
  #failures = 0;
  #running: Promise<void> | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.resource = options.resource;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    const path = resourcePath(options.resource, options.namespace ? { namespace: options.namespace } : {});
    this.#log = (options.log ?? silentLogger).child({ watch: path });
  }

  /** True once the first list is in. */
  get synced(): boolean {
    return this.#synced;
  }

  get size(): number {
    return this.#store.size;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#store.get(ref);
  }

  /** Objects as last seen, of one namespace or all. They are frozen. */
  list(namespace?: string): T[] {
    return this.#store.list(namespace);
  }

  /** Calls `subscriber` for each change from now on, and at once with ADDED for what is there. Returns how to end that. */
  subscribe(subscriber: Subscriber<T>): () => void {
    this.#subscribers.add(subscriber);
    for (const object of this.#store.list()) this.#tell(subscriber, { type: 'ADDED', object });
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  /** Begins to mirror; calling it again does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the watch; waiters reject. Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error(`The watch of ${this.resource.plural} was stopped`));
    await this.#running;
  }

  /** Resolves when the first list is in. Rejects with the signal's reason. */
  async waitForSync(signal?: AbortSignal): Promise<void> {
    await this.waitFor(() => true, signal);
  }

  /**
   * Resolves with the first truthy value of `probe`, which runs now, after the first list and after each change. Rejects with the signal's
   * reason (AbortSignal.timeout for a limit), or when the reflector stops or `probe` throws.
   */
  waitFor<R>(probe: () => R | undefined | null | false, signal?: AbortSignal): Promise<R> {
    const signals = AbortSignal.any([this.#stop.signal, ...(signal ? [signal] : [])]);
    return new Promise<R>((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#probes.delete(check);
        signals.removeEventListener('abort', abort);
        settle();
      };
      const abort = () => finish(() => reject(signals.reason));
      const check = () => {
        if (!this.#synced) return;
        try {
          const value = probe();
          if (value) finish(() => resolve(value));
        } catch (error) {
          finish(() => reject(error));
        }
      };
      this.#probes.add(check);
      signals.addEventListener('abort', abort, { once: true });
      if (signals.aborted) abort();
      else check();
    });
  }

  async #run(): Promise<void> {
    const signal = this.#stop.signal;
    while (!signal.aborted) {
      try {
        if (!this.#resourceVersion) await this.#list();
        await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        await sleep(this.#clock, this.#failed(error), signal);
      }
    }
  }

  /** Takes note of a failure; returns the milliseconds to wait. */
  #failed(error: unknown): number {
    this.#failures++;
    if (isGone(error)) this.stats.gone++;
    else this.stats.failures++;
    if (needsRelist(error)) this.#resourceVersion = '';
    // A 410 is the ordinary end of a long pause; a second in a row is not.
    const waitMs = isGone(error) && this.#failures === 1 ? 0 : this.#backoff(this.#failures, error);
    this.#log.debug({ err: error, waitMs: Math.round(waitMs) }, 'Lost the watch');
    return waitMs;
  }

  #backoff(failures: number, error: unknown): number {
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    const grown = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(failures - 1, 10));
    return Math.max(asked, grown * (0.5 + this.#random() / 2));
  }

  async #list(): Promise<void> {
    const { items, resourceVersion } = await this.#fetchAll();
    this.stats.lists++;
    const seen = new Set<string>();
    const changes: Change<T>[] = [];
    for (const item of items) {
      seen.add(keyOf(item));
      changes.push(...this.#put(item));
    }
    for (const object of this.#store.list()) if (!seen.has(keyOf(object))) changes.push(...this.#store.remove(object));
    this.#resourceVersion = resourceVersion;
    this.#synced = true;
    this.#publish(changes);
  }

  /** All pages; when the continuation grows too old half-way, everything in one answer. */
  async #fetchAll(): Promise<{ items: T[]; resourceVersion: string }> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options;
    const options = {
      ...(namespace ? { namespace } : {}),
      ...(labelSelector ? { labelSelector } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
      signal: this.#stop.signal,
    };
    const items: T[] = [];
    let continuation: string | undefined;
    for (;;) {
      try {
        const page: ObjectList<T> & { continuation: string | undefined } = await client.listPage(resource, options, continuation, PAGE);
        items.push(...page.items);
        continuation = page.continuation;
        if (!continuation) return { items, resourceVersion: page.resourceVersion };
      } catch (error) {
        if (!continuation || !isGone(error)) throw error;
        return client.listPage(resource, options, undefined, 0);
      }
    }
  }

  /** Watches until the server ends it. */
  async #watch(): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options;
    this.stats.watches++;
    const began = this.#clock.now().getTime();
    let quiet = true;
    const events = watchEvents(client, resource, {
      ...(namespace ? { namespace } : {}),
      ...(labelSelector ? { labelSelector } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
      resourceVersion: this.#resourceVersion,
      timeoutSeconds: WATCH_MIN_SECONDS + Math.floor(this.#random() * WATCH_SPREAD_SECONDS),
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      signal: this.#stop.signal,
    });
    for await (const event of events) {
      quiet = false;
      this.#failures = 0;
      this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
      if (event.type === 'BOOKMARK') {
        this.stats.bookmarks++;
        continue;
      }
      this.stats.events++;
      const object = event.object as T;
      this.#publish(event.type === 'DELETED' ? this.#store.remove(strip(object)) : this.#put(object));
    }
    if (quiet && this.#clock.now().getTime() - began < SHORTEST_WATCH_MS) throw new Error('The watch ended at once');
  }

  #put(object: T): Change<T>[] {
    const stripped = strip(object);
    if (this.#options.filter && !this.#options.filter(stripped)) return this.#store.remove(stripped);
    return this.#store.put(stripped);
  }

  #publish(changes: readonly Change<T>[]): void {
    for (const change of changes) for (const subscriber of [...this.#subscribers]) this.#tell(subscriber, change);
    for (const probe of [...this.#probes]) probe();
  }

  #tell(subscriber: Subscriber<T>, change: Change<T>): void {
    try {
      subscriber(change);
    } catch (error) {
      this.#log.error({ err: error, object: keyOf(change.object) }, 'A subscriber failed');
    }
  }
}

const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

function strip<T extends KubeObject>(object: T): T {
  delete (object.metadata as { managedFields?: unknown }).managedFields;
  return object;
}

/** Refused for another reason than load: resuming would be refused again, for example after etcd was restored. */
function needsRelist(error: unknown): boolean {
  return error instanceof ApiError && ![429, 500, 502, 503].includes(error.code);
}
