import { describe, expect, test } from '@jest/globals';
import type { AppName } from '../../api/apps.ts';
import type { Arena } from '../../api/arena.ts';
import { findCondition } from '../../api/conditions.ts';
import type { Incident } from '../../api/incident.ts';
import { type ArenaObservation, arenaFor, phaseOfArena, pickArena, planArena, planPool, spareArenas, waitingIncidents } from './plan.ts';

const T0 = new Date('2026-01-01T00:00:00.000Z');
const at = (seconds: number): Date => new Date(T0.getTime() + seconds * 1000);

function arena(name: string, o: { ready?: number; claimed?: boolean; deleted?: boolean; app?: AppName } = {}): Arena {
  const conditions = [
    { type: 'Ready', status: 'True' as const, reason: 'ArenaHealthy', message: '', lastTransitionTime: at(o.ready ?? 0).toISOString() },
  ];
  return {
    apiVersion: 'kubesregym.dev/v1alpha1',
    kind: 'Arena',
    metadata: {
      name: `arena-${name}`,
      creationTimestamp: at(o.ready ?? 0).toISOString(),
      ...(o.deleted ? { deletionTimestamp: T0.toISOString() } : {}),
    },
    spec: { app: o.app, ...(o.claimed ? { claimRef: { name: 'i', uid: 'u' } } : {}) },
    status: o.ready === undefined ? {} : { conditions },
  };
}

const observe = (part: Partial<ArenaObservation>): ArenaObservation => ({ arena: arena('a1'), now: T0, namespaces: [], ...part });

describe('planArena', () => {
  const cases: Record<string, { given: Partial<ArenaObservation>; action: object; check?: (p: ReturnType<typeof planArena>) => void }> = {
    'a new arena is made until it is healthy': { given: { unhealthy: 'no pods' }, action: { do: 'provision' } },
    'one that does not get healthy in ten minutes is given up': {
      given: { unhealthy: 'no pods', now: at(600) },
      action: { do: 'deleteArena', why: 'it was not healthy in 600 s: no pods' },
    },
    'a healthy arena becomes Ready': {
      given: {},
      action: { do: 'none' },
      check: (p) => expect(findCondition(p.status.conditions, 'Ready')?.status).toBe('True'),
    },
    'nothing repairs an arena that was Ready once': {
      given: { arena: arena('a1', { ready: 1 }), unhealthy: 'broken' },
      action: { do: 'none' },
    },
    'an arena whose incident is over is deleted': {
      given: { arena: arena('a1', { ready: 1, claimed: true }), claimantAlive: false },
      action: { do: 'deleteArena', why: 'its incident is over' },
    },
    'a deleted arena without namespaces is let go': { given: { arena: arena('a1', { deleted: true }) }, action: { do: 'release' } },
    'deletion begins politely': {
      given: { arena: arena('a1', { deleted: true }), namespaces: [{ name: 'n', terminating: false }], now: at(3) },
      action: { do: 'teardown', empty: ['n'], forcePods: [], stripFinalizers: [] },
      check: (p) => expect(p.requeueAfterMs).toBe(7000),
    },
    'a namespace that is being deleted is not deleted again': {
      given: { arena: arena('a1', { deleted: true }), namespaces: [{ name: 'n', terminating: true }], now: at(3) },
      action: { do: 'teardown', empty: [], forcePods: [], stripFinalizers: [] },
    },
    'after 10 s pods are forced out': {
      given: { arena: arena('a1', { deleted: true }), namespaces: [{ name: 'n', terminating: true }], now: at(10) },
      action: { do: 'teardown', empty: [], forcePods: ['n'], stripFinalizers: [] },
    },
    'after 20 s finalizers are stripped': {
      given: { arena: arena('a1', { deleted: true }), namespaces: [{ name: 'n', terminating: true }], now: at(20) },
      action: { do: 'teardown', empty: [], forcePods: ['n'], stripFinalizers: ['n'] },
    },
    'after a minute it says that it is stuck, and on what': {
      given: { arena: arena('a1', { deleted: true }), namespaces: [{ name: 'payments-a1', terminating: true }], now: at(60) },
      action: { do: 'teardown', empty: [], forcePods: ['payments-a1'], stripFinalizers: ['payments-a1'] },
      check: (p) => expect(findCondition(p.status.conditions, 'Stuck')?.message).toContain('payments-a1'),
    },
  };
  test.each(Object.entries(cases))('%s', (_name, c) => {
    const plan = planArena(observe(c.given));
    expect(plan.action).toEqual(c.action);
    c.check?.(plan);
  });
});

