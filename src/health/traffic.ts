import type { Clock } from '../kube/clock.ts';
import type { Transaction } from './snapshot.ts';
import { payAndLookUp, type RandomInt, type ServiceCall } from './transaction.ts';

/** Mean time between two customers of an arena that nobody waits for, and of one whose verdict is awaited. */
const QUIET_MS = 8000;
const HURRY_MS = 400;
const KEEP_MS = 60_000;

export interface TrafficOptions {
  clock: Clock;
  /** Requests to the front door of the named arena. */
  callInto: (arena: string) => ServiceCall;
  /** Seeded by the arena. */
  randomOf: (arena: string) => RandomInt;
  /** Something new is known about the arena. */
  onTransaction: (arena: string, transaction: Transaction) => void;
}

/**
 * Customers of every arena, one at a time each, from its first moment to its last. The oracle has no requests of its own: it reads what
 * these customers met, so nothing in an arena can tell when it is being judged.
 */
export class ArenaTraffic {
  readonly #options: TrafficOptions;
  readonly #streams = new Map<string, CustomerStream>();

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** Starts customers for an arena, if there are none yet, and returns their last minute of transactions. */
  start(arena: string): readonly Transaction[] {
    let stream = this.#streams.get(arena);
    if (!stream) {
      stream = new CustomerStream(arena, this.#options);
      this.#streams.set(arena, stream);
    }
    return stream.recent();
  }

  /** More customers (or fewer again), the first of them at once. Does nothing for an arena that was not started. */
  hurry(arena: string, on: boolean): void {
    this.#streams.get(arena)?.hurry(on);
  }

  stop(arena: string): void {
    this.#streams.get(arena)?.stop();
    this.#streams.delete(arena);
  }

  stopAll(): void {
    for (const arena of [...this.#streams.keys()]) this.stop(arena);
  }
}

class CustomerStream {
  readonly #arena: string;
  readonly #options: TrafficOptions;
  readonly #random: RandomInt;
  readonly #left = new AbortController();
  #transactions: Transaction[] = [];
  #hurried = false;
  #paying = false;
  #cancel: () => void = () => {};

  constructor(arena: string, options: TrafficOptions) {
    this.#arena = arena;
    this.#options = options;
    this.#random = options.randomOf(arena);
    this.#next(this.#random(QUIET_MS));
  }

  recent(): readonly Transaction[] {
    return this.#transactions;
  }

  hurry(on: boolean): void {
    if (on === this.#hurried) return;
    this.#hurried = on;
    if (on && !this.#paying) this.#next(0);
  }

  stop(): void {
    this.#cancel();
    this.#left.abort();
  }

  #next(ms: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.setTimeout(() => void this.#pay(), ms);
  }

  async #pay(): Promise<void> {
    const { clock, callInto, onTransaction } = this.#options;
    this.#paying = true;
    const transaction = await payAndLookUp({ call: callInto(this.#arena), random: this.#random, clock, signal: this.#left.signal });
    this.#paying = false;
    if (this.#left.signal.aborted) return;
    const oldest = clock.now().getTime() - KEEP_MS;
    this.#transactions = [...this.#transactions.filter((t) => t.finishedAt.getTime() >= oldest), transaction];
    // Half to one and a half times the mean, so that arenas do not march in step.
    const mean = this.#hurried ? HURRY_MS : QUIET_MS;
    this.#next(mean / 2 + this.#random(mean));
    onTransaction(this.#arena, transaction);
  }
}
