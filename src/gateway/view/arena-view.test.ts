import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ArenaView, createArenaView } from './arena-view.ts';
import { createUpstream, type Upstream } from './upstream.ts';
import type { ViewRequest } from './view-request.ts';

const id = 'k3x9q2m7ab';
const discovery = {
  '/api': [{ versions: [{ version: 'v1', resources: [{ resource: 'pods', scope: 'Namespaced' }] }] }],
  '/apis': [],
} as Record<string, object[]>;

interface Seen {
  method?: string;
  url?: string;
  headers: IncomingMessage['headers'];
  body: string;
}
interface Answer {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
}

let api: Server;
let front: Server;
let upstream: Upstream;
let view: ArenaView;
let seen: Seen[];
let requests: ViewRequest[];
let failures: Error[];
let respond: (seen: Seen) => { status?: number; type?: string; body: string; headers?: Record<string, string> } | 'hang up';
let token: () => Promise<string>;

const listen = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

beforeEach(async () => {
  seen = [];
  requests = [];
  failures = [];
  respond = () => ({ body: '{}' });
  token = async () => 'oncall-token';
  api = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    if (discovery[req.url ?? '']) return res.writeHead(200).end(JSON.stringify({ items: discovery[req.url ?? ''] }));
    const one = { method: req.method, url: req.url, headers: req.headers, body };
    seen.push(one);
    const answer = respond(one);
    if (answer === 'hang up') return req.socket.destroy();
    res.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/json', ...answer.headers }).end(answer.body);
  });
  upstream = createUpstream({ server: await listen(api), ca: '' });
  view = createArenaView({
    upstream,
    arena: { id, plain: ['payments', 'auth'] },
    sessionToken: 'secret',
    token: () => token(),
    clusterToken: async () => 'cluster-token',
    hidden: { groups: ['kubesregym.dev'], managers: /gym/ },
    onRequest: (one) => requests.push(one),
    onUpstreamFailure: (error) => failures.push(error),
  });
  front = createServer((req, res) => void view.handle(req, res));
  front.on('upgrade', (req, socket, head) => void view.handleUpgrade(req, socket, head));
  await listen(front);
});

afterEach(async () => {
  view.close();
  await upstream.close();
  for (const server of [front, api]) {
    server.closeAllConnections();
    server.close();
  }
});

function send(method: string, path: string, options: { body?: string | Buffer; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = front.address() as AddressInfo;
    const length = options.body === undefined ? {} : { 'content-length': String(options.body.length) };
    const headers = { authorization: 'Bearer secret', ...length, ...options.headers };
    const req = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, async (res) => {
      let body = '';
      for await (const chunk of res) body += chunk;
      resolve({ status: res.statusCode ?? 0, headers: res.headers as Answer['headers'], body });
    });
    req.on('error', reject);
    req.end(options.body);
  });
}

describe('who may ask', () => {
  test.each([undefined, 'Bearer', 'Bearer wrong', 'Basic secret', 'Bearer secret2'])('%p is not authorized', async (authorization) => {
    const answer = await send('GET', '/version', { headers: { authorization: authorization ?? '' } });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized' });
    expect(seen).toEqual([]);
  });
  test('a closed view knows nobody', async () => {
    view.close();
    expect((await send('GET', '/version')).status).toBe(401);
  });
});

