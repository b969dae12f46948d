import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FakeClock } from '../../kube/fake-clock.ts';
import { Mcp, type RpcResponse } from './mcp.ts';
import { ScriptedFactory } from './scripted-session.ts';
import { Sessions } from './sessions.ts';

let factory: ScriptedFactory;
let sessions: Sessions;
let mcp: Mcp;

beforeEach(() => {
  factory = new ScriptedFactory();
  let next = 0;
  const log = { error: jest.fn(), warn: jest.fn() } as never;
  const clock = new FakeClock();
  sessions = new Sessions({
    factory,
    maxSessions: 2,
    answerWithinMs: 50_000,
    clock,
    newId: () => `s${next++}`,
    log,
  });
  mcp = new Mcp({ sessions, version: '1.2.3', log });
});

const call = (method: string, params?: unknown): Promise<RpcResponse | undefined> => mcp.handle({ jsonrpc: '2.0', id: 1, method, params });
const result = async (method: string, params?: unknown): Promise<Record<string, unknown>> => {
  const response = await call(method, params);
  if (!response || !('result' in response)) throw new Error(JSON.stringify(response));
  return response.result;
};
const createSession = async (): Promise<string> => {
  const { session_id } = await result('openenv/session/create');
  return session_id as string;
};
const run = (session_id: unknown, command: unknown) => call('tools/call', { name: 'run', arguments: { command }, session_id });

describe('errors', () => {
  const bad: Record<string, { text: string; code: number; id?: unknown }> = {
    'text that is no JSON': { text: '{', code: -32700 },
    'an empty body': { text: '', code: -32700 },
    'an empty object': { text: '{}', code: -32600 },
    'a batch': { text: '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', code: -32600 },
    'params that are a list': { text: '{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}', code: -32600, id: 7 },
    'another version': { text: '{"jsonrpc":"1.0","id":7,"method":"ping"}', code: -32600, id: 7 },
    'an unknown method': { text: '{"jsonrpc":"2.0","id":"a","method":"fly"}', code: -32601, id: 'a' },
    'the probe of newer SDKs': { text: '{"jsonrpc":"2.0","id":1,"method":"server/discover"}', code: -32601, id: 1 },
    'a call without a name': { text: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}', code: -32602, id: 1 },
    'a tool that is none': { text: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"reset"}}', code: -32602, id: 1 },
    'tools of an unknown session': {
      text: '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"session_id":"x"}}',
      code: -32602,
      id: 1,
    },
    'closing an unknown session': {
      text: '{"jsonrpc":"2.0","id":1,"method":"openenv/session/close","params":{"session_id":"x"}}',
      code: -32602,
      id: 1,
    },
    'closing no session': { text: '{"jsonrpc":"2.0","id":1,"method":"openenv/session/close"}', code: -32602, id: 1 },
    'a command where nobody reset': {
      text: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run","arguments":{"command":"ls"}}}',
      code: -32603,
      id: 1,
    },
  };
  test.each(Object.entries(bad))('%s', async (_name, { text, code, id = null }) => {
    expect(await mcp.handleText(text)).toMatchObject({ jsonrpc: '2.0', id, error: { code, message: expect.any(String) } });
  });

  test('a wrong argument, a session that was not reset, a bug in the session', async () => {
    const id = await createSession();
    expect(await run(id, 3)).toMatchObject({ error: { code: -32602 } });
    expect(await run(id, 'ls')).toMatchObject({ error: { code: -32603, message: expect.stringContaining('reset first') } });
    await sessions.find(id)?.run((gym) => gym.reset({}));
    const crashed = await run(id, 'crash');
    expect(crashed).toMatchObject({ error: { code: -32603 } });
    expect(JSON.stringify(crashed)).not.toContain('secret');
  });

  test('no slot is left', async () => {
    await createSession();
    await createSession();
    expect(await call('openenv/session/create')).toMatchObject({ error: { code: -32000, data: { active_sessions: 2, max_sessions: 2 } } });
  });

  test('a session that is still starting can be neither used nor closed', async () => {
    factory.beforeCreate = () => new Promise(() => {});
    const { id } = sessions.open('created');
    expect(await run(id, 'ls')).toMatchObject({ error: { code: -32600 } });
    expect(await call('openenv/session/close', { session_id: id })).toMatchObject({ error: { code: -32600 } });
  });
});

describe('for generic MCP clients', () => {
  test('initialize takes a version we know and offers the newest otherwise', async () => {
    expect(await result('initialize', { protocolVersion: '2025-03-26' })).toMatchObject({
      protocolVersion: '2025-03-26',
      capabilities: { tools: {} },
      serverInfo: { name: 'kube-sre-gym', version: '1.2.3' },
    });
    expect(await result('initialize', { protocolVersion: '2099-01-01' })).toMatchObject({ protocolVersion: '2025-11-25' });
  });

  test('ping is answered, a notification is not', async () => {
    expect(await result('ping')).toEqual({});
    expect(await mcp.handle({ jsonrpc: '2.0', method: 'notifications/initialized' })).toBeUndefined();
  });

  test('there is one tool and its names are camelCase', async () => {
    const { tools } = await result('tools/list');
    expect(tools).toEqual([expect.objectContaining({ name: 'run', inputSchema: expect.objectContaining({ required: ['command'] }) })]);
  });

  test('without a session id it plays the HTTP session', async () => {
    await sessions.httpForReset().run((gym) => gym.reset({ seed: 4 }));
    const answer = await result('tools/call', { name: 'run', arguments: { command: 'ls' } });
    expect(answer).toMatchObject({ content: [{ type: 'text', text: 's0/4> ls' }], isError: false });
  });
});

describe('sessions over MCP', () => {
  test('create, run, close', async () => {
    const id = await createSession();
    await sessions.find(id)?.run((gym) => gym.reset({ seed: 9 }));
    const answer = await run(id, 'ls');
    const structuredContent = { observation: expect.objectContaining({ command_output: `${id}/9> ls` }), reward: -2, done: false };
    expect(answer).toMatchObject({ result: { structuredContent, data: structuredContent } });
    expect(await result('openenv/session/close', { session_id: id })).toEqual({ session_id: id, closed: true });
    expect(sessions.active).toBe(0);
  });

  test('the text tells that the episode is over and how', async () => {
    const id = await createSession();
    await sessions.find(id)?.run((gym) => gym.reset({}));
    expect(await run(id, 'report: resolved')).toMatchObject({ result: { content: [{ text: 'The episode is over: Resolved.' }] } });
  });

  test('while a socket is attached the close waits for it', async () => {
    const id = await createSession();
    const session = sessions.attach(id);
    expect(await result('openenv/session/close', { session_id: id })).toEqual({ session_id: id, closed: false, closing: true });
    expect(sessions.active).toBe(1);
    sessions.release(session);
    expect(sessions.active).toBe(0);
  });

  test('on a socket, create names the socket’s own session and close refuses it', async () => {
    const own = sessions.open('socket');
    await own.ready;
    expect(await mcp.handle({ jsonrpc: '2.0', id: 1, method: 'openenv/session/create' }, own)).toMatchObject({
      result: { session_id: own.id },
    });
    const close = { jsonrpc: '2.0', id: 1, method: 'openenv/session/close', params: { session_id: own.id } };
    expect(await mcp.handle(close, own)).toMatchObject({ error: { code: -32600 } });
    expect(await mcp.handle(close)).toMatchObject({ error: { code: -32600 } });
    expect(sessions.active).toBe(1);
  });
});
