import { FIELD_MANAGER } from '../api/group.ts';
import type { KubeConfig } from './config.ts';
import { apiVersionOf, type ObjectRef, type Resource, resourcePath } from './resource.ts';
import { type HttpRequest, type HttpResponse, type Method, type Query, Transport, type TransportOptions, toApiError } from './transport.ts';
import type { KubeObject } from './types.ts';

export interface CallOptions {
  signal?: AbortSignal;
  /** Milliseconds until the whole answer must be there; 30 s by default. */
  timeoutMs?: number;
}

export interface WriteOptions extends CallOptions {
  /** Who owns the fields in managedFields; FIELD_MANAGER by default. Writes into arenas pass a neutral one. */
  fieldManager?: string;
  /** Validates and answers, but stores nothing. */
  dryRun?: boolean;
  /** False keeps the write out of the process's numbering (see writes.ts). */
  numbered?: boolean;
}

export interface PatchOptions extends WriteOptions {
  subresource?: string;
}

export interface ApplyOptions extends PatchOptions {
  /** Takes fields from other managers; true by default. */
  force?: boolean;
}

export interface ListOptions extends CallOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface DeleteOptions extends CallOptions {
  /** Preconditions: nothing is deleted when the object is another by now. */
  uid?: string;
  resourceVersion?: string;
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  /** 0 forces a pod out without waiting for its kubelet. */
  gracePeriodSeconds?: number;
  numbered?: boolean;
}

export interface ObjectList<T> {
  items: T[];
  resourceVersion: string;
}

export interface ServiceRequest extends CallOptions {
  namespace: string;
  service: string;
  /** Number or name of the Service's port. */
  port: number | string;
  method?: Method;
  path?: string;
  query?: Query;
  headers?: Record<string, string>;
  body?: string;
}

export interface LogOptions extends CallOptions {
  container?: string;
  tailLines?: number;
  sinceSeconds?: number;
  limitBytes?: number;
  previous?: boolean;
}

/** A patch body: a merge or strategic document, or a list of JSON patch operations. */
export type Patch = Record<string, unknown> | readonly JsonPatchOperation[];
export interface JsonPatchOperation {
  op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  path: string;
  from?: string;
  value?: unknown;
}

const PAGE = 500;
/** Stands in the app's access logs, which agents read: nothing there may name the gym. */
const CUSTOMER_USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/**
 * Typed access to the API server with plain objects. Answers from status 400 on throw ApiError, no answer throws TransportError.
 * Objects of lists carry apiVersion and kind like any other.
 */
export class KubeClient {
  readonly config: KubeConfig;
  readonly transport: Transport;

  constructor(config: KubeConfig, options: TransportOptions = {}) {
    this.config = config;
    this.transport = new Transport(config, options);
  }

