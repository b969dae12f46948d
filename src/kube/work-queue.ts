import type { CancelTimer, Clock } from './clock.ts';
import { initializeQueue, type KubeMetrics } from './metrics.ts';

/** Defaults of client-go's DefaultTypedControllerRateLimiter, with the longest wait of this project's bar. */
const BASE_DELAY_MS = 5;
const MAX_DELAY_MS = 30_000;
const BUCKET_QPS = 10;
const BUCKET_BURST = 100;

export interface WorkQueueOptions {
  name: string;
  /** Handles one key; a throw puts it back with a growing delay. The result may ask for the key again. */
  process: (key: string) => Promise<{ requeueAfterMs?: number } | undefined>;
  /** Keys worked on at once; 4 by default. */
  concurrency?: number;
  clock: Clock;
  metrics?: KubeMetrics;
  /** Told of every throw, with the wait until the next try. */
  onError?: (key: string, error: unknown, retryMs: number) => void;
}

/**
 * Keys to work on: each at most once in the queue and never twice at the same time; a key added while it is worked on runs again after.
 * Retries wait per key 5 ms doubling to 30 s and share a bucket of 10 a second with a burst of 100; success forgets the wait.
 */
export class WorkQueue {
  readonly name: string;
  readonly #options: WorkQueueOptions;
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #bucket: TokenBucket;
  /** Waiting to be worked on, oldest first, with the time of the add. */
  readonly #ready = new Map<string, number>();
  readonly #active = new Set<string>();
  readonly #delayed = new Map<string, { at: number; cancel: CancelTimer }>();
  readonly #failures = new Map<string, number>();
  #started = false;
  #stopped = false;
  #drained: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  constructor(options: WorkQueueOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock;
    this.#concurrency = options.concurrency ?? 4;
    this.#bucket = new TokenBucket(options.clock, BUCKET_QPS, BUCKET_BURST);
    if (options.metrics) initializeQueue(options.metrics, options.name);
  }

  /** Keys that wait to be worked on now. */
  get depth(): number {
    return this.#ready.size;
  }

  get active(): number {
    return this.#active.size;
  }

  /** Begins to work; keys added before have waited. */
  start(): void {
    this.#started = true;
    this.#pump();
  }

  /** Has `key` worked on as soon as possible; a later time that was asked for is dropped, because the work asks anew. */
  add(key: string): void {
    if (this.#stopped) return;
    this.#undelay(key);
    if (this.#ready.has(key)) return;
    this.#ready.set(key, this.#now());
    this.#options.metrics?.queueAdds.inc(this.#labels());
    this.#pump();
  }

  /** Has `key` worked on after `ms` milliseconds at the latest: the earliest of several times counts. */
  addAfter(key: string, ms: number): void {
    if (this.#stopped) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#now() + ms;
    const waiting = this.#delayed.get(key);
    if (this.#ready.has(key) || (waiting && waiting.at <= at)) return;
    this.#undelay(key);
    const cancel = this.#clock.setTimeout(() => this.add(key), ms);
    this.#delayed.set(key, { at, cancel });
  }

  /** Takes no more keys, drops the waiting ones and resolves when those under way are done. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopped = true;
    for (const key of [...this.#delayed.keys()]) this.#undelay(key);
    this.#ready.clear();
    this.#setDepth();
    this.#drained ??= this.#active.size === 0 ? Promise.resolve() : new Promise((resolve) => (this.#idle = resolve));
    return this.#drained;
  }

  #pump(): void {
    this.#setDepth();
    if (!this.#started) return;
    for (const [key, since] of this.#ready) {
      if (this.#active.size >= this.#concurrency) break;
      if (this.#active.has(key)) continue;
      this.#ready.delete(key);
      this.#options.metrics?.queueDuration.observe(this.#labels(), (this.#now() - since) / 1000);
      void this.#run(key);
    }
    this.#setDepth();
  }

  async #run(key: string): Promise<void> {
    this.#active.add(key);
    const began = this.#now();
    try {
      const result = await this.#options.process(key);
      this.#failures.delete(key);
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      this.#retry(key, error);
    } finally {
      this.#active.delete(key);
      this.#options.metrics?.queueWorkDuration.observe(this.#labels(), (this.#now() - began) / 1000);
      this.#pump();
      if (this.#active.size === 0) this.#idle?.();
    }
  }

  #retry(key: string, error: unknown): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const backoff = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** failures);
    const wait = Math.max(backoff, this.#bucket.reserve());
    this.#options.metrics?.queueRetries.inc(this.#labels());
    this.#options.onError?.(key, error, wait);
    this.addAfter(key, wait);
  }

  #undelay(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  #setDepth(): void {
    this.#options.metrics?.queueDepth.set(this.#labels(), this.#ready.size);
  }

  #labels(): { name: string; controller: string } {
    return { name: this.name, controller: this.name };
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}

/** Lets `burst` through at once and `perSecond` on average. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = clock.now().getTime();
  }

  /** Takes a token, ahead of time if there is none; returns the milliseconds until it is due. */
  reserve(): number {
    this.#refill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs;
  }

  /** Takes a token if there is one. */
  tryTake(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const now = this.#clock.now().getTime();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}
