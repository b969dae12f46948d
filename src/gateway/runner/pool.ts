import type { EndpointSlice } from '../../kube/types.ts';
import { connectRunner } from './client.ts';
import { type KubectlRunner, RunnerLostError } from './kubectl-runner.ts';
import type { SessionRequest } from './protocol.ts';

/** A runner that restarts, or whose session another gateway is ending, is free again within this time; nor are more runners tried after it. */
const WAIT_MS = 10_000;

/** The part of a reflector that the pool needs. */
export interface EndpointSource {
  list(): EndpointSlice[];
  /** Calls `changed` after each change. */
  subscribe(changed: () => void): unknown;
}

export interface RunnerPoolOptions {
  /** EndpointSlices of the runner pods' Service. */
  endpoints: EndpointSource;
  secret: string;
  /** Milliseconds within which a session begins with its last try of a runner; 10,000 by default. */
  waitMs?: number;
  connect?: typeof connectRunner;
}

type RunnerEndpoint = { host: string; port: number };

/** Hands each session a runner pod of its own. Runners serve one session at a time, so several gateways may share them. */
export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  readonly #taken = new Set<string>();
  readonly #waiters = new Set<() => void>();

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
    options.endpoints.subscribe(() => this.#wake());
  }

  /**
   * Opens a session on a free runner.
   *
   * @throws RunnerLostError when none is free in time; it says why the last one refused
   */
  async start(session: SessionRequest): Promise<KubectlRunner> {
    const { connect = connectRunner, secret, waitMs = WAIT_MS } = this.#options;
    const deadline = AbortSignal.timeout(waitMs);
    const refused = new Set<string>();
    let reason = '';
    for (;;) {
      const endpoint = deadline.aborted ? undefined : (this.#free(refused) ?? (await this.#waitForFree(refused, deadline)));
      if (!endpoint) throw new RunnerLostError(`No kubectl runner is free: ${this.#count()}${reason}`);
      const key = keyOf(endpoint);
      this.#taken.add(key);
      try {
        return this.#returning(key, await connect({ at: endpoint, secret }, session));
      } catch (error) {
        this.#release(key);
        if (!(error instanceof RunnerLostError)) throw error;
        refused.add(key);
        reason = `; the last one tried said: ${error.message}`;
      }
    }
  }

  /** A runner that refused is asked again only after it was not Ready for a while. */
  #free(refused: Set<string>): RunnerEndpoint | undefined {
    const ready = new Map(readyEndpoints(this.#options.endpoints.list()).map((e) => [keyOf(e), e]));
    for (const key of refused) if (!ready.has(key)) refused.delete(key);
    return [...ready].find(([key]) => !this.#taken.has(key) && !refused.has(key))?.[1];
  }

  /** Resolves with undefined when time is up. */
  async #waitForFree(refused: Set<string>, deadline: AbortSignal): Promise<RunnerEndpoint | undefined> {
    while (!deadline.aborted) {
      await this.#change(deadline);
      const free = this.#free(refused);
      if (free) return free;
    }
    return undefined;
  }

  /** Resolves when a runner came, went or was given back, or when `signal` is aborted. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiters.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener('abort', done);
    });
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #returning(key: string, runner: KubectlRunner): KubectlRunner {
    let closing: Promise<void> | undefined;
    return {
      run: (request) => runner.run(request),
      // Once: by the second time the runner may serve another session, which a close would end.
      close: () => {
        closing ??= runner.close().finally(() => this.#release(key));
        return closing;
      },
    };
  }

  #release(key: string): void {
    this.#taken.delete(key);
    this.#wake();
  }

  #count(): string {
    const ready = readyEndpoints(this.#options.endpoints.list()).length;
    return `${ready} ${ready === 1 ? 'is' : 'are'} Ready, ${this.#taken.size} in use`;
  }
}

const keyOf = ({ host, port }: RunnerEndpoint): string => `${host} ${port}`;

/** Addresses of the Ready pods behind a Service. */
export function readyEndpoints(slices: readonly EndpointSlice[]): RunnerEndpoint[] {
  return slices.flatMap((slice) => {
    const port = slice.ports?.[0]?.port;
    if (port === undefined) return [];
    return (slice.endpoints ?? []).filter((e) => e.conditions?.ready !== false).map((e) => ({ host: e.addresses[0], port }));
  });
}

/** Label selector of a Service's EndpointSlices. */
export const slicesOf = (service: string): string => `kubernetes.io/service-name=${service}`;
