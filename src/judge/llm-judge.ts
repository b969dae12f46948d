import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { JUDGE_TIMEOUT_SECONDS } from '../api/defaults.ts';
import { type LlmUse, WORK_PHASES } from '../api/episode.ts';
import { type Llm, LlmError } from '../llm/llm.ts';
import { llmUse } from '../llm/use.ts';
import { factsOf } from './facts.ts';
import { concludeByRules, isWork, judgeByRules, wantsHints } from './heuristic.ts';
import type { Conclusion, ConclusionInput, Judge, JudgeInput, Judgement } from './judge.ts';
import { conclusionPrompt, type Prompt, stepPrompt } from './prompt.ts';
import { fitToSay, vocabularyOf } from './speech.ts';

export interface LlmJudgeOptions {
  /** Words that name fault classes (`Fault.diagnosisTerms`): an LLM may say them only to an agent that has read them. */
  readonly faultTerms: readonly string[];
  /** A new nonce of letters and digits for each call; from the system's randomness by default. */
  readonly nonce?: () => string;
}

/** Of the frame's time for judging, what its calls may take together; the rest is for reading caches and writing the verdict. */
export const JUDGE_CALL_MS = JUDGE_TIMEOUT_SECONDS * 1000 - 500;
/** No model answers in less: such a call would only cost, and count as a failure of the service. */
export const LEAST_CALL_MS = 1000;
const MAX_TOKENS = 1024;
/** Judgements kept: some hundred episodes. */
const CACHED = 4096;
const REASON_CHARS = 300;

const verdict = z.object({
  score: z.number(),
  phase: z.enum([...WORK_PHASES, 'none']),
  feedback: z.string(),
  hint: z.string().nullable(),
});
const lastWord = z.object({ diagnosis: z.number(), fix: z.number(), veto: z.boolean(), reason: z.string() });

/**
 * The judge that asks an LLM. Its answers are only numbers in bounds and sentences that are checked: it sees the whole cluster, and the agent
 * must not learn of it through feedback. Judgements are kept by scenario and transcript, so that the same work is worth the same.
 * Both methods throw LlmError when there is no answer in time.
 */
export function llmJudge(llm: Llm, { faultTerms, nonce = () => randomBytes(12).toString('hex') }: LlmJudgeOptions): Judge {
  const judgements = new LRUCache<string, Judgement>({ max: CACHED });
  const conclusions = new LRUCache<string, Conclusion>({ max: CACHED });

  async function ask<T>(prompt: Prompt, schema: z.ZodType<T>, timeoutMs = JUDGE_CALL_MS): Promise<{ value: T; llm: LlmUse }> {
    if (timeoutMs < LEAST_CALL_MS) throw new LlmError('timeout', `Not asked: of the time for judging, ${timeoutMs} ms are left`);
    const { value, usage } = await llm.complete({ ...prompt, schema, maxTokens: MAX_TOKENS, timeoutMs });
    return { value, llm: llmUse(usage) };
  }

  return {
    async score(input) {
      const byRules = judgeByRules(input);
      if (!isWork(input.step)) return byRules;
      const key = keyOf(input);
      const kept = judgements.get(key);
      if (kept) return kept;
      const { value, llm: use } = await ask(stepPrompt(input, nonce()), verdict, input.timeoutMs);
      const facts = factsOf(input);
      const vocabulary = vocabularyOf(input.snapshot, faultTerms);
      const hint = wantsHints(input) ? (fitToSay(value.hint, facts, vocabulary) ?? byRules.hint) : undefined;
      const judgement: Judgement = {
        score: quarter(value.score, -1, 1),
        ...(value.phase === 'none' ? {} : { phase: value.phase }),
        feedback: fitToSay(value.feedback, facts, vocabulary) ?? byRules.feedback,
        ...(hint === undefined ? {} : { hint }),
        source: 'llm',
      };
      judgements.set(key, judgement);
      return { ...judgement, llm: use };
    },

    async conclude(input) {
      const byRules = concludeByRules(input);
      const mayVeto = input.mayVeto === true && input.resolved && input.evalSplit !== true;
      if (byRules.diagnosisScore === undefined && !byRules.fixScore && !mayVeto) return byRules;
      const key = keyOf(input);
      const kept = conclusions.get(key);
      if (kept) return kept;
      const { value, llm: use } = await ask(conclusionPrompt(input, nonce()), lastWord, input.timeoutMs);
      const reason = value.reason.replace(/\s+/g, ' ').trim().slice(0, REASON_CHARS);
      const conclusion: Conclusion = {
        ...shaped(byRules, value),
        ...(mayVeto && value.veto && reason ? { veto: reason } : {}),
        source: 'llm',
      };
      conclusions.set(key, conclusion);
      return { ...conclusion, llm: use };
    },
  };
}

/** Half by the rules, half by the LLM; a repair is never worth more than the share of the faults that are gone, which is what the oracle saw. */
function shaped({ diagnosisScore, fixScore }: Conclusion, { diagnosis, fix }: z.infer<typeof lastWord>): Partial<Conclusion> {
  const between = (rules: number, llm: number) => (rules + quarter(llm, 0, 1)) / 2;
  return {
    ...(diagnosisScore === undefined ? {} : { diagnosisScore: between(diagnosisScore, diagnosis) }),
    ...(fixScore === undefined ? {} : { fixScore: Math.min(fixScore, between(fixScore, fix)) }),
  };
}

/** To the nearest quarter within the bounds: finer steps of an LLM's score are noise. */
function quarter(score: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, Math.round(score * 4) / 4)) + 0;
}

/** Not by snapshot and time left: the same work in the same scenario is worth the same, a moment earlier or later. */
function keyOf({ snapshot: _snapshot, timeoutMs: _timeoutMs, ...rest }: JudgeInput | ConclusionInput): string {
  return createHash('sha256').update(JSON.stringify(rest)).digest('base64');
}
