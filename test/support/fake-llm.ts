import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the fake answers one request; what a real service does on a good day, and on bad ones. */
export type LlmReply =
  /** The model says this. */
  | { says: string }
  /** The model was cut at its token limit after this. */
  | { cutShort: string }
  | 'refusal'
  /** An error of the service, with its headers. */
  | { status: number; headers?: Record<string, string> }
  /** A 200 whose body is this, whatever it is. */
  | { body: string; type?: string }
  /** A 200 of so many bytes. */
  | { bytes: number }
  /** The connection stays open and silent; half: after the head and a part of the body. */
  | 'hang'
  | 'hang half-way'
  /** The connection breaks in the middle of the body. */
  | 'break';

export interface LlmCall {
  path: string;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they sent
  body: any;
}

/** Tokens that each answer of the fake costs: 1,000 in (of them 600 from the cache), 50 out. */
export const FAKE_TOKENS = { input: 1000, output: 50, cached: 600, cacheWritten: 100 };

/** A service of one of the two wire formats on loopback: Anthropic's messages, or OpenAI's chat completions. */
export class FakeLlm {
  readonly calls: LlmCall[] = [];
  /** Answers in turn; the last one stays. */
  replies: LlmReply[] = [{ says: '{}' }];
  /** Answers by what is asked, where given. */
  decide: ((call: LlmCall) => LlmReply) | undefined;
  /** Whether the last flood was read to its end. */
  takenWhole = false;
  readonly #wire: 'anthropic' | 'openai';
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  constructor(wire: 'anthropic' | 'openai') {
    this.#wire = wire;
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#wire === 'openai' ? '/v1' : ''}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call: LlmCall = { path: request.url as string, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) };
    this.calls.push(call);
    const reply = this.decide ? this.decide(call) : this.replies[Math.min(this.calls.length, this.replies.length) - 1];
    if (reply === 'hang') return;
    if (reply === 'hang half-way' || reply === 'break') {
      const whole = this.#envelope('{"never": "seen"}', 'end');
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(whole.slice(0, whole.length / 2), () => reply === 'break' && response.destroy());
      return;
    }
    if (typeof reply === 'object' && 'bytes' in reply) return this.#flood(response, reply.bytes);
    const { status, headers, body } = this.#plain(reply);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  }

  #plain(reply: Exclude<LlmReply, 'hang' | 'hang half-way' | 'break' | { bytes: number }>) {
    if (reply === 'refusal') return { status: 200, headers: {}, body: this.#envelope('', 'refusal') };
    if ('says' in reply) return { status: 200, headers: {}, body: this.#envelope(reply.says, 'end') };
    if ('cutShort' in reply) return { status: 200, headers: {}, body: this.#envelope(reply.cutShort, 'limit') };
    if ('body' in reply) return { status: 200, headers: { 'content-type': reply.type ?? 'application/json' }, body: reply.body };
    const error = { type: 'error', error: { type: 'api_error', message: 'as the test wants' } };
    return { status: reply.status, headers: reply.headers ?? {}, body: JSON.stringify(error) };
  }

  #envelope(text: string, end: 'end' | 'limit' | 'refusal'): string {
    const { input, output, cached, cacheWritten } = FAKE_TOKENS;
    if (this.#wire === 'anthropic') {
      const stop = { end: 'end_turn', limit: 'max_tokens', refusal: 'refusal' }[end];
      return JSON.stringify({
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'fake',
        content: [
          { type: 'thinking', thinking: '', signature: 'x' },
          { type: 'text', text },
        ],
        stop_reason: stop,
        usage: {
          input_tokens: input - cached - cacheWritten,
          output_tokens: output,
          cache_read_input_tokens: cached,
          cache_creation_input_tokens: cacheWritten,
        },
      });
    }
    const refused = end === 'refusal';
    const message = { role: 'assistant', content: refused ? null : text, refusal: refused ? 'I cannot help with that' : null };
    return JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: 'fake',
      choices: [{ index: 0, message, finish_reason: end === 'limit' ? 'length' : 'stop' }],
      usage: {
        prompt_tokens: input,
        completion_tokens: output,
        total_tokens: input + output,
        prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWritten },
      },
    });
  }

  /** Sends an endless string in pieces, each when the one before was taken. */
  async #flood(response: ServerResponse, bytes: number): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/json' });
    const closed = new AbortController();
    response.on('close', () => closed.abort());
    const piece = 'x'.repeat(16 * 1024);
    response.write('{"content": "');
    for (let sent = 0; sent < bytes && !closed.signal.aborted; sent += piece.length) {
      if (!response.write(piece)) await once(response, 'drain', { signal: closed.signal }).catch(() => {});
    }
    this.takenWhole = !closed.signal.aborted;
    response.end('"}');
  }
}
