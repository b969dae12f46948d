import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import type { ZodType } from 'zod';
import { type ConfineTools, confinedKubectl, KUBECTL_ENV } from './confine.ts';
import { execute, killUser } from './execute.ts';
import { MAX_FILES_BYTES, VIEW_PORT } from './kubectl-runner.ts';
import { type RunRequest, type RunResponse, runRequest, sessionRequest } from './protocol.ts';
import { type Relay, startRelay } from './relay.ts';
import type { SessionRoot } from './session-root.ts';

// Files and stdin travel as base64 in one JSON document.
const MAX_BODY_BYTES = 4 * MAX_FILES_BYTES;
// A gateway that vanished without a word is noticed by TCP keep-alive.
const KEEP_ALIVE_MS = 5000;

export interface RunnerOptions {
  root: SessionRoot;
  tools: ConfineTools;
  /** A user id for a new session; every session has one of its own. */
  nextUid: () => number;
  /** When set, callers must send it as `Authorization: Bearer`. */
  secret?: string;
  viewPort?: number;
}

class HttpError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The runner's HTTP server, not yet listening. It serves one session at a time:
 * `POST /session` opens it and its answer stays open: when that connection ends, or with `DELETE /session`, the session ends.
 * `POST /run` runs one kubectl, `GET /healthz` says whether a session is open.
 * After a session its processes are killed and its files removed; nothing of it is left for the next.
 */
export function createRunnerServer(options: RunnerOptions): Server {
  const session = new Session(options);
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      const status = error instanceof HttpError ? error.status : 500;
      if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
    });
  });
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${request.method} ${request.url}`;
    if (route === 'GET /healthz') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ busy: session.busy }));
      return;
    }
    authenticate(request, options.secret);
    if (route === 'POST /session') await session.open(request, response);
    else if (route === 'DELETE /session') {
      await session.end();
      response.writeHead(204).end();
    } else if (route === 'POST /run') {
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      const result = await session.run(await body(request, runRequest), gone.signal);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
    } else throw new HttpError(404, `The runner has no ${route}`);
  }
  return server;
}

class Session {
  readonly #options: RunnerOptions;
  #relay: Relay | undefined;
  #uid = 0;
  #busy = false;
  // The open answer that keeps the session.
  #held: ServerResponse | undefined;
  #ending: Promise<void> | undefined;
  // Commands of one session share its files, so they run one after another.
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#busy;
  }

  async open(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#busy) throw new HttpError(409, 'The runner already serves a session; close that one first');
    this.#busy = true;
    try {
      const { kubeconfig, view } = await body(request, sessionRequest);
      this.#uid = this.#options.nextUid();
      this.#options.root.begin(kubeconfig);
      this.#relay = await startRelay(view, this.#options.viewPort ?? VIEW_PORT);
      if (response.destroyed) throw new HttpError(400, 'The caller left');
    } catch (error) {
      await this.end();
      throw error;
    }
    request.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#held = response;
    response.on('close', () => {
      if (this.#held === response) void this.end();
    });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"ready":true}\n');
  }

  run(request: RunRequest, signal: AbortSignal): Promise<RunResponse> {
    const result = this.#last.then(() => this.#runNow(request, signal));
    this.#last = result.catch(() => {});
    return result;
  }

  async #runNow(request: RunRequest, signal: AbortSignal): Promise<RunResponse> {
    if (!this.#relay) throw new HttpError(409, 'The runner serves no session; open one with POST /session');
    if (signal.aborted) throw new HttpError(400, 'The caller left');
    const { root, tools } = this.#options;
    const sent = new Map(Object.entries(request.files).map(([path, content]) => [path, Buffer.from(content, 'base64')]));
    try {
      root.put(sent, request.cwd);
      const command = confinedKubectl({ tools, root: root.path, uid: this.#uid, cwd: request.cwd, argv: request.argv });
      const stdin = Buffer.from(request.stdin, 'base64');
      const done = await execute(command, { env: KUBECTL_ENV, stdin, timeoutMs: request.timeoutMs, signal });
      killUser(this.#uid);
      if (!this.#relay) throw new HttpError(409, 'The session ended while kubectl ran');
      const files = Object.fromEntries([...root.take(sent)].map(([path, content]) => [path, content.toString('base64')]));
      return { ...done, stdout: done.stdout.toString('base64'), stderr: done.stderr.toString('base64'), files };
    } catch (error) {
      root.take(sent);
      throw error;
    }
  }

  /** Resolves when nothing of the session is left. A root that cannot be emptied must not serve again: the error is left to end the process. */
  end(): Promise<void> {
    if (!this.#busy) return Promise.resolve();
    this.#ending ??= this.#wipe().finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  async #wipe(): Promise<void> {
    const [relay, held] = [this.#relay, this.#held];
    this.#relay = undefined;
    this.#held = undefined;
    await relay?.close();
    if (this.#uid) killUser(this.#uid);
    await this.#last;
    this.#options.root.begin('');
    this.#busy = false;
    held?.end();
  }
}

function authenticate(request: IncomingMessage, secret: string | undefined): void {
  if (secret === undefined) return;
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${secret}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw new HttpError(401, 'The runner wants its secret as `Authorization: Bearer`');
}

async function body<T>(request: IncomingMessage, schema: ZodType<T>): Promise<T> {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) request.destroy(new Error(`The request exceeds ${MAX_BODY_BYTES} bytes`));
  });
  const parsed = schema.safeParse(await json(request).catch((error: Error) => ({ unreadable: error.message })));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new HttpError(400, `The request is not valid: ${issue.path.join('.') || 'body'}: ${issue.message}`);
}
