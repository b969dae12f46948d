import type { Registry } from 'prom-client';
import type { Condition } from '../api/conditions.ts';
import { Reason } from '../api/reasons.ts';
import type { Clock } from '../kube/clock.ts';
import type { Logger } from '../kube/logger.ts';
import { CircuitBreaker } from './breaker.ts';
import { HourlyBudget, type HourlyLimits } from './budget.ts';
import { fromEnvironment, type LlmConfig } from './environment.ts';
import { guarded } from './guard.ts';
import type { Llm } from './llm.ts';
import { LlmMetrics } from './metrics.ts';
import { factsOf } from './models.ts';

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
  state(): LlmState;
}

/** The LLM that the environment names, guarded; one for all who ask, so that they share budget and circuit. Opens no connection. */
export async function openLlm({ env, registry, clock, log, limits = () => ({}) }: OpenLlmOptions): Promise<OpenLlm> {
  let config: LlmConfig | undefined;
  try {
    config = fromEnvironment(env);
  } catch (error) {
    const { message } = error as Error;
    log.error({ reason: Reason.NotConfigured }, message);
    return { state: () => ({ status: 'False', reason: Reason.NotConfigured, message }) };
  }
  if (!config) {
    const message = 'LLM_BACKEND is not set: lines are judged by rules, incidents are designed by procedure';
    return { state: () => ({ status: 'False', reason: Reason.NotConfigured, message }) };
  }
  const { backend, model } = config;
  if (!factsOf(model).price) log.warn({ backend, model }, 'The price of the model is not known: calls are counted without money');
  const breaker = new CircuitBreaker(clock);
  const budget = new HourlyBudget(clock, limits);
  const metrics = new LlmMetrics(registry, backend, () => breaker.state === 'open');
  return {
    llm: guarded(await serviceOf(config, clock), { breaker, budget, metrics, clock }),
    state() {
      if (breaker.state === 'open') {
        const message = `${model} (${backend}) failed too often and is not asked for now; rules and procedures take its place`;
        return { status: 'False', reason: Reason.CircuitOpen, message };
      }
      const poor = budget.exhausted();
      if (poor) return { status: 'False', reason: Reason.BudgetSpent, message: `${poor}; rules and procedures take its place` };
      return { status: 'True', reason: Reason.Configured, message: `${model} (${backend}) is asked` };
    },
  };
}

/** Loads the SDK of one backend only, and only where there is one: each takes some 30 MB and a fifth of a second. */
async function serviceOf({ backend, ...rest }: LlmConfig, clock: Clock): Promise<Llm> {
  if (backend === 'anthropic') return (await import('./anthropic.ts')).anthropicLlm({ ...rest, clock });
  return (await import('./openai.ts')).openaiLlm({ ...rest, backend, clock });
}
