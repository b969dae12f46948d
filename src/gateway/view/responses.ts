import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ArenaNames, toPlain } from '../../kube/arena-names.ts';
import { type Hidden, plainJson, plainWatchEvent } from './response-objects.ts';
import { mapLines, plainText } from './text-stream.ts';
import { readAll, type UpstreamResponse } from './upstream.ts';

type Json = Record<string, unknown>;

/** Headers of the API server that mean something to a client and nothing about the cluster. */
const KEPT_HEADERS = ['content-type', 'cache-control', 'etag', 'last-modified', 'retry-after', 'vary', 'audit-id'];

/** What becomes of an answer on its way to the agent. */
export interface ResponseOptions {
  readonly arena: ArenaNames;
  readonly hidden: Hidden;
  /** Line-framed JSON events rather than one document. */
  readonly watch?: boolean;
  /** One JSON document whatever its content type says: the index of OpenAPI v3 comes as text/plain. */
  readonly json?: boolean;
  /** Leaves out objects, wherever they stand in the answer. */
  readonly drop?: (object: Json) => boolean;
  /** Changes a whole JSON document before it is made plain. */
  readonly change?: (document: Json) => Json;
}

/** Hands an answer on in plain names; streams are mapped as they flow, with back-pressure. Resolves when all of it has been sent. */
export async function sendPlain(res: ServerResponse, answer: UpstreamResponse, options: ResponseOptions): Promise<void> {
  const { arena, hidden } = options;
  const headers = plainHeaders(answer.headers, arena);
  const type = String(answer.headers['content-type'] ?? '');
  if (answer.status === 304 || answer.status === 204) {
    answer.body.resume();
    res.writeHead(answer.status, headers).end();
    return;
  }
  const isJson = type.startsWith('application/json') || (options.json && answer.status === 200);
  if (isJson && !(options.watch && answer.status === 200)) {
    const document = JSON.parse((await readAll(answer.body)).toString()) as Json;
    sendDocument(res, answer.status, options.change ? options.change(document) : document, options, headers);
    return;
  }
  res.writeHead(answer.status, headers);
  // kubectl waits for the headers of a watch or of followed logs before there is a first line.
  res.flushHeaders();
  const mapping = isJson ? mapLines((line) => plainEvent(line, options, hidden)) : plainText(arena);
  await pipeline(answer.body as Readable, mapping, res);
}

/** Answers with a JSON document in plain names. */
export function sendDocument(
  res: ServerResponse,
  status: number,
  document: Json,
  options: ResponseOptions,
  headers: Record<string, string | string[]> = {},
): void {
  const body = Buffer.from(`${plainJson(options.drop ? dropObjects(document, options.drop) : document, options.arena, options.hidden)}\n`);
  res.writeHead(status, {
    'cache-control': 'no-cache, private',
    'content-type': 'application/json',
    ...headers,
    'content-length': body.length,
  });
  res.end(body);
}

/** Headers of an answer that go on to the agent. */
export function plainHeaders(headers: UpstreamResponse['headers'], arena: ArenaNames): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const name of KEPT_HEADERS) if (headers[name] !== undefined) kept[name] = headers[name] as string;
  if (headers.warning) kept.warning = [headers.warning].flat().map((warning) => toPlain(warning as string, arena));
  return kept;
}

function plainEvent(line: string, { arena, drop }: ResponseOptions, hidden: Hidden): string | undefined {
  if (drop) {
    const event = JSON.parse(line) as Json;
    const object = dropObjects(event.object as Json, drop);
    if (drop(object) || (object.kind === 'Table' && Array.isArray(object.rows) && object.rows.length === 0)) return undefined;
  }
  return plainWatchEvent(line, arena, hidden);
}

function dropObjects(document: Json, drop: (object: Json) => boolean): Json {
  const result = { ...document };
  if (Array.isArray(result.items)) result.items = result.items.filter((item) => !drop(item));
  if (Array.isArray(result.rows)) result.rows = result.rows.filter((row) => !drop(row.object ?? {}));
  return result;
}
