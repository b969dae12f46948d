import type { Registry } from 'prom-client';
import type { Condition } from '../api/conditions.ts';
import { Reason } from '../api/reasons.ts';
import type { Clock } from '../kube/clock.ts';
import type { Logger } from '../kube/logger.ts';
import { BREAKER_FAILURES, BREAKER_OPEN_MS, CircuitBreaker } from './breaker.ts';
import { HourlyBudget, type HourlyLimits } from './budget.ts';
import { fromEnvironment, type LlmConfig } from './environment.ts';
import { guarded } from './guard.ts';
import type { Llm } from './llm.ts';
import { LlmMetrics } from './metrics.ts';
import { factsOf } from './models.ts';
import { UselessAnswers } from './useless-answers.ts';

export interface OpenLlmOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asked before each call; no limits by default. */
  readonly limits?: () => HourlyLimits;
}

/** Content of condition LlmAvailable, without its times. */
export type LlmState = Pick<Condition, 'status' | 'reason' | 'message'>;

export interface OpenLlm {
  /** Absent where none is configured, or wrongly: what asks LLMs then does without. */
  readonly llm?: Llm;
  /** For people. False says that rules and procedures do the work, not that nobody may ask. */
  state(): LlmState;
  /** Whether a question would go out now: a circuit that nobody tries would never close. */
  isAsked(): boolean;
}

/** The LLM that the environment names, guarded; one for all who ask, so that they share budget and circuit. Opens no connection. */
export async function openLlm({ env, registry, clock, log, limits = () => ({}) }: OpenLlmOptions): Promise<OpenLlm> {
  let config: LlmConfig | undefined;
  try {
    config = fromEnvironment(env);
  } catch (error) {
    const { message } = error as Error;
    log.error({ reason: Reason.NotConfigured }, message);
    return notConfigured(message);
  }
  if (!config) return notConfigured('LLM_BACKEND is not set: lines are judged by rules, incidents are designed by procedure');
  const { backend, model } = config;
  if (!factsOf(model).price) log.warn({ backend, model }, 'The price of the model is not known: calls are counted without money');
  const name = `${model} (${backend})`;
  const breaker = new CircuitBreaker(clock);
  const uselessAnswers = new UselessAnswers();
  const budget = new HourlyBudget(clock, limits);
  const metrics = new LlmMetrics(registry, backend, () => breaker.state === 'open');
  return {
    llm: guarded(await serviceOf(config, clock), { breaker, uselessAnswers, budget, metrics, clock }),
    isAsked: () => breaker.state !== 'open' && budget.exhausted() === undefined,
    state() {
      // Half-open is no better: a service that is down and that nobody asks would look well.
      if (breaker.state !== 'closed') {
        const message = `${name} failed ${BREAKER_FAILURES} times in a row or more. One call in ${BREAKER_OPEN_MS / 1000} s tries it; until one gets an answer, rules and procedures take its place`;
        return { status: 'False', reason: Reason.CircuitOpen, message };
      }
      const poor = budget.exhausted();
      if (poor) return { status: 'False', reason: Reason.BudgetSpent, message: `${poor}; rules and procedures take its place` };
      const useless = uselessAnswers.lasting;
      if (useless) {
        const message = `At least the last ${useless} answers of ${name} were refusals or not what was asked for (gym_llm_calls_total says which). It is asked still; rules and procedures take the place of such answers`;
        return { status: 'False', reason: Reason.AnswersUseless, message };
      }
      return { status: 'True', reason: Reason.Configured, message: `${name} is asked` };
    },
  };
}

const notConfigured = (message: string): OpenLlm => ({
  state: () => ({ status: 'False', reason: Reason.NotConfigured, message }),
  isAsked: () => false,
});

/** Loads the SDK of one backend only, and only where there is one: each takes some 30 MB and a fifth of a second. */
async function serviceOf({ backend, ...rest }: LlmConfig, clock: Clock): Promise<Llm> {
  if (backend === 'anthropic') return (await import('./anthropic.ts')).anthropicLlm({ ...rest, clock });
  return (await import('./openai.ts')).openaiLlm({ ...rest, backend, clock });
}
