import { describe, expect, test } from '@jest/globals';
import { killPointFromEnv, WriteCounter } from './writes.ts';

describe('killPointFromEnv', () => {
  const cases: [string, Record<string, string | undefined>, unknown][] = [
    ['is nothing in production', { NODE_ENV: 'production', KSG_KILL_AT: 'before:1' }, undefined],
    ['is nothing without NODE_ENV', { KSG_KILL_AT: 'before:1' }, undefined],
    ['is nothing when not set', { NODE_ENV: 'test' }, undefined],
    ['reads before', { NODE_ENV: 'test', KSG_KILL_AT: 'before:1' }, { when: 'before', write: 1 }],
    ['reads after', { NODE_ENV: 'test', KSG_KILL_AT: 'after:12' }, { when: 'after', write: 12 }],
  ];
  test.each(cases)('%s', (_name, env, expected) => {
    expect(killPointFromEnv(env)).toEqual(expected);
  });
  test.each(['before', 'after:0', 'during:3', 'before:x'])('refuses %s', (value) => {
    expect(() => killPointFromEnv({ NODE_ENV: 'test', KSG_KILL_AT: value })).toThrow('KSG_KILL_AT must be');
  });
});

class Killed extends Error {}

function counter(when: 'before' | 'after', write: number) {
  const sent: number[] = [];
  const writes = new WriteCounter({ when, write }, async () => {
    throw new Killed();
  });
  const send = () =>
    writes.run(async (n) => {
      sent.push(n);
      return n;
    });
  return { writes, sent, send };
}

describe('WriteCounter', () => {
  test('numbers writes from 1', async () => {
    const writes = new WriteCounter();
    expect([await writes.run(async (n) => n), await writes.run(async (n) => n)]).toEqual([1, 2]);
    expect(writes.count).toBe(2);
  });

  test('ends the process before the write is sent', async () => {
    const { send, sent } = counter('before', 2);
    await send();
    await expect(send()).rejects.toThrow(Killed);
    expect(sent).toEqual([1]);
  });

  test('ends the process after the answer arrived', async () => {
    const { send, sent } = counter('after', 2);
    await send();
    await expect(send()).rejects.toThrow(Killed);
    expect(sent).toEqual([1, 2]);
  });

  test('ends the process after a refusal too', async () => {
    const writes = new WriteCounter({ when: 'after', write: 1 }, async () => {
      throw new Killed();
    });
    await expect(writes.run(() => Promise.reject(new Error('409')))).rejects.toThrow(Killed);
  });
});