describe('what goes upstream', () => {
  test("real path and selector, the engineer's token, JSON alone, and none of the client's other headers", async () => {
    await send('GET', '/api/v1/namespaces/payments/pods?fieldSelector=metadata.namespace%3Dpayments', {
      headers: {
        accept: 'application/vnd.kubernetes.protobuf,application/json;as=Table;v=v1;g=meta.k8s.io,application/yaml',
        'accept-encoding': 'gzip',
        'impersonate-user': 'system:admin',
        'x-remote-user': 'system:admin',
        connection: 'authorization, x-secret',
        'x-secret': '1',
        'user-agent': 'kubectl/v1.35.4',
      },
    });
    expect(seen[0].url).toBe(`/api/v1/namespaces/payments-${id}/pods?fieldSelector=metadata.namespace%3Dpayments-${id}`);
    const { host: _host, connection: _connection, ...headers } = seen[0].headers;
    expect(headers).toEqual({
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
      'user-agent': 'kubectl/v1.35.4',
      authorization: 'Bearer oncall-token',
    });
  });
  test('bodies in real names', async () => {
    respond = ({ body }) => ({ status: 201, body });
    const answer = await send('POST', '/api/v1/namespaces/payments/pods', { body: '{"metadata":{"namespace":"payments"}}' });
    expect(seen[0].body).toBe(`{"metadata":{"namespace":"payments-${id}"}}`);
    expect(answer.body).toBe('{"metadata":{"namespace":"payments"}}\n');
  });
  test('nothing that is too large, encoded or unreadable', async () => {
    const path = '/api/v1/namespaces/payments/pods';
    expect((await send('POST', path, { body: Buffer.alloc(3 * 1024 * 1024 + 1, 32) })).status).toBe(413);
    expect((await send('POST', path, { body: '{}', headers: { 'content-encoding': 'gzip' } })).status).toBe(415);
    expect((await send('POST', path, { body: '{' })).status).toBe(400);
    expect((await send('PUT', path, { body: 'x', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    expect(seen).toEqual([]);
    expect(failures).toEqual([]);
  });
});

describe('what comes back', () => {
  test('text, warnings and watch frames are plain, and other headers stay behind', async () => {
    respond = () => ({
      type: 'text/plain',
      body: `host db.payments-${id}.svc`,
      headers: { warning: `299 - "payments-${id}"`, 'x-secret': '1' },
    });
    const log = await send('GET', '/api/v1/namespaces/payments/pods/p/log');
    expect(log).toMatchObject({ body: 'host db.payments.svc', headers: { warning: '299 - "payments"' } });
    expect(log.headers['x-secret']).toBeUndefined();
    respond = () => ({ body: `{"type":"ADDED","object":{"metadata":{"namespace":"payments-${id}"}}}\n{"type":"BOOKMARK","object":{}}\n` });
    expect((await send('GET', '/api/v1/namespaces/payments/pods?watch')).body).toBe(
      '{"type":"ADDED","object":{"metadata":{"namespace":"payments"}}}\n{"type":"BOOKMARK","object":{}}\n',
    );
  });
  test("the API server's own refusals, in plain names", async () => {
    respond = () => ({ status: 409, body: JSON.stringify({ kind: 'Status', message: `object in payments-${id} was modified` }) });
    expect(await send('PUT', '/api/v1/namespaces/payments/pods/p', { body: '{}' })).toMatchObject({
      status: 409,
      body: '{"kind":"Status","message":"object in payments was modified"}\n',
    });
  });
  test('a failure of the API server is a 503 and reported, for a lost connection, a lost token and an answer that is no JSON', async () => {
    respond = () => 'hang up';
    expect(await send('POST', '/api/v1/namespaces/payments/pods', { body: '{}' })).toMatchObject({ status: 503 });
    respond = () => ({ status: 401, body: '{}' });
    expect(JSON.parse((await send('GET', '/api/v1/namespaces/payments/pods')).body)).toMatchObject({ reason: 'ServiceUnavailable' });
    respond = () => ({ body: 'oops' });
    expect((await send('GET', '/api/v1/namespaces/payments/pods')).status).toBe(503);
    token = async () => {
      throw new Error('arena is gone');
    };
    expect((await send('GET', '/version')).status).toBe(503);
    expect(failures).toHaveLength(4);
  });
  test('an upgrade that is no exec is answered like a plain request', async () => {
    const answer = await send('POST', '/api/v1/namespaces/payments/pods/p/portforward', {
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' },
    });
    expect(answer).toMatchObject({ status: 403, body: expect.stringContaining('port-forward is not available here') });
  });
  test('the index of OpenAPI v3 loses the hidden group though it calls itself text', async () => {
    respond = () => ({ type: 'text/plain; charset=utf-8', body: '{"paths":{"apis/apps/v1":{},"apis/kubesregym.dev/v1alpha1":{}}}' });
    expect((await send('GET', '/openapi/v3')).body).toBe('{"paths":{"apis/apps/v1":{}}}\n');
  });
});

describe('what is counted', () => {
  const kinds: [string, string, string | undefined, boolean][] = [
    ['GET', '/api/v1/namespaces/payments/pods', undefined, false],
    ['PATCH', '/api/v1/namespaces/payments/pods/p', '{}', true],
    ['PATCH', '/api/v1/namespaces/payments/pods/p?dryRun=All', '{}', false],
    ['DELETE', '/api/v1/namespaces/payments/pods/p', undefined, true],
    ['DELETE', '/api/v1/namespaces/payments/pods/p', '{"dryRun":["All"]}', false],
    ['POST', '/api/v1/namespaces/payments/pods/p/eviction', '{}', true],
    ['POST', '/api/v1/namespaces/payments/pods/p/eviction', '{"deleteOptions":{"dryRun":["All"]}}', false],
    ['POST', '/api/v1/namespaces/payments/pods/p/exec', undefined, false],
    ['POST', '/apis/authorization.k8s.io/v1/namespaces/payments/localsubjectaccessreviews', '{}', false],
    ['POST', '/api/v1/namespaces/payments/serviceaccounts/x/token', '{}', false],
  ];
  test.each(kinds)('%s %s with %p: mutating %p', async (method, path, body, mutating) => {
    await send(method, path, { body });
    expect(requests).toEqual([expect.objectContaining({ method, mutating })]);
  });
});
