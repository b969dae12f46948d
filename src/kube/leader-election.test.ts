import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeClient } from './client.ts';
import { ApiError, TransportError } from './errors.ts';
import { FakeClock } from './fake-clock.ts';
import { LeaderElector } from './leader-election.ts';
import { createMetrics } from './metrics.ts';
import type { LeaseObject } from './resource.ts';

/** One Lease with the API server's conflict rules, and a switch that cuts a candidate off. */
class LeaseServer {
  lease: LeaseObject | undefined;
  down = new Set<string>();
  #revision = 0;

  client(identity: string): KubeClient {
    const reach = () => {
      if (this.down.has(identity)) throw new TransportError('lease', new Error('ECONNREFUSED'));
    };
    const store = (lease: LeaseObject): LeaseObject => {
      this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.#revision) } };
      return structuredClone(this.lease);
    };
    const calls = {
      find: async () => {
        reach();
        return structuredClone(this.lease);
      },
      create: async (_resource: unknown, lease: LeaseObject) => {
        reach();
        if (this.lease) throw new ApiError('create', 409, { reason: 'AlreadyExists' });
        return store(lease);
      },
      replace: async (_resource: unknown, lease: LeaseObject) => {
        reach();
        if (lease.metadata.resourceVersion !== this.lease?.metadata.resourceVersion)
          throw new ApiError('replace', 409, { reason: 'Conflict' });
        return store(lease);
      },
    };
    return calls as unknown as KubeClient;
  }
}

let clock: FakeClock;
let server: LeaseServer;
const stops: AbortController[] = [];

beforeEach(() => {
  clock = new FakeClock();
  server = new LeaseServer();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort();
  await clock.advance(5000);
});

function candidate(identity: string) {
  const stop = new AbortController();
  stops.push(stop);
  const metrics = createMetrics();
  const log: string[] = [];
  const elector = new LeaderElector({
    client: server.client(identity),
    namespace: 'system',
    name: 'operator',
    identity,
    clock,
    metrics,
    onStartedLeading: (signal) => {
      log.push('started');
      signal.addEventListener('abort', () => log.push('ended'));
    },
    onLost: () => log.push('lost'),
  });
  const run = elector.run(stop.signal);
  return { elector, stop, log, metrics, run };
}

describe('LeaderElector', () => {
  test('the first candidate leads, the second waits', async () => {
    const a = candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(60_000);
    expect([a.elector.leading, b.elector.leading]).toEqual([true, false]);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(await a.metrics.registry.metrics()).toContain('leader_election_master_status{name="operator"} 1');
    expect(await b.metrics.registry.metrics()).toContain('leader_election_master_status{name="operator"} 0');
  });

  test('renewing moves renewTime and leaves acquireTime', async () => {
    candidate('a');
    await clock.advance(0);
    const before = server.lease?.spec;
    await clock.advance(4000);
    expect(server.lease?.spec?.acquireTime).toBe(before?.acquireTime);
    expect(Date.parse(server.lease?.spec?.renewTime ?? '')).toBe(Date.parse(before?.renewTime ?? '') + 4000);
    expect(server.lease?.spec?.renewTime).toMatch(/\.\d{6}Z$/);
  });

  test('a stop gives the lease back and the next one leads within its retry period', async () => {
    const a = candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(1000);
    a.stop.abort();
    await a.run;
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(2000);
    expect(b.elector.leading).toBe(true);
    expect(a.log).toEqual(['started', 'ended']);
    expect(server.lease?.spec?.leaseTransitions).toBe(1);
  });

  test('a leader that cannot renew stops after the deadline, before another may lead', async () => {
    const a = candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(2000);
    server.down.add('a');
    await clock.advance(9000);
    expect([a.elector.leading, b.elector.leading]).toEqual([true, false]);
    await clock.advance(3000);
    expect([a.elector.leading, b.elector.leading]).toEqual([false, false]);
    expect(a.log).toEqual(['started', 'ended', 'lost']);
    await clock.advance(6000);
    expect(b.elector.leading).toBe(true);
  });

  test('a short failure to renew is survived', async () => {
    const a = candidate('a');
    await clock.advance(2000);
    server.down.add('a');
    await clock.advance(6000);
    server.down.clear();
    await clock.advance(30_000);
    expect(a.elector.leading).toBe(true);
    expect(a.log).toEqual(['started']);
  });

  test('another’s lease is judged by our clock, however old its times say it is', async () => {
    server.lease = {
      metadata: { name: 'operator', namespace: 'system', resourceVersion: '1' },
      spec: { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: '2020-01-01T00:00:00.000000Z' },
    };
    const a = candidate('a');
    await clock.advance(14_000);
    expect(a.elector.leading).toBe(false);
    await clock.advance(3000);
    expect(a.elector.leading).toBe(true);
  });

  test('a leader whose lease was taken stops at its next renewal', async () => {
    const a = candidate('a');
    await clock.advance(0);
    const taken = { ...server.lease?.spec, holderIdentity: 'thief' };
    await server.client('thief').replace(undefined as never, { ...(server.lease as LeaseObject), spec: taken });
    await clock.advance(2000);
    expect(a.log).toEqual(['started', 'ended', 'lost']);
  });

  test('a candidate that is stopped while it waits never leads', async () => {
    candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(1000);
    b.stop.abort();
    await b.run;
    expect(b.log).toEqual([]);
    expect(server.lease?.spec?.holderIdentity).toBe('a');
  });

  test('times that could let two lead are refused', () => {
    const options = { client: server.client('x'), namespace: 's', name: 'n', identity: 'x', onStartedLeading: () => {}, onLost: () => {} };
    expect(() => new LeaderElector({ ...options, leaseDurationMs: 10_000 })).toThrow('leaseDuration > renewDeadline > retryPeriod');
  });
});
