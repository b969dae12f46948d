import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { z } from 'zod';
import { boundedFetch } from './bounded-fetch.ts';
import type { Llm } from './llm.ts';
import { factsOf } from './models.ts';
import { llmOf, type Said, type ServiceOptions, tokenCount } from './service.ts';

const envelope = z
  .object({
    content: z.array(z.object({ type: z.string(), text: z.string().optional() })),
    stop_reason: z.string().nullish(),
    usage: z.object({
      input_tokens: tokenCount,
      output_tokens: tokenCount,
      cache_read_input_tokens: tokenCount,
      cache_creation_input_tokens: tokenCount,
    }),
  })
  .transform(
    ({ content, stop_reason, usage }): Said => ({
      // Other blocks, such as thinking, may come first.
      text: content.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join(''),
      refused: stop_reason === 'refusal',
      cut: stop_reason === 'max_tokens',
      tokens: {
        input: usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
        output: usage.output_tokens,
        cached: usage.cache_read_input_tokens,
        cacheWritten: usage.cache_creation_input_tokens,
      },
    }),
  );

/** Claude by Anthropic's SDK: the answer bound to the schema, the system part marked for the prompt cache, two retries within the deadline. */
export function anthropicLlm({ model, apiKey, baseUrl, clock }: ServiceOptions): Llm {
  const client = new Anthropic({ apiKey, logLevel: 'off', ...(baseUrl ? { baseURL: baseUrl } : {}) });
  const { temperature, withoutThinking } = factsOf(model);
  // The SDK's types know no temperature any more; the models that still take it do.
  const settings = {
    ...(temperature ? { temperature: 0 } : {}),
    ...(withoutThinking ? { thinking: { type: withoutThinking } as Anthropic.ThinkingConfigParam } : {}),
  };
  return llmOf(
    { backend: 'anthropic', model, clock },
    ({ system, user, schema, maxTokens }, deadline) => {
      const prompt = {
        ...settings,
        model,
        max_tokens: maxTokens,
        system: [{ type: 'text' as const, text: system, cache_control: { type: 'ephemeral' as const } }],
        messages: [{ role: 'user' as const, content: user }],
        output_config: { format: zodOutputFormat(schema) },
      };
      const options = { signal: deadline.signal, timeout: Math.max(1, Math.ceil(deadline.leftMs())) };
      return client.withOptions({ fetch: boundedFetch(deadline) }).messages.create(prompt, options);
    },
    envelope,
  );
}
