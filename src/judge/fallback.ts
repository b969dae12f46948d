import type { Logger } from '../kube/logger.ts';
import { LlmError, type LlmErrorCode } from '../llm/llm.ts';
import { llmUse } from '../llm/use.ts';
import type { Conclusion, Judge, Judgement } from './judge.ts';

/** Why the rules judged in place of the LLM; internal: a mistake of ours. */
export type FallbackReason = LlmErrorCode | 'internal';

export interface FallbackOptions {
  readonly rules: Judge;
  readonly log: Logger;
  /** Told each time the rules step in. */
  readonly onFallback: (reason: FallbackReason) => void;
}

/** The judge that always has an answer in time: the LLM's, and where that is late or fails, the one of the rules, which says so in `llm`. */
export function withFallback(llm: Judge, { rules, log, onFallback }: FallbackOptions): Judge {
  async function either<T extends Judgement | Conclusion>(ask: () => Promise<T>, instead: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const known = error instanceof LlmError ? error : undefined;
      const reason = known?.code ?? 'internal';
      if (known) log.warn({ reason, error: known.message }, 'The LLM did not judge; the rules did');
      else log.error({ err: error }, 'The LLM judge broke; the rules judged');
      onFallback(reason);
      return { ...(await instead()), llm: llmUse(known?.usage, { fallback: true }) };
    }
  }
  return {
    score: (input) =>
      either(
        () => llm.score(input),
        () => rules.score(input),
      ),
    conclude: (input) =>
      either(
        () => llm.conclude(input),
        () => rules.conclude(input),
      ),
  };
}
