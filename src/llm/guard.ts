import type { Clock } from '../kube/clock.ts';
import type { CircuitBreaker } from './breaker.ts';
import type { HourlyBudget } from './budget.ts';
import { type Llm, type LlmAnswer, LlmError, type LlmErrorCode, type LlmRequest, type LlmTokens, type LlmUsage } from './llm.ts';
import type { LlmMetrics } from './metrics.ts';
import { usdOf } from './models.ts';
import type { UselessAnswers } from './useless-answers.ts';

/** What says that the service is down, and not that one answer was bad: an agent that provokes refusals must not silence the judge of others. */
const SERVICE_FAILURES: readonly LlmErrorCode[] = ['timeout', 'rate_limited', 'overloaded', 'network', 'auth', 'rejected'];
/** Services read a prompt before they fail in these ways, and bill it without saying so. */
const BILLED_UNSEEN: readonly LlmErrorCode[] = ['timeout', 'network', 'too_large'];
/** A rule of thumb for English and for kubectl's tables. */
const CHARS_PER_TOKEN = 4;
const NOTHING: LlmTokens = { input: 0, output: 0, cached: 0, cacheWritten: 0 };

export interface Guards {
  readonly breaker: CircuitBreaker;
  readonly uselessAnswers: UselessAnswers;
  readonly budget: HourlyBudget;
  readonly metrics: LlmMetrics;
  readonly clock: Clock;
}

/** The same LLM within its budget, behind its circuit breaker, counted. */
export function guarded(llm: Llm, { breaker, uselessAnswers, budget, metrics, clock }: Guards): Llm {
  function turnAway(code: LlmErrorCode, message: string): LlmError {
    metrics.called(code, undefined);
    return new LlmError(code, message);
  }

  function account(outcome: 'ok' | LlmErrorCode, usage: LlmUsage, spent = usage.tokens): void {
    metrics.called(outcome, usage);
    budget.spend(spent.input + spent.output, usdOf(llm.model, spent));
  }

  return {
    backend: llm.backend,
    model: llm.model,
    async complete<T>(request: LlmRequest<T>): Promise<LlmAnswer<T>> {
      const poor = budget.exhausted();
      if (poor) throw turnAway('budget', poor);
      if (!breaker.enter()) throw turnAway('circuit_open', 'The LLM failed too often; it is tried again soon');
      const started = clock.now().getTime();
      try {
        const answer = await llm.complete(request);
        breaker.succeeded();
        uselessAnswers.useful();
        account('ok', answer.usage);
        return answer;
      } catch (error) {
        const known = error instanceof LlmError ? error : undefined;
        if (!known || SERVICE_FAILURES.includes(known.code)) breaker.failed();
        else {
          breaker.succeeded();
          uselessAnswers.useless();
        }
        if (!known) throw error;
        const tokens = known.tokens ?? NOTHING;
        const usage = { tokens, milliseconds: clock.now().getTime() - started, usd: usdOf(llm.model, tokens) };
        account(known.code, usage, BILLED_UNSEEN.includes(known.code) ? guessed(request) : tokens);
        throw new LlmError(known.code, known.message, { cause: known, tokens, usage });
      }
    },
  };
}

function guessed({ system, user, maxTokens }: LlmRequest<unknown>): LlmTokens {
  return { ...NOTHING, input: Math.ceil((system.length + user.length) / CHARS_PER_TOKEN), output: maxTokens };
}
