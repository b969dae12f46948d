import { type Dispatcher, request } from 'undici';
import { type Clock, sleep, systemClock } from './clock.ts';
import type { Connection, KubeConfig } from './config.ts';
import { ApiError, type Status, TransportError } from './errors.ts';
import { type Logger, silentLogger } from './logger.ts';
import type { KubeMetrics } from './metrics.ts';
import { processWrites, type WriteCounter } from './writes.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
export type Query = Record<string, string | number | boolean | undefined>;

export interface HttpRequest {
  method: Method;
  /** Absolute path on the API server. */
  path: string;
  query?: Query | undefined;
  body?: string | Buffer | undefined;
  contentType?: string | undefined;
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
  /** Milliseconds until the whole answer must be there. */
  timeoutMs?: number | undefined;
  /** What to call this request in errors, for example `patch Deployment payments/payment-api`. */
  what?: string | undefined;
  /** False for non-GET requests that store nothing (proxied traffic, token requests) or come by the clock (Lease renewals): they get no number. */
  numbered?: boolean | undefined;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export interface TransportOptions {
  metrics?: KubeMetrics;
  log?: Logger;
  clock?: Clock;
  writes?: WriteCounter;
  /** Default time limit of a request, milliseconds. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const READ_ATTEMPTS = 4;
const RETRY_BASE_MS = 50;
/** Longest wait that a Retry-After of the server is followed for. */
const RETRY_AFTER_MAX_MS = 5000;

/** HTTP to the API server: authentication, pinned sockets, time limits, numbered writes, and retries of reads that got no answer. */
export class Transport {
  readonly #config: KubeConfig;
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #writes: WriteCounter;

  constructor(config: KubeConfig, options: TransportOptions = {}) {
    this.#config = config;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#writes = options.writes ?? processWrites;
  }

  /**
   * Sends one request and reads the whole answer, whatever its status. Throws TransportError when there is none. Reads are retried after
   * connection failures and 429; writes after 429 only, because the server then did nothing.
   */
  async send(req: HttpRequest): Promise<HttpResponse> {
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    if (isRead || req.numbered === false) return this.#attempts(req, isRead);
    return this.#writes.run((write) => {
      this.#log.debug({ write, method: req.method, path: req.path }, 'Sending write');
      return this.#attempts(req, false);
    });
  }

  /** As send, but a status from 400 on throws ApiError. */
  async sendOk(req: HttpRequest): Promise<HttpResponse> {
    const response = await this.send(req);
    if (response.status >= 400) throw toApiError(req, response);
    return response;
  }

  /**
   * Opens an endless answer (watch, followed logs). `idleTimeoutMs` ends it when nothing came for so long. Throws ApiError from status 400 on.
   */
  async stream(req: HttpRequest, idleTimeoutMs: number): Promise<Dispatcher.ResponseData['body']> {
    try {
      const response = await this.#request(req, await this.#config.connection(), idleTimeoutMs);
      if (response.statusCode < 400) return response.body;
      const body = Buffer.from(await response.body.arrayBuffer());
      if (response.statusCode === 401) this.#config.refreshCredentials();
      throw toApiError(req, { status: response.statusCode, headers: response.headers, body });
    } catch (error) {
      throw error instanceof ApiError || req.signal?.aborted ? error : new TransportError(nameOf(req), error);
    }
  }

  async #attempts(req: HttpRequest, retryOnNoAnswer: boolean): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt++) {
      let wait: number;
      try {
        const response = await this.#once(req);
        if (response.status === 401 && attempt === 1) {
          this.#config.refreshCredentials();
          continue;
        }
        if (response.status !== 429 || attempt >= READ_ATTEMPTS) return response;
        wait = Math.min(retryAfterMs(response) ?? 1000, RETRY_AFTER_MAX_MS);
      } catch (error) {
        if (req.signal?.aborted) throw error;
        if (!retryOnNoAnswer || attempt >= READ_ATTEMPTS || isTimeout(error)) throw new TransportError(nameOf(req), error);
        wait = RETRY_BASE_MS * 2 ** (attempt - 1);
      }
      await sleep(this.#clock, wait, req.signal);
      req.signal?.throwIfAborted();
    }
  }

  async #once(req: HttpRequest): Promise<HttpResponse> {
    const timeoutMs = req.timeoutMs ?? this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = req.signal ? AbortSignal.any([req.signal, limit]) : limit;
    const response = await this.#request({ ...req, signal }, await this.#config.connection(), timeoutMs);
    return { status: response.statusCode, headers: response.headers, body: Buffer.from(await response.body.arrayBuffer()) };
  }

  async #request(req: HttpRequest, connection: Connection, bodyTimeout: number): Promise<Dispatcher.ResponseData> {
    const url = new URL(connection.server + req.path);
    for (const [name, value] of Object.entries(req.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
    const count = (code: string) => this.#options.metrics?.clientRequests.inc({ code, method: req.method, host: url.host });
    try {
      const response = await request(url, {
        method: req.method,
        dispatcher: connection.dispatcher,
        headers: {
          accept: 'application/json',
          'user-agent': 'kube-sre-gym',
          ...(req.body === undefined ? {} : { 'content-type': req.contentType ?? 'application/json' }),
          ...lowerCase(req.headers),
          ...connection.headers,
        },
        body: req.body ?? null,
        signal: req.signal ?? null,
        headersTimeout: req.timeoutMs ?? this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        bodyTimeout,
      });
      count(String(response.statusCode));
      return response;
    } catch (error) {
      count('<error>');
      throw error;
    }
  }
}

/** Names in one case, so that a caller's header replaces ours instead of standing beside it. */
const lowerCase = (headers: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const nameOf = (req: HttpRequest): string => req.what ?? `${req.method} ${req.path}`;
const isTimeout = (error: unknown): boolean => (error as Error).name === 'TimeoutError';

function retryAfterMs(response: { headers: HttpResponse['headers'] }): number | undefined {
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

/** Turns an error answer into an ApiError; a body that is no Status becomes its message. */
export function toApiError(req: HttpRequest, response: HttpResponse): ApiError {
  const text = response.body.toString('utf8');
  let status: Status = {};
  try {
    status = JSON.parse(text) as Status;
  } catch {
    status = { message: text.slice(0, 300) || `HTTP ${response.status}` };
  }
  return new ApiError(nameOf(req), response.status, status, retryAfterMs(response));
}
