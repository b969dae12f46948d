import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { FakeClock } from '../kube/fake-clock.ts';
import { ScriptedFactory } from './openenv/scripted-session.ts';
import { build, type GatewayServer } from './server.ts';

const SPLITS = [
  { name: 'train', type: 'train' as const, count: 100_000 },
  { name: 'eval', type: 'test' as const, count: 5 },
];

let clock: FakeClock;
let factory: ScriptedFactory;
let server: GatewayServer;

beforeEach(async () => {
  clock = new FakeClock();
  factory = new ScriptedFactory();
  server = await build({ factory, log: pino({ level: 'silent' }), version: '1.2.3', maxSessions: 2, clock, splits: SPLITS });
});
afterEach(() => server.app.close());

const get = (url: string, headers = {}) => server.app.inject({ url, headers });
const post = (url: string, body?: unknown) =>
  server.app.inject({ url, method: 'POST', payload: typeof body === 'string' ? body : JSON.stringify(body) });

describe('information', () => {
  test('health is exactly healthy', async () => {
    expect((await get('/health')).json()).toEqual({ status: 'healthy' });
  });

  test('metadata has the fields of the reference', async () => {
    const metadata = (await get('/metadata')).json();
    expect(Object.keys(metadata)).toEqual(['name', 'description', 'readme_content', 'version', 'author', 'documentation_url']);
    expect(metadata).toMatchObject({ name: 'kube_sre_gym', version: '1.2.3' });
  });

  test('schema has three, not compressed', async () => {
    const response = await get('/schema', { 'accept-encoding': 'identity' });
    expect(Object.keys(response.json())).toEqual(['action', 'observation', 'state']);
    expect(response.headers['content-encoding']).toBeUndefined();
  });

  test('openapi is 1.x and names every route', async () => {
    const { info, paths } = (await get('/openapi.json')).json();
    expect(info.version).toMatch(/^1\./);
    const tasks = ['/list_environments', '/{env}/num_tasks', '/{env}/splits', '/{env}/task', '/{env}/task_range', '/{env}/tasks'];
    expect(Object.keys(paths).sort()).toEqual(['/health', '/mcp', '/metadata', '/reset', '/schema', '/state', '/step', ...tasks].sort());
  });

  test('the pages carry no script, load nothing, and show no more than the seats taken', async () => {
    await post('/reset', { seed: 1 });
    for (const url of ['/web', '/docs']) {
      const { body, headers } = await get(url, { host: 'gym"><script>.example:8000' });
      expect(headers['content-type']).toContain('text/html');
      expect(body).not.toMatch(/<script|src=|<link|@import|url\(/);
      expect(body).not.toContain('something is wrong');
    }
    expect((await get('/web')).body).toContain('1 of 2 sessions in use');
  });

  test('what is not there is not found', async () => {
    expect((await get('/metrics')).statusCode).toBe(404);
    expect((await get('/nothing')).json()).toEqual({ detail: 'Not Found' });
  });
});

describe('control over HTTP', () => {
  test('reset, step and state play one session', async () => {
    expect((await get('/state')).json()).toMatchObject({ episode_id: null, step_count: 0 });
    expect((await post('/reset', { seed: 3, episode_id: 'mine', prompt: 'ignored' })).json()).toMatchObject({ reward: null, done: false });
    const step = (await post('/step', { action: { command: 'ls' }, request_id: 'r', timeout_s: 5 })).json();
    expect(step).toMatchObject({ observation: { command_output: expect.stringContaining('/3> ls') }, metadata: { phase: 'triage' } });
    expect(step.observation).not.toHaveProperty('reward');
    expect((await get('/state')).json()).toMatchObject({ episode_id: 'mine', step_count: 1 });
    expect(server.sessions.active).toBe(1);
  });

  test('a reset needs no body and goes on in the session that there is', async () => {
    expect((await post('/reset')).statusCode).toBe(200);
    expect((await post('/reset')).statusCode).toBe(200);
    expect(server.sessions.active).toBe(1);
    expect(factory.sessions.map((s) => s.closedBecause)).toEqual([undefined]);
  });

  test('it ends after 10 idle minutes', async () => {
    await post('/reset');
    await clock.advance(10 * 60_000);
    expect(server.sessions.active).toBe(0);
    expect((await post('/step', { action: { command: 'ls' } })).statusCode).toBe(409);
  });

  test('bad input is 422 with a list that names the place', async () => {
    await post('/reset');
    const bad: [string, unknown][] = [
      ['/reset', { seed: -1 }],
      ['/reset', { episode_id: 'x'.repeat(256) }],
      ['/reset', '{'],
      ['/reset', '[]'],
      ['/step', {}],
      ['/step', ''],
      ['/step', { action: { comand: 'ls' } }],
      ['/step', { action: { command: 'ls' }, timeout_s: 0 }],
      ['/step', { action: { command: 'ls' }, request_id: 'x'.repeat(256) }],
    ];
    for (const [url, body] of bad) {
      const response = await post(url, body);
      expect([url, body, response.statusCode]).toEqual([url, body, 422]);
      expect(response.json().detail[0]).toMatchObject({
        type: expect.any(String),
        loc: expect.arrayContaining(['body']),
        msg: expect.any(String),
      });
    }
    expect(factory.sessions).toHaveLength(1);
  });

  test('so is what only the session can refuse', async () => {
    const response = await post('/reset', { fault: 'unknown' });
    expect(response.statusCode).toBe(422);
    expect(response.json().detail).toEqual([{ type: 'value_error', loc: [], msg: 'Unknown fault type: unknown' }]);
  });

  test('a body over 1 MiB is refused with a sentence', async () => {
    const response = await post('/step', { action: { command: 'x'.repeat(2 ** 20) } });
    expect(response.statusCode).toBe(413);
    expect(response.json().detail).toContain('too large');
  });

  test('a full gym is 503, a failing session 500, without the text of a bug', async () => {
    server.sessions.open('socket');
    const other = server.sessions.open('socket');
    expect((await post('/reset')).json()).toMatchObject({ code: 'CAPACITY_REACHED', active_sessions: 2, max_sessions: 2 });
    server.sessions.release(other);
    await post('/reset');
    const refused = await post('/step', { action: { command: 'refuse' } });
    expect([refused.statusCode, refused.json().detail]).toEqual([500, 'The arena is gone']);
    const crashed = await post('/step', { action: { command: 'crash' } });
    expect(crashed.statusCode).toBe(500);
    expect(crashed.body).not.toContain('secret');
  });

  test('timeout_s answers early', async () => {
    await post('/reset');
    const pending = post('/step', { action: { command: 'hang' }, timeout_s: 2 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.advance(2_000);
    expect((await pending).json().detail).toContain('within 2 s');
  });

  test('production mode has none of it', async () => {
    const { app } = await build({ factory, log: pino({ level: 'silent' }), version: '1', production: true, splits: SPLITS });
    expect((await app.inject({ url: '/reset', method: 'POST' })).statusCode).toBe(404);
    expect((await app.inject({ url: '/step', method: 'POST' })).statusCode).toBe(404);
    expect((await app.inject('/state')).statusCode).toBe(404);
    expect(Object.keys((await app.inject('/openapi.json')).json().paths)).not.toContain('/reset');
    await app.close();
  });
});

describe('mcp over HTTP', () => {
  test('everything is HTTP 200, a notification 202 without a body', async () => {
    expect((await post('/mcp', {})).json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32600 } });
    expect((await post('/mcp', '{')).statusCode).toBe(200);
    const notified = await post('/mcp', { jsonrpc: '2.0', method: 'notifications/initialized' });
    expect([notified.statusCode, notified.body]).toEqual([202, '']);
  });

  test('GET and DELETE are 405', async () => {
    expect((await get('/mcp')).statusCode).toBe(405);
    expect((await server.app.inject({ url: '/mcp', method: 'DELETE' })).statusCode).toBe(405);
  });
});

test('a script of a web page is refused, whatever it asks for', async () => {
  expect((await get('/state', { origin: 'http://evil.example' })).statusCode).toBe(403);
  expect((await server.app.inject({ url: '/reset', method: 'POST', headers: { origin: 'null' } })).statusCode).toBe(403);
  expect(factory.sessions).toEqual([]);
});

describe('the Task API', () => {
  test('names the environment and its splits, whatever the case of the name', async () => {
    expect((await get('/list_environments')).json()).toEqual(['kube_sre_gym']);
    for (const name of ['kube_sre_gym', 'KUBE_SRE_GYM']) {
      expect((await get(`/${name}/splits`)).json()).toEqual([
        { name: 'train', type: 'train' },
        { name: 'eval', type: 'test' },
      ]);
    }
  });

  test.each([
    [
      'tasks',
      { split: 'eval' },
      { tasks: [0, 1, 2, 3, 4].map((i) => ({ id: `eval-${i}`, split: 'eval', index: i })), env_name: 'kube_sre_gym' },
    ],
    ['num_tasks', { split: 'train' }, { num_tasks: 100_000 }],
    ['task', { split: 'eval', index: 4 }, { task: { id: 'eval-4', split: 'eval', index: 4 } }],
    ['task_range', { split: 'eval', start: 3, stop: 9 }, { tasks: [3, 4].map((i) => ({ id: `eval-${i}`, split: 'eval', index: i })) }],
    ['task_range', { split: 'eval', start: -1, stop: null }, { tasks: [{ id: 'eval-4', split: 'eval', index: 4 }] }],
    ['task_range', { split: 'eval', start: 4, stop: 2 }, { tasks: [] }],
  ])('%s %j', async (call, body, answer) => {
    expect((await post(`/kube_sre_gym/${call}`, body)).json()).toEqual(answer);
  });

  test('a list is a preview where a split is endless', async () => {
    expect((await post('/kube_sre_gym/tasks', { split: 'train' })).json().tasks).toHaveLength(1000);
  });

  test.each([
    ['an unknown environment', 'other', 'num_tasks', { split: 'eval' }, 404, /kube_sre_gym/],
    ['an unknown split', 'kube_sre_gym', 'num_tasks', { split: 'dev' }, 400, /the splits are train, eval/],
    ['an index past the end', 'kube_sre_gym', 'task', { split: 'eval', index: 5 }, 400, /Invalid task index 5/],
    ['a negative index', 'kube_sre_gym', 'task', { split: 'eval', index: -1 }, 400, /Invalid task index/],
    ['no split', 'kube_sre_gym', 'num_tasks', {}, 422, /split/],
    ['a field too many', 'kube_sre_gym', 'task', { split: 'eval', index: 1, seed: 3 }, 422, /seed/],
  ])('refuses %s', async (_name, env, call, body, status, text) => {
    const response = await post(`/${env}/${call}`, body);
    expect({ status: response.statusCode, body: response.body }).toEqual({ status, body: expect.stringMatching(text) });
  });
});
