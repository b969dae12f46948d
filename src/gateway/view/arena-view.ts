import { createHash, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ArenaNames, type BodyKind, realNamespace, toRealCommand } from '../../kube/arena-names.ts';
import { negotiateAccept } from './accept.ts';
import { addServedRules, planAccessReview } from './access-review.ts';
import { visibleDocument, visibleOpenApiProtobuf } from './documents.ts';
import { accepted, EXEC_PROTOCOLS, joinExec } from './exec-tunnel.ts';
import { type ListPart, mergeLists } from './merge-lists.ts';
import { listNamespaces } from './namespace-list.ts';
import { type Decision, decide, type Perspective } from './policy.ts';
import { decodeBody, type RequestBody, realBody, UnreadableBody } from './request-body.ts';
import { type Hidden, isHiddenKey } from './response-objects.ts';
import { plainHeaders, sendDocument, sendPlain } from './responses.ts';
import { realFieldSelector } from './selectors.ts';
import * as statuses from './status.ts';
import { parseRequestLine, type Query, type RequestLine, type ResourceTarget, resourcePath } from './target.ts';
import { BodyTooLarge, readAll, type Upstream, UpstreamError, type UpstreamResponse } from './upstream.ts';
import { asksDryRun, describeRequest, type ViewRequest } from './view-request.ts';

type Json = Record<string, unknown>;

export interface ArenaViewOptions {
  readonly upstream: Upstream;
  readonly arena: ArenaNames;
  /** A current token of the arena's on-call ServiceAccount. */
  token(): Promise<string>;
  /** A current token that may read what the view shows of the cluster (nodes, storage classes, ...). */
  clusterToken(): Promise<string>;
  /** The bearer token that the session's kubectl has to present. */
  readonly sessionToken: string;
  readonly hidden: Hidden;
  /** Plain namespace of the on-call ServiceAccount; the arena's first unless given. */
  readonly identityNamespace?: string;
  onRequest?(request: ViewRequest): void;
  /** The API server did not answer, or refused the view's own token: the cause lies outside the arena. */
  onUpstreamFailure?(error: Error): void;
}

export interface ArenaView {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  /** Ends every request and exec under way; later ones are refused. */
  close(): void;
}

/** The API server's own limit on request bodies, in bytes. */
const MAX_BODY = 3 * 1024 * 1024;
const WEBSOCKET_ONLY = 'exec is available over WebSocket only; use kubectl 1.31 or newer';

/** The Kubernetes API as one arena's on-call engineer sees it: only the arena's namespaces, under their plain names. */
export function createArenaView(options: ArenaViewOptions): ArenaView {
  const view = new View(options);
  return {
    handle: (req, res) => view.handle(req, res),
    handleUpgrade: (req, socket, head) => view.handleUpgrade(req, socket, head),
    close: () => view.close(),
  };
}

/** One request on its way. */
interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly line: RequestLine;
  readonly signal: AbortSignal;
  readonly token: string;
  readonly perspective: Perspective;
  dryRun: boolean;
}

class View {
  readonly #options: ArenaViewOptions;
  readonly #session: Buffer;
  readonly #namespaces: readonly string[];
  readonly #user: string;
  readonly #closed = new AbortController();

  constructor(options: ArenaViewOptions) {
    this.#options = options;
    this.#session = digest(options.sessionToken);
    this.#namespaces = [...options.arena.plain].sort();
    this.#user = `system:serviceaccount:${options.identityNamespace ?? options.arena.plain[0]}:oncall`;
  }

