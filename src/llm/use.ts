import type { LlmUse } from '../api/episode.ts';
import type { LlmUsage } from './llm.ts';

/** One call as an Episode records it; without `usage` nobody was asked. `fallback`: the heuristic answered in its place. */
export function llmUse(usage: LlmUsage | undefined, { fallback = false } = {}): LlmUse {
  return {
    calls: usage ? 1 : 0,
    inputTokens: usage?.tokens.input ?? 0,
    outputTokens: usage?.tokens.output ?? 0,
    ...(usage?.usd === undefined ? {} : { usd: usage.usd }),
    seconds: (usage?.milliseconds ?? 0) / 1000,
    fallbacks: fallback ? 1 : 0,
  };
}

/** Sum of what several judgements took; undefined when none asked an LLM. US dollars stay absent while no price is known. */
export function sumLlmUse(uses: readonly (LlmUse | undefined)[]): LlmUse | undefined {
  const asked = uses.filter((use) => use !== undefined);
  if (asked.length === 0) return undefined;
  const priced = asked.filter((use) => use.usd !== undefined);
  const sum = (pick: (use: LlmUse) => number) => asked.reduce((total, use) => total + pick(use), 0);
  return {
    calls: sum((use) => use.calls),
    inputTokens: sum((use) => use.inputTokens),
    outputTokens: sum((use) => use.outputTokens),
    ...(priced.length > 0 ? { usd: sum((use) => use.usd ?? 0) } : {}),
    seconds: sum((use) => use.seconds),
    fallbacks: sum((use) => use.fallbacks),
  };
}
