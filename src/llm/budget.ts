import type { Clock } from '../kube/clock.ts';

/** Most that the LLM may use in any hour; what is absent is not limited. */
export interface HourlyLimits {
  readonly tokens?: number;
  readonly usd?: number;
}

const HOUR_MS = 3_600_000;

/** What was spent in the last sixty minutes. Calls in flight are not counted yet, so a limit is overrun by those at most. */
export class HourlyBudget {
  readonly #clock: Clock;
  readonly #limits: () => HourlyLimits;
  readonly #spent: { at: number; tokens: number; usd: number | undefined }[] = [];

  /** `limits` is asked anew each time, so that it may change. */
  constructor(clock: Clock, limits: () => HourlyLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** `usd`: undefined when the price is not known. */
  spend(tokens: number, usd: number | undefined): void {
    this.#spent.push({ at: this.#clock.now().getTime(), tokens, usd });
  }

  /** Why nothing more may be spent now, as a sentence; undefined while there is some left. */
  exhausted(): string | undefined {
    const { tokens, usd } = this.#limits();
    const since = this.#clock.now().getTime() - HOUR_MS;
    while (this.#spent.length > 0 && this.#spent[0].at <= since) this.#spent.shift();
    const used = this.#spent.reduce((sum, entry) => sum + entry.tokens, 0);
    if (tokens !== undefined && used >= tokens) return `The LLM used ${used} tokens in the last hour, of ${tokens}`;
    if (usd === undefined) return undefined;
    if (this.#spent.some((entry) => entry.usd === undefined)) {
      return `The LLM may use ${usd} US dollars an hour, but the price of its model is not known: limit tokens instead, or choose another model`;
    }
    const paid = this.#spent.reduce((sum, entry) => sum + (entry.usd ?? 0), 0);
    return paid >= usd ? `The LLM used ${paid.toFixed(2)} US dollars in the last hour, of ${usd}` : undefined;
  }
}
