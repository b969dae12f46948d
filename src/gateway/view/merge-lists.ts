/** A list over all namespaces made of one list per arena namespace, with the API server's meaning of limit and continue. */
import { badRequest, type Status } from './status.ts';

type Json = Record<string, unknown>;

export interface ListPart {
  readonly status: number;
  readonly document: Json;
}

export interface ListQuery {
  readonly limit?: string;
  readonly continue?: string;
}

/** Fetches one namespace's list with this limit and continue token. */
export type FetchPart = (namespace: string, query: ListQuery) => Promise<ListPart>;

/** Where a list goes on: the namespace and the API server's own token there ("" for its beginning). */
interface Position {
  readonly namespace: string;
  readonly token: string;
}

/**
 * Lists the namespaces in parallel and merges Tables or items in the order of the namespaces; cut at `limit`, with a composite continue
 * token when there is more. The result's resourceVersion is the smallest. The first part that fails is the answer.
 */
export async function mergeLists(namespaces: readonly string[], query: ListQuery, fetch: FetchPart): Promise<ListPart> {
  const start = query.continue ? decodePosition(query.continue, namespaces) : { namespace: namespaces[0], token: '' };
  if (!start) return refusal(badRequest('continue key is not valid: it was not made by this list'));
  const limit = Number(query.limit) > 0 ? Math.floor(Number(query.limit)) : undefined;
  const asked = namespaces.slice(namespaces.indexOf(start.namespace));
  const ask = (namespace: string, size = limit) =>
    fetch(namespace, { limit: size?.toString(), continue: (namespace === start.namespace && start.token) || undefined });

  const taken: Json[] = [];
  let count = 0;
  let next: Position | undefined;
  for (const [position, part] of (await Promise.all(asked.map((namespace) => ask(namespace)))).entries()) {
    if (part.status !== 200) return part;
    const namespace = asked[position];
    const size = entries(part.document).length;
    if (limit === undefined || count + size <= limit) {
      taken.push(part.document);
      count += size;
      const token = metadata(part.document).continue;
      if (token) next = { namespace, token: String(token) };
    } else if (count === limit) {
      next = { namespace, token: '' };
    } else {
      const rest = await ask(namespace, limit - count);
      if (rest.status !== 200) return rest;
      taken.push(rest.document);
      next = { namespace, token: String(metadata(rest.document).continue ?? '') };
    }
    if (next) break;
  }
  return { status: 200, document: join(taken, next) };
}

/** One document out of several lists or Tables of the same kind; metadata of the result as a list has it. */
export function join(parts: Json[], next?: Position): Json {
  const { continue: _continue, remainingItemCount: _remaining, ...rest } = metadata(parts[0]);
  const smallest = smallestVersion(parts);
  const merged: Json = {
    ...parts[0],
    metadata: { ...rest, ...(smallest && { resourceVersion: smallest }), ...(next && { continue: encodePosition(next) }) },
  };
  merged[merged.kind === 'Table' ? 'rows' : 'items'] = parts.flatMap(entries);
  return merged;
}

/** The smallest resourceVersion of several documents: nothing newer than it was missed. */
export function smallestVersion(documents: Json[]): string | undefined {
  const versions = documents.map((document) => metadata(document).resourceVersion).filter((version) => typeof version === 'string');
  return versions
    .filter((version) => /^\d+$/.test(version))
    .reduce<string | undefined>((a, b) => (a === undefined || BigInt(b) < BigInt(a) ? b : a), undefined);
}

function entries(document: Json): unknown[] {
  const list = document.kind === 'Table' ? document.rows : document.items;
  return Array.isArray(list) ? list : [];
}

function metadata(document: Json): Json {
  return (document.metadata ?? {}) as Json;
}

function encodePosition(position: Position): string {
  return Buffer.from(JSON.stringify([position.namespace, position.token])).toString('base64url');
}

function decodePosition(token: string, namespaces: readonly string[]): Position | undefined {
  try {
    const [namespace, inner] = JSON.parse(Buffer.from(token, 'base64url').toString());
    return namespaces.includes(namespace) && typeof inner === 'string' ? { namespace, token: inner } : undefined;
  } catch {
    return undefined;
  }
}

function refusal(status: Status): ListPart {
  return { status: status.code, document: { ...status } };
}
