import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeClient } from '../../src/kube/client.ts';
import { KubeConfig } from '../../src/kube/config.ts';
import type { Resource } from '../../src/kube/resource.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { WriteCounter } from '../../src/kube/writes.ts';

/** The collection that the fake serves. */
export const WIDGETS: Resource<Widget> = { group: 'fake.dev', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };

export interface Widget extends KubeObject {
  value?: string;
}

type Handler = (request: { method: string; url: URL; headers: IncomingHttpHeaders; body: string }, response: ServerResponse) => boolean;

interface Change {
  revision: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Widget;
}

/**
 * One collection over HTTP on loopback with the list and watch rules of an API server, made to misbehave on command: cut connections,
 * forget its history, refuse, fall silent. For what a real API server does not do when a test wants it.
 */
export class FakeApi {
  readonly requests: string[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #objects = new Map<string, Widget>();
  readonly #watches = new Set<{ response: ServerResponse; from: number }>();
  #history: Change[] = [];
  #revision = 100;
  /** Watches and continuations from before it are too old. */
  #compacted = 0;
  #handlers: Handler[] = [];
  #connections: number[] = [];

  async start(): Promise<void> {
    this.#server.on('connection', () => this.#connections.push(Date.now()));
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  get connections(): number {
    return this.#connections.length;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  client(writes = new WriteCounter()): KubeClient {
    const config = new KubeConfig();
    const { port } = this.#server.address() as AddressInfo;
    config.loadFromOptions({
      clusters: [{ name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
      users: [{ name: 'fake', token: 'secret' }],
      contexts: [{ name: 'fake', cluster: 'fake', user: 'fake' }],
      currentContext: 'fake',
    });
    return new KubeClient(config, { writes });
  }

  put(name: string, value: string, namespace = 'a'): void {
    const key = `${namespace}/${name}`;
    const old = this.#objects.get(key);
    const resourceVersion = String(++this.#revision);
    const metadata = { name, namespace, uid: old?.metadata.uid ?? `uid-${this.#revision}`, resourceVersion };
    const object = { apiVersion: 'fake.dev/v1', kind: 'Widget', metadata, value };
    this.#objects.set(key, object);
    this.#record({ revision: this.#revision, type: old ? 'MODIFIED' : 'ADDED', object });
  }

  remove(name: string, namespace = 'a'): void {
    const object = this.#objects.get(`${namespace}/${name}`);
    if (!object) throw new Error(`${name} is not there`);
    this.#objects.delete(`${namespace}/${name}`);
    const resourceVersion = String(++this.#revision);
    this.#record({ revision: this.#revision, type: 'DELETED', object: { ...object, metadata: { ...object.metadata, resourceVersion } } });
  }

  bookmark(): void {
    const object = { apiVersion: 'fake.dev/v1', kind: 'Widget', metadata: { resourceVersion: String(++this.#revision) } };
    for (const watch of this.#watches) this.#send(watch.response, 'BOOKMARK', object);
  }

  /** Resets every connection that carries a watch. */
  cut(): void {
    for (const watch of this.#watches) watch.response.socket?.resetAndDestroy();
    this.#watches.clear();
  }

  /** Ends every watch in good order. */
  end(): void {
    for (const watch of this.#watches) watch.response.end();
    this.#watches.clear();
  }

  /** Sends bytes as they are to every watch. */
  sendRaw(text: string): void {
    for (const watch of this.#watches) watch.response.write(text);
  }

  /** Forgets the history: resuming from before now says 410. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#history = [];
  }

  /** Lets `handler` answer requests first; it returns false for those it leaves alone. */
  intercept(handler: Handler): void {
    this.#handlers.push(handler);
  }

  /** Answers the next `times` requests with an error status. */
  failNext(times: number, code: number, headers: Record<string, string> = {}): void {
    let left = times;
    this.intercept((_request, response) => {
      if (left-- <= 0) return false;
      response.writeHead(code, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code, message: 'as told', reason: 'Test' }));
      return true;
    });
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const method = incoming.method ?? 'GET';
    let body = '';
    for await (const chunk of incoming) body += chunk;
    this.requests.push(`${method} ${url.pathname}${url.search}`);
    if (this.#handlers.some((handler) => handler({ method, url, headers: incoming.headers, body }, response))) return;
    if (url.searchParams.get('watch') === 'true') this.#watch(url, response);
    else this.#list(url, response);
  }

  #list(url: URL, response: ServerResponse): void {
    const limit = Number(url.searchParams.get('limit') ?? 0);
    const [at = String(this.#revision), from = '0'] = url.searchParams.get('continue')?.split(':') ?? [];
    if (Number(at) < this.#compacted) {
      this.#status(response, 410);
      return;
    }
    const all = [...this.#objects.values()];
    const end = limit ? Number(from) + limit : all.length;
    const metadata = { resourceVersion: at, ...(end < all.length ? { continue: `${at}:${end}` } : {}) };
    // Items of a list carry neither apiVersion nor kind.
    const items = all.slice(Number(from), end).map(({ metadata: m, value }) => ({ metadata: m, value }));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'WidgetList', apiVersion: 'fake.dev/v1', metadata, items }));
  }

  #watch(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion'));
    if (from < this.#compacted) {
      this.#status(response, 410);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const change of this.#history) if (change.revision > from) this.#send(response, change.type, change.object);
    const watch = { response, from };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
  }

  #record(change: Change): void {
    this.#history.push(change);
    for (const watch of this.#watches) this.#send(watch.response, change.type, change.object);
  }

  #send(response: ServerResponse, type: string, object: unknown): void {
    response.write(`${JSON.stringify({ type, object })}\n`);
  }

  #status(response: ServerResponse, code: number): void {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'Status', code, reason: 'Expired', message: 'too old resource version' }));
  }
}
