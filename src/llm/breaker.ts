import type { Clock } from '../kube/clock.ts';

/** So many failures of the service in a row open the circuit: about one episode that would have waited at each line. */
export const BREAKER_FAILURES = 5;
/** Then nobody asks for so long, and after it one call at a time tries. */
export const BREAKER_OPEN_MS = 30_000;

/**
 * Circuit breaker: a service that fails keeps nobody waiting. While one call tries whether it is back, others are turned away at once (a
 * library's breaker makes them wait for that call, which a frame has no time for).
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  #failures = 0;
  #openUntil = 0;
  #trying = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** closed: ask. open: do not. half-open: the next call tries. */
  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#failures < BREAKER_FAILURES) return 'closed';
    return this.#trying || this.#clock.now().getTime() < this.#openUntil ? 'open' : 'half-open';
  }

  /** Whether a call may go out; each that may must end with `succeeded` or `failed`. */
  enter(): boolean {
    const { state } = this;
    if (state === 'half-open') this.#trying = true;
    return state !== 'open';
  }

  succeeded(): void {
    this.#failures = 0;
    this.#trying = false;
  }

  failed(): void {
    this.#failures++;
    this.#trying = false;
    this.#openUntil = this.#clock.now().getTime() + BREAKER_OPEN_MS;
  }
}
