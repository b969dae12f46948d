import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApi, WIDGETS } from '../../test/support/fake-api.ts';
import type { KubeClient } from './client.ts';
import { ApiError, isNamespaceTerminating, TransportError } from './errors.ts';
import { createMetrics } from './metrics.ts';
import { Transport } from './transport.ts';
import { WriteCounter } from './writes.ts';

let api: FakeApi;
let client: KubeClient;
const writes = () => new WriteCounter();

beforeEach(async () => {
  api = new FakeApi();
  await api.start();
  client = api.client();
});
afterEach(async () => {
  await client.close();
  await api.stop();
});

/** Answers each request with what it was sent. */
function echo(): void {
  api.intercept(({ method, url, body }, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ method, url: url.pathname + url.search, body: body ? JSON.parse(body) : undefined }));
    return true;
  });
}
/** Resets the connections of the first `times` requests. */
function resetFirst(times: number): void {
  let left = times;
  api.intercept((_request, response) => {
    if (left-- <= 0) return false;
    response.socket?.resetAndDestroy();
    return true;
  });
}

describe('KubeClient', () => {
  test('keeps its sockets', async () => {
    for (let i = 0; i < 20; i++) await client.list(WIDGETS);
    // A second one may open while the first still reads the end of an answer.
    expect(api.connections).toBeLessThanOrEqual(3);
  });

  test('a read is tried again after a reset', async () => {
    resetFirst(2);
    await client.list(WIDGETS);
    expect(api.requests).toHaveLength(3);
  });

  test('a write is never sent twice after a reset, and the error names verb and object', async () => {
    resetFirst(1);
    const patch = client.mergePatch(WIDGETS, { namespace: 'a', name: 'x' }, { value: '1' });
    await expect(patch).rejects.toThrow(TransportError);
    await expect(patch).rejects.toThrow('patch Widget a/x: no answer from the API server');
    expect(api.requests).toHaveLength(1);
  });

  test('a write is sent again after 429, when the server says it did nothing', async () => {
    api.failNext(1, 429, { 'retry-after': '0.01' });
    echo();
    await client.create(WIDGETS, { metadata: { namespace: 'a', name: 'x' } });
    expect(api.requests).toHaveLength(2);
  });

  test('a refusal carries code, reason and the server’s words', async () => {
    api.failNext(1, 403);
    const error = await client.get(WIDGETS, { namespace: 'a', name: 'x' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 403, reason: 'Test', message: 'get Widget a/x: as told (403 Test)' });
  });

  test('an answer that is no Status becomes the message', async () => {
    api.intercept((_request, response) => {
      response.writeHead(502);
      response.end('<html>bad gateway');
      return true;
    });
    await expect(client.list(WIDGETS)).rejects.toThrow('list Widget: <html>bad gateway (502)');
  });

  test('a request that takes too long ends with its time limit', async () => {
    api.intercept(() => true);
    await expect(client.get(WIDGETS, { namespace: 'a', name: 'x' }, { timeoutMs: 60 })).rejects.toThrow('no answer from the API server');
    expect(api.requests).toHaveLength(1);
  });

  test('an aborted request rejects with the reason', async () => {
    api.intercept(() => true);
    const abort = new AbortController();
    const request = client.get(WIDGETS, { namespace: 'a', name: 'x' }, { signal: abort.signal });
    abort.abort(new Error('not needed any more'));
    await expect(request).rejects.toThrow('not needed any more');
  });

  test('find returns undefined for what does not exist, and delete says that it was gone', async () => {
    api.failNext(2, 404);
    await expect(client.find(WIDGETS, { namespace: 'a', name: 'x' })).resolves.toBeUndefined();
    await expect(client.delete(WIDGETS, { namespace: 'a', name: 'x' })).resolves.toBe(false);
  });

  test('apply forces, names its manager and leaves out what the server sets', async () => {
    echo();
    const sent = await client.apply(
      WIDGETS,
      { metadata: { namespace: 'a', name: 'x', uid: 'u', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' }, value: '1' },
      { fieldManager: 'someone' },
    );
    expect(sent).toMatchObject({
      method: 'PATCH',
      url: '/apis/fake.dev/v1/namespaces/a/widgets/x?force=true&fieldManager=someone',
      body: { apiVersion: 'fake.dev/v1', kind: 'Widget', metadata: { namespace: 'a', name: 'x' }, value: '1' },
    });
    expect((sent as unknown as { body: { metadata: object } }).body.metadata).toEqual({ namespace: 'a', name: 'x' });
  });

  test('delete sends its preconditions', async () => {
    let seen: unknown;
    api.intercept(({ body }, response) => {
      seen = JSON.parse(body);
      response.end('{}');
      return true;
    });
    await client.delete(WIDGETS, { namespace: 'a', name: 'x' }, { uid: 'u', gracePeriodSeconds: 0 });
    expect(seen).toMatchObject({ preconditions: { uid: 'u' }, gracePeriodSeconds: 0, propagationPolicy: 'Background' });
  });

  test('only writes to the API are numbered', async () => {
    const counter = writes();
    client = api.client(counter);
    await client.list(WIDGETS);
    echo();
    await client.serviceProxy({ namespace: 'a', service: 'web', port: 80, method: 'POST', path: 'login', body: '{}' });
    await client.create(WIDGETS, { metadata: { namespace: 'a', name: 'x' } }, { numbered: false });
    expect(counter.count).toBe(0);
    await client.create(WIDGETS, { metadata: { namespace: 'a', name: 'x' } });
    await client.delete(WIDGETS, { namespace: 'a', name: 'x' });
    expect(counter.count).toBe(2);
    expect(api.requests[1]).toBe('POST /api/v1/namespaces/a/services/web:80/proxy/login');
  });

  test('a service sees a customer, not the gym, and one content type', async () => {
    let seen: IncomingHttpHeaders = {};
    api.intercept(({ headers }, response) => {
      seen = headers;
      response.end();
      return true;
    });
    await client.serviceProxy({
      namespace: 'a',
      service: 'web',
      port: 80,
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: 'x',
    });
    expect(seen['content-type']).toBe('text/plain');
    expect(JSON.stringify(seen)).not.toMatch(/gym/i);
  });

  test('a service’s error status is an answer, not an exception', async () => {
    api.failNext(1, 503);
    await expect(client.serviceProxy({ namespace: 'a', service: 'web', port: 'http' })).resolves.toMatchObject({ status: 503 });
  });
});

describe('Transport', () => {
  test('counts requests by code, method and host, and those without an answer', async () => {
    const metrics = createMetrics();
    const transport = new Transport(client.config, { metrics, writes: writes() });
    await transport.send({ method: 'GET', path: '/apis/fake.dev/v1/widgets' });
    api.intercept((_request, response) => {
      response.socket?.destroy();
      return true;
    });
    await expect(transport.send({ method: 'POST', path: '/x', body: '{}' })).rejects.toThrow(TransportError);
    const text = await metrics.registry.metrics();
    expect(text).toMatch(/rest_client_requests_total\{code="200",method="GET",host="127.0.0.1:\d+"\} 1/);
    expect(text).toMatch(/rest_client_requests_total\{code="<error>",method="POST",host="127.0.0.1:\d+"\} 1/);
  });
});

test('isNamespaceTerminating looks at the cause, not at any 403', () => {
  const terminating = { details: { causes: [{ reason: 'NamespaceTerminating' }] } };
  expect(isNamespaceTerminating(new ApiError('create', 403, terminating))).toBe(true);
  expect(isNamespaceTerminating(new ApiError('create', 403, {}))).toBe(false);
  expect(isNamespaceTerminating(new Error('403'))).toBe(false);
});
