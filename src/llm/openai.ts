import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { boundedFetch } from './bounded-fetch.ts';
import type { Llm } from './llm.ts';
import { factsOf } from './models.ts';
import { llmOf, type Said, type ServiceOptions, tokenCount } from './service.ts';

const envelope = z
  .object({
    choices: z.tuple(
      [
        z.object({
          finish_reason: z.string().nullish(),
          message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        }),
      ],
      z.unknown(),
    ),
    usage: z
      .object({
        prompt_tokens: tokenCount,
        completion_tokens: tokenCount,
        prompt_tokens_details: z.object({ cached_tokens: tokenCount, cache_write_tokens: tokenCount }).nullish(),
      })
      .nullish(),
  })
  .transform(
    ({ choices: [{ finish_reason, message }], usage }): Said => ({
      text: message.content ?? '',
      refused: Boolean(message.refusal) || finish_reason === 'content_filter',
      cut: finish_reason === 'length',
      tokens: {
        input: usage?.prompt_tokens ?? 0,
        output: usage?.completion_tokens ?? 0,
        cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
        cacheWritten: usage?.prompt_tokens_details?.cache_write_tokens ?? 0,
      },
    }),
  );

/**
 * Chat completions by OpenAI's SDK, of OpenAI itself or, as backend `hf`, of any server that speaks them: the answer bound to the schema,
 * two retries within the deadline. These services cache prompts by their beginning on their own.
 */
export function openaiLlm({ backend, model, apiKey, baseUrl, clock }: ServiceOptions & { readonly backend: 'openai' | 'hf' }): Llm {
  const client = new OpenAI({ apiKey, logLevel: 'off', ...(baseUrl ? { baseURL: baseUrl } : {}) });
  const { temperature, withoutThinking } = factsOf(model);
  const settings = {
    ...(backend === 'hf' || temperature ? { temperature: 0 } : {}),
    ...(withoutThinking === 'none' ? { reasoning_effort: withoutThinking } : {}),
  };
  // Other servers may know the older name only.
  const limit = (tokens: number) => (backend === 'hf' ? { max_tokens: tokens } : { max_completion_tokens: tokens });
  return llmOf(
    { backend, model, clock },
    ({ system, user, schema, maxTokens }, deadline) => {
      const prompt = {
        ...settings,
        ...limit(maxTokens),
        model,
        messages: [
          { role: 'system' as const, content: system },
          { role: 'user' as const, content: user },
        ],
        response_format: zodResponseFormat(schema, 'answer'),
      };
      const options = { signal: deadline.signal, timeout: Math.max(1, Math.ceil(deadline.leftMs())) };
      return client.withOptions({ fetch: boundedFetch(deadline) }).chat.completions.create(prompt, options);
    },
    envelope,
  );
}
