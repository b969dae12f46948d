import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from './clock.ts';
import { isConflict } from './errors.ts';
import { type Logger, silentLogger } from './logger.ts';
import { initializeController, type KubeMetrics, type ReconcileResult } from './metrics.ts';
import type { Reflector } from './reflector.ts';
import type { Change } from './store.ts';
import type { KubeObject } from './types.ts';
import { WorkQueue } from './work-queue.ts';

/** The object to reconcile, by name only: what happened to it does not matter, what is there does. */
export interface Request {
  namespace: string;
  name: string;
}

export interface Result {
  /** Look again after this many milliseconds at the latest. */
  requeueAfterMs?: number;
}

export interface ReconcileContext {
  /** Carries controller, object and reconcileID. */
  log: Logger;
  /** Aborts when the controller must end before the work is done. */
  signal: AbortSignal;
}

export type Reconcile = (request: Request, context: ReconcileContext) => Promise<Result | undefined>;

/** Which objects to reconcile after a change of another one. */
export type Mapper<T> = (object: T, change: Change<T>) => readonly Request[];

export interface ControllerOptions {
  name: string;
  /** Brings one object closer to what it should be; a throw retries it with backoff. */
  reconcile: Reconcile;
  /** Objects reconciled at once; 4 by default. */
  concurrency?: number;
  /** Time that reconciles under way get on stop before their signal aborts, milliseconds; 10 s by default. */
  drainMs?: number;
  clock?: Clock;
  log?: Logger;
  metrics?: KubeMetrics;
}

const DRAIN_MS = 10_000;

const toKey = ({ namespace, name }: Request): string => `${namespace}/${name}`;

function fromKey(key: string): Request {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The object itself: the mapper of a controller's own kind. */
export function requestOf(object: KubeObject): Request {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

/** The owner of the given kind, if `object` has one as its controller. */
export function ownerRequest(object: KubeObject, apiVersion: string, kind: string): Request[] {
  const owner = object.metadata.ownerReferences?.find((o) => o.controller && o.kind === kind && o.apiVersion === apiVersion);
  return owner ? [{ namespace: object.metadata.namespace ?? '', name: owner.name }] : [];
}

/** Turns changes of several kinds into keys of one and reconciles each key serially, level-triggered, with backoff. */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #queue: WorkQueue;
  readonly #sources: Reflector<KubeObject>[] = [];
  readonly #unsubscribe: (() => void)[] = [];
  readonly #abort = new AbortController();

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = (options.log ?? silentLogger).child({ controller: options.name });
    const concurrency = options.concurrency ?? 4;
    this.#queue = new WorkQueue({
      name: options.name,
      process: (key) => this.#process(key),
      concurrency,
      clock: this.#clock,
      ...(options.metrics ? { metrics: options.metrics } : {}),
    });
    if (options.metrics) initializeController(options.metrics, options.name, concurrency);
  }

  /** Reconciles what `map` says after each change of the reflector's objects; the objects themselves by default. */
  watch<T extends KubeObject>(reflector: Reflector<T>, map: Mapper<T> = (object) => [requestOf(object)]): this {
    this.#sources.push(reflector as unknown as Reflector<KubeObject>);
    this.#unsubscribe.push(
      reflector.subscribe((change) => {
        for (const request of map(change.object, change)) this.enqueue(request);
      }),
    );
    return this;
  }

  /** Asks for a reconcile, at once or after some milliseconds: for what no watch shows (time, results of work in the background). */
  enqueue(request: Request, afterMs = 0): void {
    this.#queue.addAfter(toKey(request), afterMs);
  }

  /** Begins once the first list of every watched kind is in: a reconciler never sees half a cache. Rejects when `signal` aborts first. */
  async start(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.waitForSync(signal)));
    this.#log.info('Started workers');
    this.#queue.start();
  }

  /** Takes no more work and resolves when what is under way has ended; past the drain time its signal aborts. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    const cancel = this.#clock.setTimeout(() => {
      this.#abort.abort(new Error(`Controller ${this.name} was stopped`));
    }, this.#options.drainMs ?? DRAIN_MS);
    await this.#queue.stop();
    cancel();
    this.#log.info('Stopped workers');
  }

  async #process(key: string): Promise<Result | undefined> {
    const { metrics, reconcile } = this.#options;
    const request = fromKey(key);
    const log = this.#log.child({ namespace: request.namespace, name: request.name, reconcileID: randomUUID() });
    const began = this.#clock.now().getTime();
    metrics?.activeWorkers.inc({ controller: this.name });
    let outcome: ReconcileResult = 'error';
    try {
      const result = await reconcile(request, { log, signal: this.#abort.signal });
      outcome = result?.requeueAfterMs === undefined ? 'success' : 'requeue_after';
      return result;
    } catch (error) {
      metrics?.reconcileErrors.inc({ controller: this.name });
      // Somebody else wrote first: the retry reads anew, nobody needs to be told.
      log[isConflict(error) ? 'debug' : 'error']({ err: error }, 'Reconcile failed');
      throw error;
    } finally {
      metrics?.activeWorkers.dec({ controller: this.name });
      metrics?.reconcileTotal.inc({ controller: this.name, result: outcome });
      metrics?.reconcileTime.observe({ controller: this.name }, (this.#clock.now().getTime() - began) / 1000);
    }
  }
}
