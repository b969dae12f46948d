import type { KubeClient } from './client.ts';
import { ApiError, type Status, TransportError } from './errors.ts';
import { type Resource, resourcePath } from './resource.ts';

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: { apiVersion?: string; kind?: string; metadata: { name: string; namespace?: string; resourceVersion?: string } };
}

export interface WatchRequest {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion: string;
  /** Seconds after which the server ends the watch in good order. */
  timeoutSeconds: number;
  /** Milliseconds without a byte after which the connection counts as lost; bookmarks come about once a minute. */
  idleTimeoutMs: number;
  signal: AbortSignal;
}

/** Events of one watch until the server ends it. Throws ApiError for its ERROR events (410: too old) and TransportError when the connection breaks. */
export async function* watchEvents(client: KubeClient, resource: Resource, request: WatchRequest): AsyncGenerator<WatchEvent> {
  const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, idleTimeoutMs, signal } = request;
  const what = `watch ${resource.kind}${namespace ? ` in ${namespace}` : ''}`;
  const query = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds, labelSelector, fieldSelector };
  const path = resourcePath(resource, namespace ? { namespace } : {});
  const body = await client.transport.stream({ method: 'GET', path, query, signal, what }, idleTimeoutMs);
  try {
    for await (const line of lines(body)) {
      const event = JSON.parse(line) as { type: string; object: unknown };
      if (event.type === 'ERROR') {
        const status = event.object as Status;
        throw new ApiError(what, status.code ?? 500, status, (status.details?.retryAfterSeconds ?? 0) * 1000 || undefined);
      }
      yield event as WatchEvent;
    }
  } catch (error) {
    throw error instanceof ApiError || signal.aborted ? error : new TransportError(what, error);
  } finally {
    body.destroy();
  }
}

/** Whole lines of a byte stream; a last one without its end is dropped, because it was cut. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const chunk of chunks) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    for (const next of rest) {
      const line = parts.join('');
      parts = [next];
      if (line) yield line;
    }
  }
}
