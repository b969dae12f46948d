import type { ServerResponse } from 'node:http';

/** What Kubernetes answers when it does not answer with an object. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: object;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details?: { name?: string; group?: string; kind?: string };
  readonly code: number;
}

/** What a request was for, in the words of RBAC. */
export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** A Status of that HTTP code; `details` is left out when undefined. */
export function failure(code: number, reason: string, message: string, details?: Status['details']): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...(details && { details }), code };
}

export const unauthorized = (): Status => failure(401, 'Unauthorized', 'Unauthorized');
export const badRequest = (message: string): Status => failure(400, 'BadRequest', message);
export const resourceNotFound = (): Status => failure(404, 'NotFound', 'the server could not find the requested resource', {});
export const namespaceNotFound = (name: string): Status =>
  failure(404, 'NotFound', `namespaces ${quote(name)} not found`, { name, kind: 'namespaces' });
export const methodNotAllowed = (): Status =>
  failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
export const tooLarge = (limit: number): Status => failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);
export const unsupportedMediaType = (message: string): Status => failure(415, 'UnsupportedMediaType', message);
export const unavailable = (): Status => failure(503, 'ServiceUnavailable', 'the server is currently unable to handle the request');

/** RBAC's refusal of a request on a resource. */
export function forbidden(user: string, attributes: Attributes): Status {
  const { verb, group, resource, subresource, namespace } = attributes;
  const scope = namespace ? `in the namespace ${quote(namespace)}` : 'at the cluster scope';
  const full = subresource ? `${resource}/${subresource}` : resource;
  const reason = `User ${quote(user)} cannot ${verb} resource ${quote(full)} in API group ${quote(group)} ${scope}`;
  return refused(attributes, reason);
}

/** A refusal in the shape of RBAC's with a reason of its own. */
export function refused({ group, resource, name }: Attributes, reason: string): Status {
  const qualified = group ? `${resource}.${group}` : resource;
  const message = `${qualified}${name ? ` ${quote(name)}` : ''} is forbidden: ${reason}`;
  return failure(403, 'Forbidden', message, { ...(name && { name }), ...(group && { group }), kind: resource });
}

/** RBAC's refusal of a path that is no resource. */
export function forbiddenPath(user: string, verb: string, path: string): Status {
  return failure(403, 'Forbidden', `forbidden: User ${quote(user)} cannot ${verb} path ${quote(path)}`, {});
}

/** Answers with a Status; does nothing but end the connection when an answer has begun. */
export function sendStatus(res: ServerResponse, status: Status): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  sendJson(res, status.code, status);
}

/** Answers with a JSON document, as the API server frames it. */
export function sendJson(res: ServerResponse, code: number, value: unknown, headers: Record<string, string> = {}): void {
  const body = Buffer.from(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
  res.writeHead(code, {
    'content-type': 'application/json',
    'cache-control': 'no-cache, private',
    ...headers,
    'content-length': body.length,
  });
  res.end(body);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
