import { describe, expect, test } from '@jest/globals';
import type { AppName } from '../../api/apps.ts';
import type { Arena } from '../../api/arena.ts';
import type { Incident } from '../../api/incident.ts';
import { planOnDemand } from './on-demand.ts';

const API = 'kubesregym.dev/v1alpha1';
const time = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

/** `made`: seconds; later is newer. */
function arena(name: string, o: { app?: AppName; made?: number; ready?: boolean; claimed?: boolean; deleted?: boolean } = {}): Arena {
  const Ready = { type: 'Ready', status: 'True' as const, reason: 'ArenaHealthy', message: '', lastTransitionTime: time(0) };
  return {
    ...{ apiVersion: API, kind: 'Arena' },
    metadata: { name, creationTimestamp: time(o.made ?? 0), ...(o.deleted ? { deletionTimestamp: time(0) } : {}) },
    spec: { app: o.app, ...(o.claimed ? { claimRef: { name: 'i', uid: 'u' } } : {}) },
    status: { conditions: o.ready === false ? [] : [Ready] },
  };
}
/** The time of the plans: nothing made in the last seconds has been kept for long. */
const NOW = new Date(time(301));
const many = (n: number, o: Parameters<typeof arena>[1] = {}): Arena[] =>
  Array.from({ length: n }, (_, i) => arena(`a${i}`, { made: i, ...o }));
const incident = (app?: AppName): Incident => ({ apiVersion: API, kind: 'Incident', metadata: { name: 'i' }, spec: { app, faults: [] } });
const tickets = (n: number): Incident[] => Array.from({ length: n }, () => incident('tickets'));

describe('planOnDemand', () => {
  const limits = { spare: 2, max: 4, atOnce: 2 };
  type Given = Parameters<typeof planOnDemand>[0];
  const cases: Record<string, [given: Partial<Given>, plan: { missing: number; create: number; surplus: string[] }]> = {
    'makes nothing to spare': [{ arenas: [] }, { missing: 0, create: 0, surplus: [] }],
    'makes one for each Incident that waits': [{ waiting: [...tickets(2), incident()] }, { missing: 2, create: 2, surplus: [] }],
    'makes no more at once than the nodes can start': [
      { waiting: tickets(2), arenas: [arena('d', { ready: false })] },
      { missing: 2, create: 1, surplus: [] },
    ],
    'counts those that are there, ready or not': [
      { waiting: tickets(2), arenas: [arena('t', { app: 'tickets' }), arena('s', { app: 'tickets', ready: false })] },
      { missing: 0, create: 0, surplus: [] },
    ],
    'takes no spare arena of the default app for its own': [
      { waiting: tickets(1), arenas: many(2) },
      { missing: 1, create: 1, surplus: [] },
    ],
    'gives back what nobody has come back for in five minutes': [
      { arenas: [arena('old', { app: 'tickets' }), arena('new', { app: 'tickets', made: 9 })] },
      { missing: 0, create: 0, surplus: ['old'] },
    ],
    'gives it back at once where others wait and there is no room': [
      { waiting: [incident()], arenas: [...many(3, { claimed: true }), arena('t', { app: 'tickets', made: 9 })] },
      { missing: 0, create: 0, surplus: ['t'] },
    ],
    'keeps it where they have room': [
      { waiting: [incident()], arenas: [...many(2, { claimed: true }), arena('t', { app: 'tickets', made: 9 })] },
      { missing: 0, create: 0, surplus: [] },
    ],
    'keeps the oldest for those who wait': [
      { waiting: tickets(1), arenas: [arena('old', { app: 'tickets' }), arena('new', { app: 'tickets', made: 1 })] },
      { missing: 0, create: 0, surplus: ['new'] },
    ],
    'has the newest spare arena make room below the limit': [
      { waiting: tickets(1), arenas: many(4) },
      { missing: 1, create: 0, surplus: ['a3'] },
    ],
    'waits for an arena that is on its way out': [
      { waiting: tickets(1), arenas: [...many(3), arena('going', { deleted: true })] },
      { missing: 1, create: 0, surplus: [] },
    ],
    'leaves the arenas that others wait for or play in': [
      { waiting: [...tickets(1), incident()], arenas: [...many(3, { claimed: true }), arena('d')] },
      { missing: 1, create: 0, surplus: [] },
    ],
    'makes nothing in a full cluster, where spare arenas make room': [
      { waiting: tickets(1), arenas: many(2), full: true },
      { missing: 1, create: 0, surplus: ['a1'] },
    ],
    'has them make room for one that cannot start, too': [
      { waiting: tickets(1), arenas: [...many(2), arena('t', { app: 'tickets', ready: false })], full: true },
      { missing: 0, create: 0, surplus: ['a1'] },
    ],
  };
  test.each(Object.entries(cases))('%s', (_name, [given, expected]) => {
    const { missing, create, surplus } = planOnDemand({ arenas: [], waiting: [], full: false, now: NOW, ...given }, limits);
    expect({ missing, create: create.length, surplus: surplus.map((a) => a.metadata.name) }).toEqual(expected);
    expect(create.every((app) => app === 'tickets')).toBe(true);
  });
  test('looks again when the next one will have been kept for five minutes', () => {
    const arenas = [arena('a', { app: 'tickets', made: 31 }), arena('b', { app: 'tickets', made: 11 }), arena('c', { made: 1 })];
    expect(planOnDemand({ arenas, waiting: [], full: false, now: NOW }, limits).requeueAfterMs).toBe(10_000);
    expect(planOnDemand({ arenas, waiting: tickets(2), full: false, now: NOW }, limits).requeueAfterMs).toBeUndefined();
  });
});
