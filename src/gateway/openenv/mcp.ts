import type { FastifyBaseLogger } from 'fastify';
import { z } from 'zod';
import { actionSchema, GatewayError } from '../session-api.ts';
import type { Session, Sessions } from './sessions.ts';
import { publishedSchemas, resultJsonSchema, toWireError, toWireResult, type WireResult } from './wire.ts';

/** Newest first; a client that asks for another one is offered the newest. */
const PROTOCOL_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
const INTERNAL_ERROR = -32603;
const SERVER_ERROR = -32000;

type RpcId = string | number | null;
export type RpcResponse =
  | { jsonrpc: '2.0'; id: RpcId; result: Record<string, unknown> }
  | { jsonrpc: '2.0'; id: RpcId; error: { code: number; message: string; data?: Record<string, unknown> } };

class RpcError extends Error {
  readonly code: number;
  readonly data: Record<string, unknown> | undefined;
  constructor(code: number, message: string, data?: Record<string, unknown>) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

const requestSchema = z.object({
  jsonrpc: z.literal('2.0'),
  method: z.string(),
  id: z.union([z.string(), z.number()]).nullish(),
  params: z.record(z.string(), z.unknown()).nullish(),
});

/** The one tool. Its argument is the action's command, so that schema and tool never differ. */
const RUN_TOOL = {
  name: 'run',
  title: 'Run a command',
  description:
    'Run one line in the on-call shell of the running episode: kubectl, pipes, grep, jq, heredocs; or `fix: LINE`, `diagnose: TEXT`, ' +
    '`report: resolved|no-fault|give-up`. An episode is started by a reset (POST /reset, or the WebSocket of the session).',
  inputSchema: {
    type: 'object',
    properties: { command: publishedSchemas.action.properties?.command },
    required: ['command'],
    additionalProperties: false,
  },
  outputSchema: resultJsonSchema,
};
const runArguments = actionSchema.pick({ command: true });

export interface McpOptions {
  sessions: Sessions;
  version: string;
  log: FastifyBaseLogger;
}

/** JSON-RPC 2.0 over whatever carries it. `own` is the session of the socket that the request came by, if it came by one. */
export class Mcp {
  readonly #sessions: Sessions;
  readonly #version: string;
  readonly #log: FastifyBaseLogger;

  constructor(options: McpOptions) {
    this.#sessions = options.sessions;
    this.#version = options.version;
    this.#log = options.log;
  }

  /** As handle(), for a body that may not even be JSON. */
  async handleText(text: string): Promise<RpcResponse | undefined> {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch (error) {
      return { jsonrpc: '2.0', id: null, error: { code: PARSE_ERROR, message: `Parse error: ${(error as Error).message}` } };
    }
    return this.handle(message);
  }

