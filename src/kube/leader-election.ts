import type { KubeClient } from './client.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { isAlreadyExists, isConflict } from './errors.ts';
import { type Logger, silentLogger } from './logger.ts';
import type { KubeMetrics } from './metrics.ts';
import { toMicroTime } from './micro-time.ts';
import { type LeaseObject, Resources } from './resource.ts';

/** Defaults of controller-runtime. */
const LEASE_DURATION_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_PERIOD_MS = 2000;

export interface LeaderElectorOptions {
  client: KubeClient;
  /** The Lease that is fought for. */
  namespace: string;
  name: string;
  /** Who this process is; unique among the candidates. */
  identity: string;
  /** Called when the lease is ours; the signal aborts when it no longer is. Not awaited: the lease is renewed meanwhile. */
  onStartedLeading: (signal: AbortSignal) => void;
  /** Called once when the lease was lost against our will: stop writing at once. */
  onLost: () => void;
  clock?: Clock;
  log?: Logger;
  metrics?: KubeMetrics;
  leaseDurationMs?: number;
  renewDeadlineMs?: number;
  retryPeriodMs?: number;
}

/**
 * Holds one coordination.k8s.io Lease at a time among many candidates, as client-go does: another's lease is judged by how long it has
 * not changed on our own clock, so clocks may differ. Gives the lease back on stop, so that the next one need not wait.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #durationMs: number;
  readonly #deadlineMs: number;
  readonly #retryMs: number;
  #observed: { lease: LeaseObject; at: number } | undefined;
  #leading = false;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = (options.log ?? silentLogger).child({ lease: `${options.namespace}/${options.name}` });
    this.#durationMs = options.leaseDurationMs ?? LEASE_DURATION_MS;
    this.#deadlineMs = options.renewDeadlineMs ?? RENEW_DEADLINE_MS;
    this.#retryMs = options.retryPeriodMs ?? RETRY_PERIOD_MS;
    if (this.#durationMs <= this.#deadlineMs || this.#deadlineMs <= this.#retryMs) {
      throw new Error('Leader election needs leaseDuration > renewDeadline > retryPeriod');
    }
    options.metrics?.leaderStatus.set({ name: options.name }, 0);
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Waits for the lease, leads, and ends when `signal` aborts (the lease is released) or the lease is lost. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.#tryOnce(this.#retryMs))) await sleep(this.#clock, this.#retryMs, signal);
    if (signal.aborted) {
      await this.#release();
      return;
    }
    const leadership = new AbortController();
    this.#setLeading(true);
    this.#options.onStartedLeading(leadership.signal);
    await this.#renewUntilLost(signal);
    this.#setLeading(false);
    leadership.abort(new Error(`The lease ${this.#options.namespace}/${this.#options.name} is no longer held`));
    if (signal.aborted) await this.#release();
    else this.#options.onLost();
  }

  async #renewUntilLost(signal: AbortSignal): Promise<void> {
    let renewedAt = this.#now();
    while (!signal.aborted) {
      await sleep(this.#clock, this.#retryMs, signal);
      if (signal.aborted) return;
      const began = this.#now();
      const left = renewedAt + this.#deadlineMs - began;
      if (left <= 0) return;
      if (await this.#tryOnce(Math.min(left, this.#retryMs * 2))) renewedAt = began;
      else if (this.#observed && this.#holder() !== this.#options.identity) return;
    }
  }

  /** One try to take or renew the lease. True when it is ours; failures count as no. */
  async #tryOnce(timeoutMs: number): Promise<boolean> {
    const { client, namespace, name } = this.#options;
    const call = { numbered: false, timeoutMs };
    try {
      const lease = await client.find(Resources.leases, { namespace, name }, { timeoutMs });
      if (!lease) {
        this.#observe(await client.create(Resources.leases, { metadata: { namespace, name }, spec: this.#spec() }, call));
        return true;
      }
      this.#observe(lease);
      if (!this.#free()) return false;
      this.#observe(await client.replace(Resources.leases, { ...lease, spec: this.#spec(lease) }, call));
      return true;
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) this.#log.warn({ err: error }, 'Could not reach the lease');
      return false;
    }
  }

  /** Ours, given back, or not renewed by its holder for a whole lease duration since we first saw it so. */
  #free(): boolean {
    const holder = this.#holder();
    if (!holder || holder === this.#options.identity || !this.#observed) return true;
    const durationMs = (this.#observed.lease.spec?.leaseDurationSeconds ?? 0) * 1000 || this.#durationMs;
    return this.#now() >= this.#observed.at + durationMs;
  }

  #observe(lease: LeaseObject): void {
    const same = this.#observed?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    if (!same) this.#observed = { lease, at: this.#now() };
  }

  #holder(): string | undefined {
    return this.#observed?.lease.spec?.holderIdentity;
  }

  #spec(old?: LeaseObject): NonNullable<LeaseObject['spec']> {
    const now = toMicroTime(this.#clock.now());
    const ours = old?.spec?.holderIdentity === this.#options.identity;
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      acquireTime: (ours && old?.spec?.acquireTime) || now,
      renewTime: now,
      leaseTransitions: (old?.spec?.leaseTransitions ?? 0) + (old && !ours ? 1 : 0),
    };
  }

  async #release(): Promise<void> {
    const lease = this.#observed?.lease;
    if (!lease || this.#holder() !== this.#options.identity) return;
    const now = toMicroTime(this.#clock.now());
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    try {
      await this.#options.client.replace(Resources.leases, { ...lease, spec }, { numbered: false, timeoutMs: this.#retryMs });
      this.#log.info('Released the lease');
    } catch (error) {
      this.#log.warn({ err: error }, 'Could not release the lease; it will run out');
    }
  }

  #setLeading(leading: boolean): void {
    this.#leading = leading;
    this.#options.metrics?.leaderStatus.set({ name: this.#options.name }, leading ? 1 : 0);
    this.#log.info(leading ? 'Became the leader' : 'Stopped being the leader');
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}
