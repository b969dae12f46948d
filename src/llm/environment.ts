import { LLM_BACKENDS, type LlmBackend } from './llm.ts';
import { DEFAULT_MODELS } from './models.ts';

export interface LlmConfig {
  readonly backend: LlmBackend;
  readonly model: string;
  readonly apiKey: string;
  readonly baseUrl?: string;
}

const KEYS: Readonly<Record<LlmBackend, string>> = { anthropic: 'ANTHROPIC_API_KEY', openai: 'OPENAI_API_KEY', hf: 'HF_TOKEN' };
/** Hugging Face's router to its inference providers, which speaks OpenAI's chat completions. */
const HF_ROUTER = 'https://router.huggingface.co/v1';

/**
 * The LLM that the environment names (LLM_BACKEND, LLM_MODEL, LLM_BASE_URL and the backend's key); undefined when it names none. A server
 * of one's own (LLM_BACKEND=hf with LLM_BASE_URL) needs no key.
 * @throws Error with a sentence about what is missing or wrong; never with the key
 */
export function fromEnvironment(env: Readonly<Record<string, string | undefined>>): LlmConfig | undefined {
  const named = env.LLM_BACKEND?.trim();
  if (!named) return undefined;
  const backend = LLM_BACKENDS.find((known) => known === named);
  if (!backend)
    throw new Error(`LLM_BACKEND is ${JSON.stringify(named)}; it must be one of ${LLM_BACKENDS.join(', ')}, or empty for no LLM`);
  const baseUrl = env.LLM_BASE_URL?.trim() || undefined;
  if (baseUrl && !/^https?:\/\//.test(baseUrl)) {
    throw new Error(`LLM_BASE_URL is ${JSON.stringify(baseUrl)}; it must begin with http:// or https://`);
  }
  const ownServer = backend === 'hf' && baseUrl !== undefined;
  const apiKey = env[KEYS[backend]]?.trim() || (ownServer ? 'none' : undefined);
  if (!apiKey) {
    const other = backend === 'hf' ? ', or set LLM_BASE_URL to a server of your own' : '';
    throw new Error(`LLM_BACKEND is ${backend}, but ${KEYS[backend]} is not set: set it from a Secret${other}, or leave LLM_BACKEND empty`);
  }
  const model = env.LLM_MODEL?.trim() || (backend === 'hf' ? undefined : DEFAULT_MODELS[backend]);
  if (!model) throw new Error('LLM_BACKEND is hf, but LLM_MODEL is not set: set it to the name of the model, as its server knows it');
  const address = baseUrl ?? (backend === 'hf' ? HF_ROUTER : undefined);
  return { backend, model, apiKey, ...(address ? { baseUrl: address } : {}) };
}