  /** Answers one request; undefined for a notification, which has no answer. Never rejects. */
  async handle(message: unknown, own?: Session): Promise<RpcResponse | undefined> {
    const parsed = requestSchema.safeParse(message);
    if (!parsed.success) {
      const hint = Array.isArray(message) ? 'batches are not supported' : z.prettifyError(parsed.error);
      return { jsonrpc: '2.0', id: idOf(message), error: { code: INVALID_REQUEST, message: `Invalid request: ${hint}` } };
    }
    const { method } = parsed.data;
    if (method.startsWith('notifications/')) return undefined;
    const id = parsed.data.id ?? null;
    try {
      return { jsonrpc: '2.0', id, result: await this.#call(method, parsed.data.params ?? {}, own) };
    } catch (error) {
      if (!(error instanceof RpcError)) {
        const { message: text, code } = toWireError(error, this.#log);
        return { jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message: text, data: { code } } };
      }
      return { jsonrpc: '2.0', id, error: { code: error.code, message: error.message, ...(error.data && { data: error.data }) } };
    }
  }

  async #call(method: string, params: Record<string, unknown>, own: Session | undefined): Promise<Record<string, unknown>> {
    switch (method) {
      case 'initialize':
        return {
          protocolVersion: PROTOCOL_VERSIONS.find((known) => known === params.protocolVersion) ?? PROTOCOL_VERSIONS[0],
          capabilities: { tools: {} },
          serverInfo: { name: 'kube-sre-gym', title: 'Kube SRE Gym', version: this.#version },
        };
      case 'ping':
        return {};
      case 'tools/list':
        if (params.session_id !== undefined) this.#named(params.session_id);
        return { tools: [RUN_TOOL] };
      case 'tools/call':
        return this.#run(params, own);
      case 'openenv/session/create':
        return { session_id: own?.id ?? (await this.#create()) };
      case 'openenv/session/close':
        return this.#close(params.session_id, own);
      default:
        throw new RpcError(METHOD_NOT_FOUND, `Method not found: ${method}`);
    }
  }

  async #run(params: Record<string, unknown>, own: Session | undefined): Promise<Record<string, unknown>> {
    if (typeof params.name !== 'string') throw new RpcError(INVALID_PARAMS, "Missing 'name' in params");
    if (params.name !== RUN_TOOL.name)
      throw new RpcError(INVALID_PARAMS, `Tool not found: ${params.name.slice(0, 100)}; there is one, 'run'`);
    const args = runArguments.safeParse(params.arguments ?? {});
    if (!args.success) throw new RpcError(INVALID_PARAMS, `Invalid arguments of 'run': ${z.prettifyError(args.error)}`);
    const session = own ?? (params.session_id === undefined ? this.#sessions.http : this.#named(params.session_id));
    if (!session) {
      throw new GatewayError('EXECUTION_ERROR', 'No episode is running; POST /reset first, or name a session_id that was reset');
    }
    this.#sessions.touch(session);
    const result = toWireResult(await session.run((gym) => gym.step({ command: args.data.command, metadata: {} })));
    this.#sessions.touch(session);
    const { observation, reward, done } = result;
    const structuredContent = { observation, reward, done };
    // `data` is what MCPToolClient.call_tool hands to its caller.
    return { content: [{ type: 'text', text: asText(result) }], structuredContent, data: structuredContent, isError: false };
  }

  #named(id: unknown): Session {
    const session = typeof id === 'string' ? this.#sessions.find(id) : undefined;
    if (!session) throw new RpcError(INVALID_PARAMS, `Unknown session_id: ${String(id).slice(0, 100)}`);
    if (!session.started) throw new RpcError(INVALID_REQUEST, `Session ${session.id} is still starting; retry shortly`);
    return session;
  }

  async #create(): Promise<string> {
    let session: Session | undefined;
    try {
      session = this.#sessions.open('created');
      await session.run(async () => {});
      return session.id;
    } catch (error) {
      // Nobody will learn the id of a session that came too late.
      if (session) this.#sessions.close(session, 'not ready in time');
      const { message, details } = toWireError(error, this.#log);
      throw new RpcError(SERVER_ERROR, message, details);
    }
  }

  #close(id: unknown, own: Session | undefined): Record<string, unknown> {
    if (id === undefined || id === '') throw new RpcError(INVALID_PARAMS, "Invalid params - 'session_id' is required");
    const session = this.#named(id);
    if (session === own || session.kind !== 'created') {
      throw new RpcError(INVALID_REQUEST, 'This session lives as long as its socket; close the socket instead');
    }
    if (session.attached) {
      session.closeOnDetach = true;
      return { session_id: session.id, closed: false, closing: true };
    }
    this.#sessions.close(session, 'closed by the client');
    return { session_id: session.id, closed: true };
  }
}

function idOf(message: unknown): RpcId {
  if (typeof message !== 'object' || message === null || !('id' in message)) return null;
  return typeof message.id === 'string' || typeof message.id === 'number' ? message.id : null;
}

/** The observation as a model reads it: the output, then what the gym has to add. */
function asText({ observation, done }: WireResult): string {
  const parts = [observation.command_output, observation.message, observation.hint && `Hint: ${observation.hint}`];
  if (done) parts.push(`The episode is over${observation.outcome ? `: ${observation.outcome}` : ''}.`);
  return parts.filter((part) => part).join('\n');
}
