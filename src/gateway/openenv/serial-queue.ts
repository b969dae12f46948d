import type { Clock } from '../../kube/clock.ts';
import { GatewayError } from '../session-api.ts';

/** Runs work strictly one after another and answers each caller in bounded time, also when the work itself hangs. */
export class SerialQueue {
  readonly #clock: Clock;
  readonly #aborted = new AbortController();
  #tail: Promise<unknown> = Promise.resolve();
  #unfinished = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True while any work runs or waits, also work whose caller was already told that it is late. */
  get busy(): boolean {
    return this.#unfinished > 0;
  }

  /**
   * Runs `work` after everything before it. Work that is late keeps its place and what follows waits for it; work that never
   * started when its caller gave up is dropped.
   * @param limitMs time until the caller is answered, counted from now, so waiting is part of it
   * @throws GatewayError EXECUTION_ERROR when the limit passes; the abort reason after abort(); what `work` throws
   */
  run<T>(work: () => Promise<T>, limitMs: number): Promise<T> {
    const { signal } = this.#aborted;
    if (signal.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let phase: 'waiting' | 'running' | 'answered' = 'waiting';
    const settle = (answer: () => void) => {
      phase = 'answered';
      cancel();
      signal.removeEventListener('abort', onAbort);
      answer();
    };
    const onAbort = () => settle(() => reject(signal.reason));
    const cancel = this.#clock.setTimeout(() => {
      const seconds = Math.round(limitMs / 1000);
      const message =
        phase === 'waiting'
          ? `The session was still busy with an earlier request after ${seconds} s; this request was not run. Send it again.`
          : `No answer within ${seconds} s. The request may still take effect; its result is lost. Look at the state, or reset.`;
      settle(() => reject(new GatewayError('EXECUTION_ERROR', message)));
    }, limitMs);
    signal.addEventListener('abort', onAbort);

    this.#unfinished += 1;
    const started = this.#tail.then(async () => {
      if (phase === 'answered') return;
      phase = 'running';
      const value = await work();
      settle(() => resolve(value));
    });
    this.#tail = started
      .catch((error) => settle(() => reject(error)))
      .finally(() => {
        this.#unfinished -= 1;
      });
    return promise;
  }

  /** Answers everyone who waits with `reason` and refuses all later work with it. */
  abort(reason: Error): void {
    this.#aborted.abort(reason);
  }
}
