import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import WebSocket from 'ws';
import { ResourceIndex } from './resource-index.ts';

/** The cluster's API server as seen by every arena view of a gateway: one connection pool, one index of resources. */
export interface Upstream {
  /** Sends one request; rejects with UpstreamError when no answer comes. The body must be consumed or destroyed. */
  request(request: UpstreamRequest): Promise<UpstreamResponse>;
  /** Opens a WebSocket; the caller listens for `open`, `unexpected-response` and `error`. */
  dial(path: string, token: string, protocols: string[]): WebSocket;
  /** Which resources exist and whether they have a namespace; asked for again, at most every few seconds, when `satisfied` finds the known index wanting. */
  resources(token: string, satisfied: (index: ResourceIndex) => boolean): Promise<ResourceIndex>;
  close(): Promise<void>;
}

export interface UpstreamRequest {
  method: string;
  path: string;
  token: string;
  headers?: Record<string, string>;
  body?: Buffer;
  signal?: AbortSignal;
}

export interface UpstreamResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable;
}

export interface UpstreamOptions {
  /** https URL of the API server. */
  server: string;
  /** PEM of its certificate authority. */
  ca: string | Buffer;
  /** Milliseconds until the answer must begin; the API server itself gives up after 60 s. */
  headersTimeout?: number;
}

/** The API server did not answer: a failure of the infrastructure, not of the arena or the agent. */
export class UpstreamError extends Error {}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
/** Kinds that appear while a session runs are rare: an unknown resource asks again at most this often (ms). */
const INDEX_MIN_AGE = 5_000;
const DIAL_TIMEOUT = 15_000;

/** Opens nothing yet: connections are made when asked for and kept alive between requests. */
export function createUpstream({ server, ca, headersTimeout = 65_000 }: UpstreamOptions): Upstream {
  const origin = new URL(server).origin;
  // Watches may be silent for long, so only the beginning of an answer has a time limit.
  const pool = new Pool(origin, { connect: { ca, timeout: 10_000 }, headersTimeout, bodyTimeout: 0, keepAliveTimeout: 30_000 });
  let index: Promise<ResourceIndex> | undefined;
  let indexAge = 0;

  const send = async ({ method, path, token, headers, body, signal }: UpstreamRequest): Promise<UpstreamResponse> => {
    const answer = await pool.request({
      method: method as 'GET',
      path,
      headers: { accept: 'application/json', ...headers, authorization: `Bearer ${token}` },
      body: body ?? null,
      signal,
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  };

  const upstream: Upstream = {
    async request(request) {
      try {
        return await send(request).catch((error) => {
          // A kept-alive connection may be closed by the server at the moment it is used again.
          if (request.method === 'GET' && error.code === 'UND_ERR_SOCKET' && !request.signal?.aborted) return send(request);
          throw error;
        });
      } catch (error) {
        throw new UpstreamError(`API server ${origin} did not answer ${request.method} ${request.path}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    },
    dial(path, token, protocols) {
      return new WebSocket(`${origin.replace(/^http/, 'ws')}${path}`, protocols, {
        ca,
        headers: { authorization: `Bearer ${token}` },
        handshakeTimeout: DIAL_TIMEOUT,
        maxPayload: 64 * 1024 * 1024,
        perMessageDeflate: false,
      });
    },
    async resources(token, satisfied) {
      if (index && (Date.now() - indexAge < INDEX_MIN_AGE || satisfied(await index))) return index;
      const previous = index;
      indexAge = Date.now();
      index = loadIndex(upstream, token).catch((error) => {
        index = previous;
        indexAge = 0;
        throw error;
      });
      return index;
    },
    close: () => pool.destroy(),
  };
  return upstream;
}

async function loadIndex(upstream: Upstream, token: string): Promise<ResourceIndex> {
  const documents = await Promise.all(
    ['/api', '/apis'].map(async (path) => {
      const { status, body } = await upstream.request({ method: 'GET', path, token, headers: { accept: AGGREGATED } });
      const text = (await readAll(body)).toString();
      if (status !== 200) throw new UpstreamError(`API server answered ${status} to discovery of ${path}: ${text.slice(0, 200)}`);
      return JSON.parse(text);
    }),
  );
  return new ResourceIndex(documents);
}

/** A body whole; rejects when it is larger than `limit` bytes. */
export async function readAll(body: AsyncIterable<Buffer>, limit = 64 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new BodyTooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export class BodyTooLarge extends Error {
  readonly limit: number;
  constructor(limit: number) {
    super(`body larger than ${limit} bytes`);
    this.limit = limit;
  }
}