describe('planPool', () => {
  const limits = { spare: 2, max: 8, atOnce: 2 };
  const ready = (n: number): Arena[] => Array.from({ length: n }, (_, i) => arena(`r${i}`, { ready: i }));
  const claimed = (n: number): Arena[] => Array.from({ length: n }, (_, i) => arena(`c${i}`, { ready: i, claimed: true }));
  const cases: Record<string, [given: Parameters<typeof planPool>[0], create: number, surplus: number]> = {
    'an empty pool is filled up to its spares': [{ arenas: [], waiting: 0, missing: 0, full: false }, 2, 0],
    'no more are made at once than the nodes can start': [{ arenas: [], waiting: 6, missing: 0, full: false }, 2, 0],
    'what is being made already counts': [{ arenas: [arena('x')], waiting: 6, missing: 0, full: false }, 1, 0],
    'each claimed arena has one to follow it': [{ arenas: claimed(3), waiting: 0, missing: 0, full: false }, 2, 0],
    'the total is bounded, arenas on their way out included': [
      { arenas: [...claimed(6), arena('d', { ready: 1, deleted: true })], waiting: 3, missing: 0, full: false },
      1,
      0,
    ],
    'a full cluster gets no more': [{ arenas: [], waiting: 1, missing: 0, full: true }, 0, 0],
    'arenas of other apps that are missing come first': [{ arenas: [], waiting: 3, missing: 1, full: false }, 1, 0],
    'and keep their place below the limit': [{ arenas: claimed(7), waiting: 3, missing: 1, full: false }, 0, 0],
    'arenas of other apps are neither spare nor followed by one, but take room': [
      {
        arenas: [arena('t1', { claimed: true, app: 'tickets' }), arena('t2', { app: 'tickets' }), ...claimed(1)],
        waiting: 0,
        missing: 0,
        full: false,
      },
      1,
      0,
    ],
    'what demand no longer asks for is given back': [{ arenas: ready(7), waiting: 0, missing: 0, full: false }, 0, 3],
  };
  test.each(Object.entries(cases))('%s', (_name, [given, create, surplus]) => {
    const plan = planPool(given, limits);
    expect([plan.create, plan.surplus.length]).toEqual([create, surplus]);
  });
});

test('the arena that has been Ready longest is taken, never one that is claimed or going', () => {
  const old = arena('old', { ready: 1 });
  expect(
    pickArena([arena('new', { ready: 9 }), arena('gone', { ready: 0, deleted: true }), arena('taken', { ready: 0, claimed: true }), old]),
  ).toBe(old);
  expect(pickArena([arena('making')])).toBeUndefined();
});

describe('arenas to spare', () => {
  const incident = (uid: string, succeeded?: 'True' | 'Unknown', deletionTimestamp?: string): Incident => ({
    ...{ apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Incident', spec: { faults: [] } },
    metadata: { name: `i-${uid}`, uid, ...(deletionTimestamp ? { deletionTimestamp } : {}) },
    status: {
      conditions: succeeded
        ? [{ type: 'Succeeded', status: succeeded, reason: 'R', message: '', lastTransitionTime: T0.toISOString() }]
        : [],
    },
  });
  test('are those that are ready, unclaimed, and that no Incident waits for', () => {
    const arenas = [arena('a', { ready: 1 }), arena('b', { ready: 1 }), arena('c'), arena('d', { ready: 1, claimed: true })];
    expect([0, 1, 2, 3].map((waiting) => spareArenas(arenas, waiting))).toEqual([2, 1, 0, 0]);
  });
  test('go to those who have waited longest', () => {
    const since = (uid: string, seconds: number): Incident => {
      const i = incident(uid);
      return { ...i, metadata: { ...i.metadata, creationTimestamp: at(seconds).toISOString() } };
    };
    const queue = [since('late', 3), since('first', 1), since('second', 2)];
    const served = (arenas: Arena[]) => queue.filter((i) => arenaFor(i, queue, arenas)).map((i) => i.metadata.uid);
    const [a, b] = [arena('a', { ready: 1 }), arena('b', { ready: 2 })];
    expect([served([]), served([a]), served([a, b])]).toEqual([[], ['first'], ['first', 'second']]);
    expect(arenaFor(queue[1], queue, [b, a])).toBe(a);
  });
  test('are not wanted by Incidents that have one, are over, or are going', () => {
    const wait = [incident('1'), incident('2', 'Unknown')];
    const others = [incident('u', 'Unknown'), incident('3', 'True'), incident('4', 'Unknown', T0.toISOString())];
    expect(waitingIncidents([...wait, ...others], [arena('a', { ready: 1, claimed: true })])).toEqual(wait);
  });
});

test('phases are told for people', () => {
  expect(
    [arena('a'), arena('a', { ready: 1 }), arena('a', { ready: 1, claimed: true }), arena('a', { deleted: true })].map(phaseOfArena),
  ).toEqual(['Creating', 'Ready', 'Claimed', 'Terminating']);
});
