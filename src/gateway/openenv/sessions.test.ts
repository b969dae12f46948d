import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FakeClock } from '../../kube/fake-clock.ts';
import { GatewayError } from '../session-api.ts';
import { ScriptedFactory } from './scripted-session.ts';
import { IDLE_LIMIT_MS, type Session, Sessions } from './sessions.ts';

let clock: FakeClock;
let factory: ScriptedFactory;
let sessions: Sessions;

beforeEach(() => {
  clock = new FakeClock();
  factory = new ScriptedFactory();
  let next = 0;
  const log = { error: jest.fn(), warn: jest.fn() } as never;
  sessions = new Sessions({ factory, maxSessions: 2, answerWithinMs: 50_000, clock, newId: () => `s${next++}`, log });
});

const created = async (): Promise<Session> => {
  const session = sessions.open('created');
  await session.ready;
  return session;
};

describe('capacity', () => {
  test('a slot is taken before the factory is done, and one too many is told how many there are', () => {
    sessions.open('socket');
    sessions.open('created');
    expect(() => sessions.open('socket')).toThrow(
      expect.objectContaining({ code: 'CAPACITY_REACHED', details: { active_sessions: 2, max_sessions: 2 } }),
    );
  });

  test('a dropped socket frees its slot at once, also in the middle of a step that hangs', async () => {
    const session = sessions.open('socket');
    await session.run((gym) => gym.reset({}));
    const step = session.run((gym) => gym.step({ command: 'hang', metadata: {} }));
    sessions.release(session);
    expect(sessions.active).toBe(0);
    await expect(step).rejects.toMatchObject({ code: 'SESSION_ERROR' });
    expect(factory.sessions[0]?.closedBecause).toBe('client disconnected');
  });

  test('a session whose client left before it was ready is closed when it comes', async () => {
    const gate = Promise.withResolvers<void>();
    factory.beforeCreate = () => gate.promise;
    const session = sessions.open('socket');
    sessions.release(session);
    expect(sessions.active).toBe(0);
    gate.resolve();
    await expect(session.ready).rejects.toMatchObject({ code: 'SESSION_ERROR' });
    await Promise.resolve();
    expect(factory.sessions[0]?.closedBecause).toContain('before the session was ready');
  });

  test('a factory that fails frees the slot and says so to whoever waits, without the text of a bug', async () => {
    factory.beforeCreate = async () => {
      throw new Error('secret');
    };
    const session = sessions.open('socket');
    const waiting = session.run((gym) => gym.reset({}));
    const failure = { code: 'FACTORY_ERROR', details: { factory_name: 'KubeSreGym' } };
    await expect(waiting).rejects.toMatchObject(failure);
    await expect(session.ready).rejects.toMatchObject(failure);
    await expect(session.ready).rejects.not.toThrow('secret');
    expect(sessions.active).toBe(0);
  });

  test('a factory may explain itself with a GatewayError', async () => {
    factory.beforeCreate = async () => {
      throw new GatewayError('FACTORY_ERROR', 'The API server does not answer');
    };
    await expect(sessions.open('socket').ready).rejects.toThrow('The API server does not answer');
  });
});

describe('created sessions', () => {
  test('a socket attaches to it without a second slot, once, and the session outlives the socket', async () => {
    const session = await created();
    expect(sessions.attach(session.id)).toBe(session);
    expect(sessions.active).toBe(1);
    expect(() => sessions.attach(session.id)).toThrow('already has a socket');
    sessions.release(session);
    expect(sessions.attach(session.id)).toBe(session);
  });

  test('one that is unknown, still starting or a socket’s own cannot be attached to', async () => {
    expect(() => sessions.attach('nobody')).toThrow(expect.objectContaining({ code: 'SESSION_ERROR' }));
    expect(() => sessions.attach(sessions.open('created').id)).toThrow('still starting');
    const own = sessions.open('socket');
    await own.ready;
    expect(() => sessions.attach(own.id)).toThrow('Unknown session_id');
  });

  test('a close asked for while attached happens when the socket goes', async () => {
    const session = await created();
    sessions.attach(session.id);
    session.closeOnDetach = true;
    sessions.release(session);
    expect(sessions.active).toBe(0);
  });
});

describe('idle limit', () => {
  test('ends a session that nobody holds, counted from its last use', async () => {
    const session = await created();
    await clock.advance(IDLE_LIMIT_MS - 1);
    sessions.touch(session);
    await clock.advance(IDLE_LIMIT_MS - 1);
    expect(sessions.active).toBe(1);
    await clock.advance(1);
    expect(sessions.active).toBe(0);
  });

  test('never ends a session with a socket, nor one that still works', async () => {
    sessions.open('socket');
    const attached = await created();
    sessions.attach(attached.id);
    await clock.advance(10 * IDLE_LIMIT_MS);
    expect(sessions.active).toBe(2);

    sessions.release(attached);
    attached.run(() => new Promise(() => {})).catch(() => {});
    await clock.advance(10 * IDLE_LIMIT_MS);
    expect(sessions.active).toBe(2);
  });
});

test('the HTTP session goes on with the next reset', async () => {
  const session = sessions.httpForReset();
  await session.ready;
  expect(sessions.httpForReset()).toBe(session);
});

test('the HTTP session is counted, and replaced when it is busy, even when every slot is taken', async () => {
  const first = sessions.httpForReset();
  await first.ready;
  first.run(() => new Promise(() => {})).catch(() => {});
  sessions.open('socket');
  const second = sessions.httpForReset();
  expect(sessions.active).toBe(2);
  expect(sessions.http).toBe(second);
  await expect(first.run(async () => {})).rejects.toMatchObject({ code: 'SESSION_ERROR' });
  await second.ready;
  await clock.advance(IDLE_LIMIT_MS);
  expect(sessions.http).toBeUndefined();
});

test('draining closes all, waits for what they tidy up, and takes nothing new', async () => {
  const session = await created();
  const gate = Promise.withResolvers<void>();
  const [gym] = factory.sessions;
  if (gym) gym.close = () => gate.promise;
  let drained = false;
  const draining = sessions.drain('the gateway stops', 10_000).then(() => {
    drained = true;
  });
  expect(sessions.active).toBe(0);
  expect(session.closed).toBe(true);
  expect(() => sessions.open('socket')).toThrow('shutting down');
  await new Promise(setImmediate);
  expect(drained).toBe(false);
  gate.resolve();
  await draining;
});

test('draining does not wait for ever', async () => {
  await created();
  const [gym] = factory.sessions;
  if (gym) gym.close = () => new Promise(() => {});
  const draining = sessions.drain('the gateway stops', 10_000);
  await new Promise(setImmediate);
  await clock.advance(10_000);
  await draining;
});
