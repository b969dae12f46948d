import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actionSchema, EMPTY_STATE, type GatewayErrorCode, parseResetOptions } from '../session-api.ts';
import type { Session, Sessions } from './sessions.ts';
import { toWireError, toWireResult, validationIssues } from './wire.ts';

/** What a caller did wrong, as FastAPI lays it out: a list of issues for bad input, a sentence for the rest. */
export class HttpError extends Error {
  readonly statusCode: number;
  readonly body: object;
  constructor(statusCode: number, body: object) {
    super(JSON.stringify(body));
    this.statusCode = statusCode;
    this.body = body;
  }
}

const STATUS: Partial<Record<GatewayErrorCode, number>> = { CAPACITY_REACHED: 503, SESSION_ERROR: 409 };

const stepRequestSchema = z.looseObject({
  action: z.record(z.string(), z.unknown()),
  timeout_s: z.number().gt(0).nullish(),
  request_id: z.string().max(255).nullish(),
});

/** Makes every error of `app` an answer that Python clients can read. */
export function installErrors(app: FastifyInstance, log: FastifyBaseLogger): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ detail: 'Not Found' }));
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, _request, reply) => {
    if (error instanceof HttpError) return reply.code(error.statusCode).send(error.body);
    // fastify's own: body too large, malformed request.
    if (error.code?.startsWith('FST_') && error.statusCode) return reply.code(error.statusCode).send({ detail: error.message });
    const { code, message, details } = toWireError(error, log);
    if (code === 'VALIDATION_ERROR') return reply.code(422).send({ detail: details.errors });
    return reply.code(STATUS[code] ?? 500).send({ detail: message, code, ...details });
  });
}

/** POST /reset, POST /step, GET /state on the one HTTP session. */
export function registerControl(app: FastifyInstance, sessions: Sessions): void {
  app.post('/reset', async (request, reply) => {
    const options = checked(['body'], () => parseResetOptions(json(request.body) ?? {}));
    return reply.send(toWireResult(await held(sessions, sessions.httpForReset(), (s) => s.run((gym) => gym.reset(options)))));
  });

  app.post('/step', async (request, reply) => {
    const body = checked(['body'], () => stepRequestSchema.parse(json(request.body)));
    const action = checked(['body', 'action'], () => actionSchema.parse(body.action));
    const session = sessions.http;
    if (!session) throw new HttpError(409, { detail: 'No episode: POST /reset first', code: 'EXECUTION_ERROR' });
    const limitMs = body.timeout_s ? body.timeout_s * 1000 : undefined;
    return reply.send(toWireResult(await held(sessions, session, (s) => s.run((gym) => gym.step(action), limitMs))));
  });

  app.get('/state', async () => {
    const session = sessions.http;
    if (!session) return EMPTY_STATE;
    sessions.touch(session);
    return session.state();
  });
}

/** Runs a request and starts the session's idle limit anew when it ends. */
async function held<T>(sessions: Sessions, session: Session, request: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await request(session);
  } finally {
    sessions.touch(session);
  }
}

/** Bodies arrive as text, whatever their content type says; an empty one is undefined. @throws HttpError 422 */
export function json(body: unknown): unknown {
  if (typeof body !== 'string' || body.trim() === '') return undefined;
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new HttpError(422, { detail: [{ type: 'json_invalid', loc: ['body'], msg: `JSON decode error: ${(error as Error).message}` }] });
  }
}

/** What `parse` returns; its complaints become a 422 whose locations start with `at`. @throws HttpError 422 */
export function checked<T>(at: readonly string[], parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof z.ZodError) throw new HttpError(422, { detail: validationIssues(error, at) });
    throw error;
  }
}

/**
 * Pages on other sites can make a browser talk to a gateway on loopback; browsers then send Origin, and no client of ours does.
 */
export async function refuseBrowserScripts(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.headers.origin === undefined) return;
  await reply.code(403).send({ detail: 'Requests from scripts of web pages (with an Origin header) are refused' });
}
