import { randomUUID } from 'node:crypto';
import { FIELD_MANAGER } from '../api/group.ts';
import { cutBytes } from '../api/text.ts';
import type { KubeClient } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { isNotFound } from './errors.ts';
import { type Logger, silentLogger } from './logger.ts';
import { toMicroTime } from './micro-time.ts';
import { type EventObject, type ObjectReference, Resources } from './resource.ts';
import type { KubeObject } from './types.ts';
import { TokenBucket } from './work-queue.ts';

/** Limit of the API server, in bytes. */
export const MAX_NOTE_BYTES = 1024;
/** As client-go: the same event within six minutes becomes a series. */
const SERIES_WINDOW_MS = 6 * 60_000;
/** As client-go's spam filter: per object 25 at once, then one every five minutes. */
const OBJECT_BURST = 25;
const OBJECT_PER_SECOND = 1 / 300;
const REMEMBERED = 1024;

export interface EventRecorderOptions {
  client: KubeClient;
  /** For example `kubesregym.dev/operator`. */
  reportingController: string;
  /** Name of this process, for example the pod's. */
  reportingInstance: string;
  clock?: Clock;
  log?: Logger;
}

export interface GymEvent {
  type: 'Normal' | 'Warning';
  /** CamelCase constant: why. */
  reason: string;
  /** CamelCase verb: what was done. */
  action: string;
  /** For a person: what happened and what to do. Cut at MAX_NOTE_BYTES. */
  note: string;
  related?: ObjectReference;
}

interface Series {
  name: string;
  namespace: string;
  count: number;
  last: number;
}

/** Records events.k8s.io/v1 Events in the background; a failure is logged, never thrown. The same event again makes a series of the first. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, TokenBucket>();
  #tail: Promise<void> = Promise.resolve();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
  }

  /** Records that something happened to `regarding`. Returns at once. */
  event(regarding: KubeObject, event: GymEvent): void {
    const at = this.#clock.now();
    this.#tail = this.#tail
      .then(() => this.#record(referenceTo(regarding), event, at))
      .catch((error) => this.#log.warn({ err: error, reason: event.reason, name: regarding.metadata.name }, 'Could not record an event'));
  }

  /** Resolves when everything recorded so far was sent. */
  flush(): Promise<void> {
    return this.#tail;
  }

  async #record(regarding: ObjectReference, event: GymEvent, at: Date): Promise<void> {
    const note = cutBytes(event.note, MAX_NOTE_BYTES);
    const key = JSON.stringify([regarding.kind, regarding.uid, event.type, event.reason, event.action, note, event.related?.uid]);
    const known = this.#series.get(key);
    if (known && at.getTime() - known.last <= SERIES_WINDOW_MS && (await this.#extend(known, at))) return;
    if (!this.#allowed(regarding)) {
      this.#log.debug({ reason: event.reason, name: regarding.name }, 'Dropped an event of an object that has too many');
      return;
    }
    const namespace = regarding.namespace || 'default';
    const name = `${(regarding.name ?? 'unnamed').slice(0, 200)}.${randomUUID().slice(0, 8)}${at.getTime().toString(16)}`;
    await this.#options.client.create(Resources.events, this.#object(name, namespace, regarding, event, note, at), { numbered: false });
    remember(this.#series, key, { name, namespace, count: 1, last: at.getTime() });
  }

  /** False when the event it would extend is gone. */
  async #extend(series: Series, at: Date): Promise<boolean> {
    const count = series.count + 1;
    try {
      await this.#options.client.mergePatch(
        Resources.events,
        series,
        { series: { count, lastObservedTime: toMicroTime(at) } },
        { numbered: false, fieldManager: FIELD_MANAGER },
      );
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
    series.count = count;
    series.last = at.getTime();
    return true;
  }

  #allowed(regarding: ObjectReference): boolean {
    const key = `${regarding.kind} ${regarding.uid}`;
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#clock, OBJECT_PER_SECOND, OBJECT_BURST);
    remember(this.#buckets, key, bucket);
    return bucket.tryTake();
  }

  #object(name: string, namespace: string, regarding: ObjectReference, event: GymEvent, note: string, at: Date): EventObject {
    const { reportingController, reportingInstance } = this.#options;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name, namespace },
      eventTime: toMicroTime(at),
      type: event.type,
      reason: event.reason,
      action: event.action,
      note,
      regarding,
      ...(event.related ? { related: event.related } : {}),
      reportingController,
      reportingInstance,
    };
  }
}

export function referenceTo(object: KubeObject): ObjectReference {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace, uid, resourceVersion } = metadata;
  const reference: ObjectReference = { name };
  if (apiVersion) reference.apiVersion = apiVersion;
  if (kind) reference.kind = kind;
  if (namespace) reference.namespace = namespace;
  if (uid) reference.uid = uid;
  if (resourceVersion) reference.resourceVersion = resourceVersion;
  return reference;
}

/** Sets an entry and drops the oldest beyond REMEMBERED. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED) break;
    map.delete(oldest);
  }
}
