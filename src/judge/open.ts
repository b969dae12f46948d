import { Counter, type Registry } from 'prom-client';
import type { JudgeName } from '../api/judging.ts';
import type { Logger } from '../kube/logger.ts';
import { LLM_ERROR_CODES, type Llm } from '../llm/llm.ts';
import { type FallbackReason, withFallback } from './fallback.ts';
import { heuristicJudge } from './heuristic.ts';
import type { Judge } from './judge.ts';
import { type LlmJudgeOptions, llmJudge } from './llm-judge.ts';

export interface OpenJudgesOptions extends LlmJudgeOptions {
  /** From `openLlm`; without one every judge is the heuristic. */
  readonly llm?: Llm;
  readonly registry: Registry;
  readonly log: Logger;
}

/** The judges by the names that a Curriculum knows them by; whether the LLM is there says `openLlm(...).state()`. */
export function openJudges({ llm, registry, log, ...options }: OpenJudgesOptions): Readonly<Record<JudgeName, Judge>> {
  const fallbacks = new Counter({
    name: 'gym_judge_fallbacks_total',
    help: 'Judgements that the heuristic gave because the LLM was late or failed',
    labelNames: ['reason'],
    registers: [registry],
  });
  const reasons: FallbackReason[] = [...LLM_ERROR_CODES, 'internal'];
  for (const reason of reasons) fallbacks.inc({ reason }, 0);
  if (!llm) return { heuristic: heuristicJudge, llm: heuristicJudge, both: heuristicJudge };
  const asking = llmJudge(llm, options);
  const both = withFallback(asking, { rules: heuristicJudge, log, onFallback: (reason) => fallbacks.inc({ reason }) });
  return { heuristic: heuristicJudge, llm: asking, both };
}
