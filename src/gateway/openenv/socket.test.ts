import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { FakeClock } from '../../kube/fake-clock.ts';
import { build, type GatewayServer } from '../server.ts';
import { ScriptedFactory } from './scripted-session.ts';

type Frame = { type: string; data: Record<string, unknown> };

let clock: FakeClock;
let factory: ScriptedFactory;
let server: GatewayServer;
let port: number;
const clients: Client[] = [];

/** A client that reads frames one after another. */
class Client {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly #frames: Frame[] = [];
  #reader: ((frame: Frame) => void) | undefined;

  constructor(path: string, headers = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    this.socket.on('message', (raw) => {
      const frame = JSON.parse(String(raw)) as Frame;
      if (this.#reader) this.#reader(frame);
      else this.#frames.push(frame);
      this.#reader = undefined;
    });
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    this.socket.on('error', () => {});
    clients.push(this);
  }

  async open(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await new Promise((resolve) => this.socket.once('open', resolve));
    return this;
  }

  read(): Promise<Frame> {
    const frame = this.#frames.shift();
    return frame ? Promise.resolve(frame) : new Promise((resolve) => (this.#reader = resolve));
  }

  /** Frames that came and nobody read. */
  get unread(): number {
    return this.#frames.length;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  ask(message: unknown): Promise<Frame> {
    this.send(message);
    return this.read();
  }

  step(command: string): Promise<Frame> {
    return this.ask({ type: 'step', data: { command } });
  }
}

const connect = (path = '/ws') => new Client(path).open();
const until = async (condition: () => boolean) => {
  for (let i = 0; i < 1000 && !condition(); i++) await new Promise(setImmediate);
  expect(condition()).toBe(true);
};
const output = (frame: Frame) => (frame.data.observation as { command_output: string }).command_output;

beforeEach(async () => {
  clock = new FakeClock();
  factory = new ScriptedFactory();
  server = await build({ factory, log: pino({ level: 'silent' }), version: '1', maxSessions: 2, clock, splits: [] });
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  port = (server.app.server.address() as AddressInfo).port;
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  await server.app.close();
});

describe('an episode', () => {
  test('reset, step, state, close', async () => {
    const client = await connect();
    expect(await client.ask({ type: 'state' })).toMatchObject({ type: 'state', data: { episode_id: null, step_count: 0 } });
    expect(await client.ask({ type: 'reset', data: { seed: 3, episode_id: 'mine' } })).toMatchObject({
      type: 'observation',
      data: { reward: null, done: false },
    });
    expect(await client.step('ls')).toMatchObject({ type: 'observation', data: { reward: -2, metadata: { phase: 'triage' } } });
    expect(await client.ask({ type: 'state' })).toMatchObject({ data: { episode_id: 'mine', step_count: 1 } });
    client.send({ type: 'close' });
    expect(await client.closed).toBe(1000);
    expect(client.unread).toBe(0);
  });

  test('a failure of the infrastructure has no reward and says so', async () => {
    const client = await connect();
    await client.ask({ type: 'reset' });
    const observation = expect.objectContaining({ scorable: false, message: 'The node went away' });
    expect(await client.step('infra')).toMatchObject({ data: { reward: null, done: true, observation } });
  });

  test('two sockets are two sessions', async () => {
    const [a, b] = await Promise.all([connect(), connect()]);
    await Promise.all([a.ask({ type: 'reset', data: { seed: 1 } }), b.ask({ type: 'reset', data: { seed: 2 } })]);
    expect(output(await a.step('ls'))).toContain('/1> ls');
    expect(output(await b.step('ls'))).toContain('/2> ls');
  });
});

describe('a wrong message is answered and the socket goes on', () => {
  const wrong: Record<string, { message: unknown; code: string }> = {
    'no JSON': { message: '{', code: 'INVALID_JSON' },
    'no type': { message: {}, code: 'UNKNOWN_TYPE' },
    'an unknown key': { message: { type: 'state', id: 1 }, code: 'VALIDATION_ERROR' },
    'an action without command': { message: { type: 'step', data: {} }, code: 'VALIDATION_ERROR' },
    'an action with more than it may have': { message: { type: 'step', data: { command: 'ls', tool: 1 } }, code: 'VALIDATION_ERROR' },
    'a negative seed': { message: { type: 'reset', data: { seed: -1 } }, code: 'VALIDATION_ERROR' },
    'a fault that the session does not know': { message: { type: 'reset', data: { fault: 'unknown' } }, code: 'VALIDATION_ERROR' },
    'a step without a reset': { message: { type: 'step', data: { command: 'ls' } }, code: 'EXECUTION_ERROR' },
    'a frame over 1 MiB': { message: { type: 'step', data: { command: 'x'.repeat(2 ** 20) } }, code: 'VALIDATION_ERROR' },
  };
  test.each(Object.entries(wrong))('%s', async (_name, { message, code }) => {
    const client = await connect();
    const frame = await client.ask(message);
    expect(frame).toMatchObject({ type: 'error', data: { code, message: expect.any(String) } });
    if (code === 'VALIDATION_ERROR') expect(frame.data.errors).toBeInstanceOf(Array);
    expect(await client.ask({ type: 'state' })).toMatchObject({ type: 'state', data: { step_count: 0 } });
  });

  test('an answer that would break the contract or a frame is an error without its content', async () => {
    const client = await connect();
    await client.ask({ type: 'reset' });
    for (const command of ['undeclared', 'crash', 'bytes 1100000']) {
      const frame = await client.step(command);
      expect(frame).toMatchObject({ type: 'error', data: { code: 'EXECUTION_ERROR' } });
      expect(JSON.stringify(frame)).not.toMatch(/secret|oom_kill|xxxx/);
    }
    expect(output(await client.step('ls'))).toContain('ls');
  });
});

describe('one frame, then the end', () => {
  test('JSON that is no object', async () => {
    const client = await connect();
    expect(await client.ask('[]')).toMatchObject({ type: 'error', data: { code: 'SESSION_ERROR' } });
    expect(await client.closed).toBe(1000);
  });

  test('a socket beyond capacity is accepted and told, whether it speaks or only listens', async () => {
    await Promise.all([connect(), connect()]);
    const data = { code: 'CAPACITY_REACHED', active_sessions: 2, max_sessions: 2 };
    const speaking = await connect();
    expect(await speaking.ask({ type: 'reset' })).toMatchObject({ type: 'error', data });
    expect(await speaking.closed).toBe(1000);
    const silent = await connect();
    expect(await silent.read()).toMatchObject({ type: 'error', data });
    await clock.advance(1000);
    expect(await silent.closed).toBe(1000);
  });

  test('a session that cannot be made', async () => {
    factory.beforeCreate = async () => {
      throw new Error('secret');
    };
    const client = await connect();
    expect(await client.ask({ type: 'reset' })).toMatchObject({ data: { code: 'FACTORY_ERROR', factory_name: 'KubeSreGym' } });
    expect(await client.closed).toBe(1000);
    expect(client.unread).toBe(0);
    expect(server.sessions.active).toBe(0);
  });

  test('a client that never waits for answers', async () => {
    const client = await connect();
    await client.ask({ type: 'reset' });
    for (let i = 0; i < 30; i++) client.send({ type: 'step', data: { command: 'hang' } });
    expect(await client.read()).toMatchObject({ data: { code: 'SESSION_ERROR' } });
    await client.closed;
    await until(() => server.sessions.active === 0);
  });

  test('a frame that nobody should have to hold in memory', async () => {
    const client = await connect();
    client.send('x'.repeat(9 * 2 ** 20));
    expect(await client.closed).toBe(1009);
    await until(() => server.sessions.active === 0);
  });
});

describe('time', () => {
  test('messages of a socket are answered in order, one at a time', async () => {
    const client = await connect();
    await client.ask({ type: 'reset' });
    client.send({ type: 'step', data: { command: 'sleep 30' } });
    client.send({ type: 'state' });
    client.send({ type: 'step', data: { command: 'ls' } });
    expect(output(await client.read())).toContain('sleep');
    expect(await client.read()).toMatchObject({ type: 'state', data: { step_count: 1 } });
    expect(output(await client.read())).toContain('ls');
  });

  test('pings are answered while a step runs', async () => {
    const client = await connect();
    await client.ask({ type: 'reset' });
    client.send({ type: 'step', data: { command: 'hang' } });
    const pong = new Promise((resolve) => client.socket.once('pong', resolve));
    client.socket.ping();
    await pong;
  });

  test('a step that hangs is answered after 50 s, and so is the next', async () => {
    const client = await connect();
    await client.ask({ type: 'reset' });
    for (const message of ['No answer within 50 s', 'still busy']) {
      client.send({ type: 'step', data: { command: 'hang' } });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await clock.advance(49_999);
      expect(client.unread).toBe(0);
      await clock.advance(1);
      expect(await client.read()).toMatchObject({ data: { code: 'EXECUTION_ERROR', message: expect.stringContaining(message) } });
    }
  });

  test('a dropped socket frees its slot while its step hangs', async () => {
    const [client] = await Promise.all([connect(), connect()]);
    await client.ask({ type: 'reset' });
    client.send({ type: 'step', data: { command: 'hang' } });
    client.socket.terminate();
    await until(() => server.sessions.active === 1);
    const next = await connect();
    expect(await next.ask({ type: 'reset' })).toMatchObject({ type: 'observation' });
  });

  test('a connected session is never ended for being idle', async () => {
    const client = await connect();
    await client.ask({ type: 'reset', data: { episode_id: 'mine' } });
    await clock.advance(7 * 24 * 3_600_000);
    expect(await client.ask({ type: 'state' })).toMatchObject({ data: { episode_id: 'mine' } });
  });
});

describe('sessions made over MCP', () => {
  const create = async () => {
    const payload = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'openenv/session/create' });
    return (await server.app.inject({ url: '/mcp', method: 'POST', payload })).json().result.session_id as string;
  };

  test('a socket attaches, leaves, and another finds the same episode', async () => {
    const id = await create();
    const first = await connect(`/ws?session_id=${id}`);
    await first.ask({ type: 'reset', data: { episode_id: 'mine' } });
    expect(server.sessions.active).toBe(1);
    const second = await connect(`/ws?session_id=${id}`);
    expect(await second.ask({ type: 'state' })).toMatchObject({ data: { code: 'SESSION_ERROR' } });
    await second.closed;
    first.send({ type: 'close' });
    await first.closed;
    const third = await connect(`/ws?session_id=${id}`);
    expect(await third.ask({ type: 'state' })).toMatchObject({ data: { episode_id: 'mine' } });
  });

  test('an unknown one is refused', async () => {
    const client = await connect('/ws?session_id=nobody');
    expect(await client.ask({ type: 'reset' })).toMatchObject({ data: { code: 'SESSION_ERROR' } });
    await client.closed;
  });

  test('JSON-RPC also goes over the socket, on its own session', async () => {
    const client = await connect();
    await client.ask({ type: 'reset', data: { seed: 5 } });
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'run', arguments: { command: 'ls' } } };
    const { type, data } = await client.ask({ type: 'mcp', data: call });
    expect([type, data.id]).toEqual(['mcp', 1]);
    expect(JSON.stringify(data.result)).toContain('/5> ls');
    expect(await client.ask({ type: 'mcp', data: {} })).toMatchObject({ type: 'mcp', data: { error: { code: -32600 } } });
  });
});

test('a gateway that stops closes its sockets and its sessions', async () => {
  const client = await connect();
  await client.ask({ type: 'reset' });
  client.send({ type: 'step', data: { command: 'hang' } });
  const stopped = server.app.close();
  expect(await client.closed).toBe(1001);
  await stopped;
  expect(factory.sessions[0]?.closedBecause).toBe('the gateway stops');
});

test('a socket from a script of a web page is refused before the handshake', async () => {
  const refused = new Client('/ws', { origin: 'http://evil.example' });
  const status = await new Promise((resolve) =>
    refused.socket.once('unexpected-response', (_request, response) => resolve(response.statusCode)),
  );
  expect(status).toBe(403);
  expect(server.sessions.active).toBe(0);
});