  close(): void {
    this.#closed.abort();
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const gone = new AbortController();
    res.on('close', () => gone.abort());
    res.on('error', () => gone.abort());
    req.on('error', () => gone.abort());
    const line = parseRequestLine(req.url ?? '');
    let exchange: Exchange | undefined;
    try {
      if (!this.#isAuthentic(req)) return statuses.sendStatus(res, statuses.unauthorized());
      const signal = AbortSignal.any([gone.signal, this.#closed.signal]);
      exchange = await this.#open(req, res, line, signal);
      await this.#serve(exchange);
    } catch (error) {
      this.#fail(res, error as Error, gone.signal.aborted);
    } finally {
      this.#report(req, res.statusCode, line, exchange?.dryRun ?? false);
    }
  }

  async handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Whatever is not an exec over WebSocket is answered as a plain request on this connection, which then ends.
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket as never);
    res.on('finish', () => socket.end());
    socket.on('error', () => socket.destroy());
    const line = parseRequestLine(req.url ?? '');
    const exec = line.target.kind === 'resource' && line.target.resource === 'pods' && line.target.subresource === 'exec';
    if (!exec || req.method !== 'GET' || String(req.headers.upgrade).toLowerCase() !== 'websocket' || !this.#isAuthentic(req))
      return this.handle(req, res);
    try {
      const exchange = await this.#open(req, res, line, this.#closed.signal);
      const decision = decide('GET', line, exchange.perspective);
      if (decision.act !== 'forward') {
        statuses.sendStatus(res, decision.act === 'refuse' ? decision.status : statuses.resourceNotFound());
        this.#report(req, res.statusCode, line, false);
        return;
      }
      const status = await this.#exec(exchange, decision, socket, head);
      this.#report(req, status, line, false);
    } catch (error) {
      this.#fail(res, error as Error, socket.destroyed);
      this.#report(req, res.statusCode, line, false);
    }
  }

  /** Everything that a decision needs to know. */
  async #open(req: IncomingMessage, res: ServerResponse, line: RequestLine, signal: AbortSignal): Promise<Exchange> {
    const { arena, hidden, upstream } = this.#options;
    const token = await this.#options.token().catch((cause) => {
      throw new UpstreamError(`no token for the on-call ServiceAccount: ${cause.message}`, { cause });
    });
    const { target } = line;
    const index = await upstream.resources(
      token,
      (known) =>
        target.kind !== 'resource' ||
        target.namespace !== undefined ||
        known.find(target.group, target.resource, target.version) !== undefined,
    );
    return { req, res, line, signal, token, dryRun: false, perspective: { arena, hidden, user: this.#user, index } };
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { req, res, line, perspective } = exchange;
    const decision = decide(req.method ?? '', line, perspective);
    switch (decision.act) {
      case 'refuse':
        return statuses.sendStatus(res, decision.status);
      case 'document':
        return this.#document(exchange, decision.path);
      case 'namespaces':
        return this.#namespaceList(exchange);
      case 'merge':
        return this.#merge(exchange, decision.target);
      case 'cluster':
        return req.method === 'POST' ? this.#review(exchange, decision.target) : this.#clusterRead(exchange, decision.target);
      case 'forward':
        return this.#forward(exchange, decision);
    }
  }

  async #forward(exchange: Exchange, { target, namespace }: Decision & { act: 'forward' }): Promise<void> {
    const { req, res, line } = exchange;
    const path = resourcePath(target, namespace) + this.#query(line.query);
    const body = await this.#body(exchange, { secret: target.resource === 'secrets', namespace: target.resource === 'namespaces' });
    const answer = await this.#ask(exchange, { method: req.method ?? 'GET', path, body: body?.bytes, contentType: body?.type });
    const change = target.subresource === 'exec' ? explainUpgrade : undefined;
    await sendPlain(res, answer, { ...this.#names, watch: line.query.flag('watch') && !target.name, change });
  }

  async #clusterRead(exchange: Exchange, target: ResourceTarget): Promise<void> {
    const { res, line } = exchange;
    const { hidden } = this.#options;
    // Names of APIServices are VERSION.GROUP.
    const isHidden = (name: unknown) => target.resource === 'apiservices' && isHiddenKey(String(name).replace(/^[^.]*\./, ''), hidden);
    if (isHidden(target.name)) {
      const message = `apiservices.apiregistration.k8s.io ${JSON.stringify(target.name)} not found`;
      return statuses.sendStatus(
        res,
        statuses.failure(404, 'NotFound', message, { name: target.name, group: target.group, kind: target.resource }),
      );
    }
    const token = await this.#options.clusterToken().catch((cause) => {
      throw new UpstreamError(`no token for reads of the cluster: ${cause.message}`, { cause });
    });
    const answer = await this.#ask(exchange, { method: 'GET', path: resourcePath(target) + this.#query(line.query), token });
    const drop = (object: Json) => isHidden((object.metadata as Json | undefined)?.name);
    await sendPlain(res, answer, { ...this.#names, watch: line.query.flag('watch') && !target.name, drop });
  }

  async #merge(exchange: Exchange, target: ResourceTarget): Promise<void> {
    const { line, perspective, res } = exchange;
    const { arena } = this.#options;
    let headers: Record<string, string | string[]> = {};
    const part = await mergeLists(
      this.#namespaces,
      { limit: line.query.first('limit'), continue: line.query.first('continue') },
      async (plain, page) => {
        const query = line.query.with('limit', page.limit).with('continue', page.continue);
        const answer = await this.#ask(exchange, {
          method: 'GET',
          path: resourcePath(target, realNamespace(plain, arena)) + this.#query(query),
        });
        headers = plainHeaders(answer.headers, arena);
        return readPart(answer);
      },
    );
    if (part.status === 403) return statuses.sendStatus(res, statuses.forbidden(perspective.user, { ...target, verb: 'list' }));
    sendDocument(res, part.status, part.document, this.#names, headers);
  }

  async #namespaceList(exchange: Exchange): Promise<void> {
    const { line, req, res } = exchange;
    const { arena } = this.#options;
    const part = await listNamespaces(
      this.#namespaces,
      line.query,
      negotiateAccept(req.headers.accept),
      this.#names,
      async (plain, accept) =>
        readPart(await this.#ask(exchange, { method: 'GET', path: `/api/v1/namespaces/${realNamespace(plain, arena)}`, accept })),
    );
    sendDocument(res, part.status, part.document, this.#names);
  }

  async #document(exchange: Exchange, path: string): Promise<void> {
    const { req, res, line } = exchange;
    const { hidden } = this.#options;
    const protobuf = path === '/openapi/v2' && /openapi\.spec\.v2.*protobuf/.test(req.headers.accept ?? '');
    const answer = await this.#ask(exchange, {
      method: 'GET',
      path: path + line.query.toString(),
      accept: protobuf ? req.headers.accept : undefined,
    });
    if (protobuf && answer.status === 200 && !String(answer.headers['content-type']).startsWith('application/json')) {
      const bytes = visibleOpenApiProtobuf(await readAll(answer.body), hidden);
      res.writeHead(200, { ...plainHeaders(answer.headers, this.#options.arena), 'content-length': bytes.length }).end(bytes);
      return;
    }
    await sendPlain(res, answer, { ...this.#names, json: true, change: (document) => visibleDocument(document, hidden) });
  }

  /** Reviews of oneself: RBAC's answer, and what the view adds to it. */
  async #review(exchange: Exchange, target: ResourceTarget): Promise<void> {
    const { res, line, perspective } = exchange;
    let local: Json | undefined;
    const body = await this.#body(exchange, {}, (value) => {
      if (target.resource !== 'selfsubjectaccessreviews') return value;
      const plan = planAccessReview(value as Json, perspective);
      if ('answer' in plan) local = plan.answer;
      return 'ask' in plan ? plan.ask : value;
    });
    if (local) return sendDocument(res, 201, local, this.#names);
    const answer = await this.#ask(exchange, {
      method: 'POST',
      path: resourcePath(target) + this.#query(line.query),
      body: body?.bytes,
      contentType: body?.type,
    });
    const change = target.resource === 'selfsubjectrulesreviews' && answer.status === 201 ? addServedRules : undefined;
    await sendPlain(res, answer, { ...this.#names, change });
  }

  /** Runs an exec; returns the HTTP code that the client got. */
  async #exec(exchange: Exchange, { target, namespace }: Decision & { act: 'forward' }, socket: Duplex, head: Buffer): Promise<number> {
    const { req, res, line, token } = exchange;
    const { arena, upstream } = this.#options;
    const protocols = EXEC_PROTOCOLS.filter((known) =>
      String(req.headers['sec-websocket-protocol'])
        .split(/\s*,\s*/)
        .includes(known),
    );
    if (protocols.length === 0) {
      statuses.sendStatus(res, statuses.badRequest(`exec needs one of the WebSocket protocols ${EXEC_PROTOCOLS.join(', ')}`));
      return res.statusCode;
    }
    const query = line.query.map('command', (argument) => toRealCommand(argument, arena));
    const exact = line.query.first('command')?.replace(/^.*\//, '') === 'tar';
    const dialled = upstream.dial(resourcePath(target, namespace) + query.toString(), token, protocols);
    const end = () => dialled.terminate();
    socket.on('close', end);
    this.#closed.signal.addEventListener('abort', end);
    dialled.on('close', () => this.#closed.signal.removeEventListener('abort', end));
    const refusal = await accepted(dialled).catch((cause) => {
      throw new UpstreamError(`API server did not accept an exec: ${cause.message}`, { cause });
    });
    if (refusal) {
      const { response, status } = refusal;
      await sendPlain(res, this.#checked({ status, headers: response.headers, body: response }), {
        ...this.#names,
        change: explainUpgrade,
      });
      return status;
    }
    res.detachSocket(socket as never);
    joinExec({ req, socket, head, upstream: dialled, arena, exact });
    return 101;
  }

  /** Sends one request upstream; `token` and `accept` default to the engineer's and the client's. */
  async #ask(
    { req, signal, token }: Exchange,
    request: { method: string; path: string; token?: string; accept?: string; body?: Buffer; contentType?: string },
  ): Promise<UpstreamResponse> {
    const headers: Record<string, string> = { accept: request.accept ?? negotiateAccept(req.headers.accept) };
    if (req.headers['user-agent']) headers['user-agent'] = req.headers['user-agent'];
    if (req.headers['if-none-match'] && request.method === 'GET') headers['if-none-match'] = req.headers['if-none-match'];
    if (request.contentType) headers['content-type'] = request.contentType;
    const { method, path, body } = request;
    return this.#checked(await this.#options.upstream.request({ method, path, headers, body, signal, token: request.token ?? token }));
  }

  /** An API server that does not know the view's own token has lost the arena's identity: no fault of the agent's. */
  #checked(answer: UpstreamResponse): UpstreamResponse {
    if (answer.status !== 401) return answer;
    answer.body.on('error', () => {});
    answer.body.resume();
    throw new UpstreamError("API server refused the token of the arena's on-call ServiceAccount");
  }

  /** Reads and maps the request's body; undefined when it has none. */
  async #body(
    exchange: Exchange,
    kind: BodyKind,
    change: (value: unknown) => unknown = (value) => value,
  ): Promise<{ bytes: Buffer; type: string } | undefined> {
    const { req, line } = exchange;
    const bytes = req.method === 'GET' ? Buffer.alloc(0) : await readAll(req, MAX_BODY);
    exchange.dryRun = line.query.all('dryRun').includes('All');
    if (bytes.length === 0) return undefined;
    const encoding = req.headers['content-encoding'];
    if (encoding && encoding !== 'identity') {
      throw new UnreadableBody(statuses.unsupportedMediaType(`content encoding ${JSON.stringify(encoding)} is not supported`));
    }
    const type = req.headers['content-type'] ?? 'application/json';
    const body: RequestBody = decodeBody(bytes, type);
    exchange.dryRun ||= asksDryRun(body.value);
    return { bytes: body.encode(realBody({ ...body, value: change(body.value) }, this.#options.arena, kind)), type };
  }

  #query(query: Query): string {
    return query.map('fieldSelector', (selector) => realFieldSelector(selector, this.#options.arena)).toString();
  }

  get #names() {
    return { arena: this.#options.arena, hidden: this.#options.hidden };
  }

  #isAuthentic(req: IncomingMessage): boolean {
    const presented = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1] ?? '';
    return timingSafeEqual(digest(presented), this.#session) && !this.#closed.signal.aborted;
  }

  #fail(res: ServerResponse, error: Error, clientGone: boolean): void {
    let status = statuses.unavailable();
    if (error instanceof UnreadableBody) status = error.status;
    else if (error instanceof BodyTooLarge) status = statuses.tooLarge(error.limit);
    // An agent that hangs up, or a view that is closed, breaks the request upstream too.
    else if (!clientGone && !this.#closed.signal.aborted) this.#options.onUpstreamFailure?.(error);
    statuses.sendStatus(res, status);
  }

  #report(req: IncomingMessage, status: number, line: RequestLine, dryRun: boolean): void {
    this.#options.onRequest?.(describeRequest(req.method ?? '', line, dryRun, status));
  }
}

async function readPart(answer: UpstreamResponse): Promise<ListPart> {
  return { status: answer.status, document: JSON.parse((await readAll(answer.body)).toString()) };
}

/** kubectl falls back to SPDY when WebSocket fails, and then shows this answer. */
function explainUpgrade(document: Json): Json {
  return document.message === 'Upgrade request required' ? { ...document, message: WEBSOCKET_ONLY } : document;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