  get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options: CallOptions = {}): Promise<T> {
    return this.#json<T>('get', resource, ref, { method: 'GET', path: resourcePath(resource, ref) }, options);
  }

  /** As get, but undefined for an object that does not exist. */
  async find<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options: CallOptions = {}): Promise<T | undefined> {
    const request = this.#request('get', resource, ref, { method: 'GET', path: resourcePath(resource, ref) }, options);
    const response = await this.transport.send(request);
    if (response.status === 404) return undefined;
    if (response.status >= 400) throw toApiError(request, response);
    return parse<T>(response);
  }

  /** All objects that match, over as many pages as it takes. */
  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const items: T[] = [];
    let continuation: string | undefined;
    let resourceVersion = '';
    do {
      const page = await this.listPage(resource, options, continuation, PAGE);
      items.push(...page.items);
      continuation = page.continuation;
      resourceVersion = page.resourceVersion;
    } while (continuation);
    return { items, resourceVersion };
  }

  /** One page of a list. A continuation that is too old throws ApiError 410. `limit` 0 asks for everything at once. */
  async listPage<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions,
    continuation: string | undefined,
    limit: number,
  ): Promise<ObjectList<T> & { continuation: string | undefined }> {
    const { namespace, labelSelector, fieldSelector, ...call } = options;
    const at = namespace ? { namespace } : {};
    const query = { labelSelector, fieldSelector, limit: limit || undefined, continue: continuation };
    const request = this.#request('list', resource, at, { method: 'GET', path: resourcePath(resource, at), query }, call);
    const list = parse<{ metadata: { resourceVersion: string; continue?: string }; items: T[] | null }>(
      await this.transport.sendOk(request),
    );
    const items = (list.items ?? []).map((item) => ({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...item }));
    return { items, resourceVersion: list.metadata.resourceVersion, continuation: list.metadata.continue || undefined };
  }

  /** Creates an object; throws ApiError with reason AlreadyExists when its name is taken. */
  create<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata;
    const path = resourcePath(resource, namespace ? { namespace } : {});
    return this.#write<T>('create', resource, { name, ...(namespace ? { namespace } : {}) }, { method: 'POST', path }, object, options);
  }

  /** Replaces an object; with its resourceVersion in place a concurrent change is a conflict. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, options: PatchOptions = {}): Promise<T> {
    const path = resourcePath(resource, object.metadata, options.subresource);
    return this.#write<T>('replace', resource, object.metadata, { method: 'PUT', path }, object, options);
  }

  /** Server-side apply: creates the object or makes the given fields ours. Metadata that the server sets is left out. */
  apply<T extends KubeObject>(
    resource: Resource<T>,
    object: Partial<T> & { metadata: T['metadata'] },
    options: ApplyOptions = {},
  ): Promise<T> {
    const { uid: _uid, creationTimestamp: _created, generation: _generation, ...metadata } = object.metadata;
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object, metadata };
    const request = {
      method: 'PATCH' as const,
      path: resourcePath(resource, object.metadata, options.subresource),
      contentType: 'application/apply-patch+yaml',
      query: { force: options.force ?? true },
    };
    return this.#write<T>('apply', resource, object.metadata, request, body, options);
  }

  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Record<string, unknown>,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#patch<T>('application/merge-patch+json', resource, ref, patch, options);
  }

  jsonPatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: readonly JsonPatchOperation[],
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#patch<T>('application/json-patch+json', resource, ref, patch, options);
  }

  /** Strategic merge patch: built-in kinds only. */
  strategicPatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Record<string, unknown>,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#patch<T>('application/strategic-merge-patch+json', resource, ref, patch, options);
  }

  /** Merge patch of the status subresource; `resourceVersion` makes a concurrent change a conflict. */
  patchStatus<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef & { resourceVersion?: string },
    status: Record<string, unknown>,
    options: WriteOptions = {},
  ): Promise<T> {
    const metadata = ref.resourceVersion ? { metadata: { resourceVersion: ref.resourceVersion } } : {};
    return this.mergePatch(resource, ref, { ...metadata, status }, { ...options, subresource: 'status' });
  }

  /** Deletes an object. Returns false when it was gone already; throws a conflict when a precondition does not hold. */
  async delete<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const request = this.#request(
      'delete',
      resource,
      ref,
      { method: 'DELETE', path: resourcePath(resource, ref), ...deleteBody(options) },
      options,
    );
    const response = await this.transport.send(request);
    if (response.status === 404) return false;
    if (response.status >= 400) throw toApiError(request, response);
    return true;
  }

  /** Deletes every object of a namespace that matches. */
  async deleteCollection<T extends KubeObject>(
    resource: Resource<T>,
    scope: { namespace: string; labelSelector?: string; fieldSelector?: string },
    options: DeleteOptions = {},
  ): Promise<void> {
    const { namespace, ...query } = scope;
    const path = resourcePath(resource, { namespace });
    await this.transport.sendOk(
      this.#request('delete all', resource, { namespace }, { method: 'DELETE', path, query, ...deleteBody(options) }, options),
    );
  }

  /**
   * One request to a Service through the API server's proxy: Status 502 to 504 may come from the API server (no endpoints, refused) or the app.
   * Never throws for a status. Throws TransportError when the API server gave no answer in time.
   */
  async serviceProxy(req: ServiceRequest): Promise<{ status: number; headers: HttpResponse['headers']; body: string }> {
    const target = `${encodeURIComponent(req.service)}:${encodeURIComponent(String(req.port))}`;
    const path = (req.path ?? '/').replace(/^\/?/, '/');
    const response = await this.transport.send({
      method: req.method ?? 'GET',
      path: `/api/v1/namespaces/${encodeURIComponent(req.namespace)}/services/${target}/proxy${path}`,
      what: `${req.method ?? 'GET'} ${path} of Service ${req.namespace}/${req.service}`,
      query: req.query,
      headers: { 'user-agent': CUSTOMER_USER_AGENT, ...req.headers },
      body: req.body,
      signal: req.signal,
      timeoutMs: req.timeoutMs,
      numbered: false,
    });
    return { status: response.status, headers: response.headers, body: response.body.toString('utf8') };
  }

  /** Short token of a ServiceAccount (the server allows no less than 600 s). */
  async tokenRequest(
    ref: { namespace: string; serviceAccount: string },
    spec: { expirationSeconds: number; audiences?: readonly string[] },
    options: CallOptions = {},
  ): Promise<{ token: string; expirationTimestamp: string }> {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [], ...spec } };
    const response = await this.transport.sendOk({
      method: 'POST',
      path: `/api/v1/namespaces/${encodeURIComponent(ref.namespace)}/serviceaccounts/${encodeURIComponent(ref.serviceAccount)}/token`,
      what: `request a token of ServiceAccount ${ref.namespace}/${ref.serviceAccount}`,
      body: JSON.stringify(body),
      numbered: false,
      ...call(options),
    });
    return parse<{ status: { token: string; expirationTimestamp: string } }>(response).status;
  }

  /** Log of a container as text. */
  async podLogs(ref: { namespace: string; name: string }, options: LogOptions = {}): Promise<string> {
    const { container, tailLines, sinceSeconds, limitBytes, previous, ...rest } = options;
    const response = await this.transport.sendOk({
      method: 'GET',
      path: `/api/v1/namespaces/${encodeURIComponent(ref.namespace)}/pods/${encodeURIComponent(ref.name)}/log`,
      what: `read the log of Pod ${ref.namespace}/${ref.name}`,
      query: { container, tailLines, sinceSeconds, limitBytes, previous },
      headers: { accept: '*/*' },
      ...call(rest),
    });
    return response.body.toString('utf8');
  }

  /** Any other request (discovery, reviews, /version). Throws ApiError from status 400 on. */
  raw(request: HttpRequest): Promise<HttpResponse> {
    return this.transport.sendOk(request);
  }

  async close(): Promise<void> {
    await this.config.close();
  }

  #patch<T extends KubeObject>(
    contentType: string,
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options: PatchOptions,
  ): Promise<T> {
    const path = resourcePath(resource, ref, options.subresource);
    return this.#write<T>('patch', resource, ref, { method: 'PATCH', path, contentType }, patch, options);
  }

  #write<T>(verb: string, resource: Resource, ref: ObjectRef, request: HttpRequest, body: unknown, options: PatchOptions): Promise<T> {
    const { fieldManager = FIELD_MANAGER, dryRun, numbered } = options;
    const query = { ...request.query, fieldManager, dryRun: dryRun ? 'All' : undefined };
    const name = options.subresource ? `${verb} ${options.subresource} of` : verb;
    return this.#json<T>(name, resource, ref, { ...request, query, body: JSON.stringify(body), numbered }, options);
  }

  async #json<T>(verb: string, resource: Resource, ref: ObjectRef, request: HttpRequest, options: CallOptions): Promise<T> {
    return parse<T>(await this.transport.sendOk(this.#request(verb, resource, ref, request, options)));
  }

  #request(verb: string, resource: Resource, ref: Partial<ObjectRef>, request: HttpRequest, options: CallOptions): HttpRequest {
    const what = [verb, resource.kind, [ref.namespace, ref.name].filter(Boolean).join('/')].filter(Boolean).join(' ');
    return { what, ...request, ...call(options) };
  }
}

const parse = <T>(response: HttpResponse): T => JSON.parse(response.body.toString('utf8')) as T;

function call(options: CallOptions): Pick<HttpRequest, 'signal' | 'timeoutMs'> {
  return { signal: options.signal, timeoutMs: options.timeoutMs };
}

function deleteBody(options: DeleteOptions): Pick<HttpRequest, 'body' | 'numbered'> {
  const { uid, resourceVersion, propagationPolicy = 'Background', gracePeriodSeconds } = options;
  const preconditions = uid || resourceVersion ? { uid, resourceVersion } : undefined;
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy, gracePeriodSeconds, preconditions };
  return { body: JSON.stringify(body), numbered: options.numbered };
}
