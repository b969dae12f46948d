import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { LLM_ERROR_CODES, type LlmBackend, type LlmErrorCode, type LlmUsage } from './llm.ts';

/** What the LLM does and costs. */
export class LlmMetrics {
  readonly #calls: Counter<'backend' | 'outcome'>;
  readonly #tokens: Counter<'backend' | 'kind'>;
  readonly #usd: Counter<'backend'>;
  readonly #seconds: Histogram<'backend'>;
  readonly #backend: LlmBackend;

  /** `circuitOpen` is asked at each scrape. */
  constructor(registry: Registry, backend: LlmBackend, circuitOpen: () => boolean) {
    const registers = [registry];
    this.#backend = backend;
    this.#calls = new Counter({
      name: 'gym_llm_calls_total',
      help: 'Questions to the LLM by outcome; budget and circuit_open were not sent',
      labelNames: ['backend', 'outcome'],
      registers,
    });
    for (const outcome of ['ok', ...LLM_ERROR_CODES]) this.#calls.inc({ backend, outcome }, 0);
    this.#tokens = new Counter({
      name: 'gym_llm_tokens_total',
      help: 'Tokens the LLM counted; cached ones are part of input',
      labelNames: ['backend', 'kind'],
      registers,
    });
    for (const kind of ['input', 'output', 'cached']) this.#tokens.inc({ backend, kind }, 0);
    this.#usd = new Counter({
      name: 'gym_llm_usd_total',
      help: 'US dollars that those tokens cost, where the price is known',
      labelNames: ['backend'],
      registers,
    });
    this.#usd.inc({ backend }, 0);
    this.#seconds = new Histogram({
      name: 'gym_llm_seconds',
      help: 'Time until the LLM answered or was given up',
      labelNames: ['backend'],
      buckets: [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 10, 30],
      registers,
    });
    this.#seconds.zero({ backend });
    new Gauge({
      name: 'gym_llm_circuit_open',
      help: '1 while the LLM is not asked because it failed too often',
      labelNames: ['backend'],
      registers,
      collect() {
        this.set({ backend }, circuitOpen() ? 1 : 0);
      },
    });
  }

  called(outcome: 'ok' | LlmErrorCode, usage: LlmUsage | undefined): void {
    const backend = this.#backend;
    this.#calls.inc({ backend, outcome });
    if (!usage) return;
    const { tokens, milliseconds, usd } = usage;
    this.#tokens.inc({ backend, kind: 'input' }, tokens.input);
    this.#tokens.inc({ backend, kind: 'output' }, tokens.output);
    this.#tokens.inc({ backend, kind: 'cached' }, tokens.cached);
    this.#usd.inc({ backend }, usd ?? 0);
    this.#seconds.observe({ backend }, milliseconds / 1000);
  }
}
