import type { LlmTokens } from './llm.ts';

/** US dollars for a million tokens. */
interface Price {
  readonly input: number;
  readonly output: number;
  /** Read from the service's prompt cache. */
  readonly cached: number;
  readonly cacheWritten: number;
}

export interface ModelFacts {
  readonly price?: Price;
  /** The model takes `temperature`; those of Anthropic since Opus 4.7 answer 400 to it. */
  readonly temperature?: true;
  /** What keeps the model from thinking first, which takes longer than a judge has: Anthropic's `thinking`, OpenAI's `reasoning_effort`. */
  readonly withoutThinking?: 'disabled' | 'between_tools' | 'none';
}

/**
 * What the gym knows of models, read on 2026-11-21 from platform.claude.com/docs/en/about-claude/pricing and the models' own pages there, and
 * from developers.openai.com/api/docs/pricing. Prices are for prompts below 100,000 tokens, which those of the gym are.
 */
const MODELS: Readonly<Record<string, ModelFacts>> = {
  'claude-haiku-5-5': { price: { input: 0.1, output: 0.5, cached: 0.01, cacheWritten: 0.125 }, withoutThinking: 'disabled' },
  'claude-haiku-4-5': { price: { input: 1, output: 5, cached: 0.1, cacheWritten: 1.25 }, temperature: true },
  'claude-sonnet-5-5': { price: { input: 2, output: 10, cached: 0.2, cacheWritten: 2.5 }, withoutThinking: 'between_tools' },
  'claude-sonnet-4-6': { price: { input: 3, output: 15, cached: 0.3, cacheWritten: 3.75 }, temperature: true },
  'claude-opus-5-5': { price: { input: 4, output: 20, cached: 0.2, cacheWritten: 5 } },
  'gpt-6-luna': { price: { input: 0.1, output: 0.5, cached: 0.01, cacheWritten: 0.125 }, temperature: true, withoutThinking: 'none' },
  'gpt-6-sol': { price: { input: 2, output: 10, cached: 0.2, cacheWritten: 2.5 }, temperature: true, withoutThinking: 'none' },
  'gpt-6.1-terra': { price: { input: 1, output: 5, cached: 0.05, cacheWritten: 1.25 }, temperature: true, withoutThinking: 'none' },
};

/** The model that a backend gets when LLM_MODEL names none: the cheapest that answers fast. */
export const DEFAULT_MODELS = { anthropic: 'claude-haiku-5-5', openai: 'gpt-6-luna' } as const;

/** What is known of a model by its name, with or without a date (`-20251001`, `-2026-03-17`); nothing for an unknown one. */
export function factsOf(model: string): ModelFacts {
  return MODELS[model.replace(/-(?:\d{8}|\d{4}-\d{2}-\d{2})$/, '')] ?? {};
}

/** What a call cost in US dollars; undefined when the price of the model is not known. */
export function usdOf(model: string, tokens: LlmTokens): number | undefined {
  const { price } = factsOf(model);
  if (!price) return undefined;
  const plain = Math.max(0, tokens.input - tokens.cached - tokens.cacheWritten);
  const micro =
    plain * price.input + tokens.cached * price.cached + tokens.cacheWritten * price.cacheWritten + tokens.output * price.output;
  return micro / 1e6;
}
