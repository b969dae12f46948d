import { describe, expect, test } from '@jest/globals';
import type { EndpointSlice } from '../../kube/types.ts';
import { type KubectlRunner, RunnerLostError } from './kubectl-runner.ts';
import { RunnerPool, type RunnerPoolOptions, readyEndpoints } from './pool.ts';

const SESSION = { kubeconfig: 'k', view: { host: '10.0.0.1', port: 8443 } };

function slice(...endpoints: { address: string; ready?: boolean }[]): EndpointSlice {
  return {
    metadata: { name: 'runner-x', namespace: 'kube-sre-gym-system' },
    addressType: 'IPv4',
    endpoints: endpoints.map(({ address, ready }) => ({ addresses: [address], conditions: { ready } })),
    ports: [{ name: 'runner', port: 9447 }],
  };
}

/** A pool over runners that a test makes come, go and refuse. */
function world(addresses: string[], options: { busy?: string[]; waitMs?: number; refusing?: Promise<void> } = {}) {
  let slices = [slice(...addresses.map((address) => ({ address, ready: true })))];
  const changed = new Set<() => void>();
  const tried: string[] = [];
  const opened: string[] = [];
  const closed: string[] = [];
  const busy = new Set(options.busy);
  const connect: RunnerPoolOptions['connect'] = async ({ at, secret }) => {
    const host = 'host' in at ? at.host : '';
    expect(secret).toBe('s');
    tried.push(host);
    if (busy.has(host)) await options.refusing;
    if (busy.has(host)) throw new RunnerLostError('The runner already serves a session');
    opened.push(host);
    return { run: async () => ({}) as never, close: async () => void closed.push(host) } as KubectlRunner;
  };
  const endpoints = { list: () => slices, subscribe: (fn: () => void) => changed.add(fn) };
  const pool = new RunnerPool({ endpoints, secret: 's', waitMs: options.waitMs ?? 5000, connect });
  const become = (next: EndpointSlice[]) => {
    slices = next;
    for (const fn of changed) fn();
  };
  return { pool, tried, opened, closed, become };
}

describe('RunnerPool', () => {
  test('two sessions never share a runner', async () => {
    const { pool, opened } = world(['a', 'b']);
    await Promise.all([pool.start(SESSION), pool.start(SESSION)]);
    expect(opened.sort()).toEqual(['a', 'b']);
  });

  test('a session waits for one that is given back', async () => {
    const { pool, opened } = world(['a']);
    const first = await pool.start(SESSION);
    const second = pool.start(SESSION);
    await first.close();
    await second;
    expect(opened).toEqual(['a', 'a']);
  });

  test('a session waits for a pod that becomes Ready', async () => {
    const { pool, opened, become } = world([]);
    const waiting = pool.start(SESSION);
    become([slice({ address: 'a', ready: false })]);
    become([slice({ address: 'a', ready: true })]);
    await waiting;
    expect(opened).toEqual(['a']);
  });

  test('one that another gateway uses is passed over', async () => {
    const { pool, opened } = world(['a', 'b'], { busy: ['a'] });
    await pool.start(SESSION);
    expect(opened).toEqual(['b']);
  });

  test('none in time: the error counts them and says what the last one said', async () => {
    const { pool } = world(['a'], { busy: ['a'], waitMs: 20 });
    await expect(pool.start(SESSION)).rejects.toThrow(
      /No kubectl runner is free: 1 is Ready, 0 in use; the last one tried said: The runner already serves a session/,
    );
  });

  test('time is up while one is tried: no other is tried', async () => {
    const { promise: refusing, resolve: refuse } = Promise.withResolvers<void>();
    const { pool, tried } = world(['a', 'b'], { busy: ['a'], waitMs: 20, refusing });
    const starting = pool.start(SESSION);
    AbortSignal.timeout(20).addEventListener('abort', () => refuse());
    await expect(starting).rejects.toThrow(/the last one tried said/);
    expect(tried).toEqual(['a']);
  });

  test('a session that is closed twice does not end the next one on its runner', async () => {
    const { pool, closed } = world(['a'], { waitMs: 20 });
    const first = await pool.start(SESSION);
    await first.close();
    await pool.start(SESSION);
    await first.close();
    expect(closed).toEqual(['a']);
    await expect(pool.start(SESSION)).rejects.toThrow(/1 in use/);
  });

  test('a runner whose session ended badly is free again', async () => {
    const { pool } = world(['a'], { waitMs: 20 });
    const runner = await pool.start(SESSION);
    await expect(pool.start(SESSION)).rejects.toThrow(/1 is Ready, 1 in use/);
    await runner.close();
    await expect(pool.start(SESSION)).resolves.toBeDefined();
  });
});

test('endpoints that are not Ready, and slices without ports, are left out', () => {
  const none = { ...slice({ address: 'c', ready: true }), ports: null };
  expect(readyEndpoints([slice({ address: 'a' }, { address: 'b', ready: false }), none])).toEqual([{ host: 'a', port: 9447 }]);
});
