import { describe, expect, test } from '@jest/globals';
import type { FaultSpec } from '../api/incident.ts';
import { targetsOf } from '../faults/engine.ts';
import { FAULT_TYPES, faultOf } from '../faults/index.ts';
import { shopBaseline } from '../faults/testing.ts';
import { targetKey } from '../health/snapshot.ts';
import { CASCADES, type Cascade, cascadeAlert, cascadeHops, cascadesOf } from './cascades.ts';
import { type Role, topologyOf } from './topology.ts';

const app = shopBaseline();
const topology = topologyOf(app);
const fault = (type: string, role: Role): FaultSpec => ({ type, target: topology.targetOf.get(role) ?? { namespace: '', name: role } });
/** Every fault on everything it can hurt, beside each cascade that may announce it. */
const announced = FAULT_TYPES.flatMap((type) =>
  targetsOf(type, app).flatMap((target) => {
    const broken: FaultSpec = { type, target };
    return cascadesOf(broken, [broken], topology).map((cascade) => ({ broken, cascade }));
  }),
);
const kinds = (cascades: readonly Cascade[]) => cascades.map((c) => c.kind);

describe('the kinds', () => {
  test('are at least six, each of its own', () => {
    expect(new Set(kinds(CASCADES)).size).toBe(CASCADES.length);
    expect(CASCADES.length).toBeGreaterThanOrEqual(6);
  });
  test.each(CASCADES.map((c) => [c.kind, c] as const))('%s hurts what it breaks where it says', (_, { broken, at, journey }) => {
    // What each journey needs, from sample_app/README.md.
    const needs: Record<string, Role[]> = {
      checkout: ['frontDoor', 'gateway', 'identity', 'sessions', 'payments', 'database'],
      login: ['frontDoor', 'identity', 'sessions'],
      settlement: ['settlement', 'database'],
    };
    expect(needs[journey]).toContain(broken);
    if (journey === 'settlement') return;
    expect(needs[journey]).toContain(at);
    expect(asks(at, needs[journey])).toContain(broken);
  });
  test('reach every workload behind the front door, by every fault that it can suffer', () => {
    for (const type of FAULT_TYPES) {
      for (const target of targetsOf(type, app)) {
        const broken: FaultSpec = { type, target };
        const behind = topology.roleOf.get(targetKey(target)) !== 'frontDoor';
        expect(cascadesOf(broken, [broken], topology).length > 0).toBe(behind);
      }
    }
  });
});

/** Roles that `from` needs, directly or through others of the journey. */
function asks(from: Role, journey: readonly Role[]): Role[] {
  const key = targetKey(topology.targetOf.get(from) ?? { namespace: '', name: '' });
  const next = topology.dependencies.filter((d) => d.from === key).map((d) => topology.roleOf.get(d.to) as Role);
  return next.filter((r) => journey.includes(r)).flatMap((r) => [r, ...asks(r, journey)]);
}

describe('pages', () => {
  test('never name the cause, its type or the broken workload, and speak of another', () => {
    const terms = FAULT_TYPES.flatMap((type) => faultOf(type).diagnosisTerms);
    for (const { broken, cascade } of announced) {
      const { place, alert } = cascadeAlert(cascade, broken, topology);
      const text = `${alert.title} ${alert.message}`.toLowerCase();
      expect(text).toContain(place);
      for (const word of [broken.type, broken.target.name, ...terms]) expect(text).not.toContain(word);
      expect(cascadeHops(cascade, topology)).toBeGreaterThanOrEqual(1);
    }
  });
  test('say that everything fails only where nothing serves in between', () => {
    for (const { broken, cascade } of announced) {
      const { alert } = cascadeAlert(cascade, broken, topology);
      expect(alert.severity).toBe(broken.type === 'liveness_probe' ? 'warning' : 'critical');
      expect(/some/i.test(alert.message)).toBe(broken.type === 'liveness_probe');
    }
  });
  test('say whom it hurts and since when', () => {
    for (const { broken, cascade } of announced) {
      expect(cascadeAlert(cascade, broken, topology).alert.message).toMatch(
        / (customers|order).*\. Started within the last five minutes\.$/i,
      );
    }
  });
});

describe('beside another fault', () => {
  test.each<[string, FaultSpec, FaultSpec, string[]]>([
    [
      'a broken front door lets no request through, so only the fault itself can be announced',
      fault('scale_zero', 'database'),
      fault('crashloop', 'frontDoor'),
      [],
    ],
    [
      'a broken gateway leaves what customers see at the front door',
      fault('scale_zero', 'sessions'),
      fault('crashloop', 'gateway'),
      ['login_without_sessions'],
    ],
    ['payments do not stay pending where none can be made', fault('scale_zero', 'settlement'), fault('crashloop', 'identity'), []],
    [
      'what is broken elsewhere changes nothing',
      fault('scale_zero', 'database'),
      fault('crashloop', 'identity'),
      ['checkout_without_database', 'payments_without_database'],
    ],
  ])('%s', (_, broken, other, expected) => {
    expect(kinds(cascadesOf(broken, [broken, other], topology))).toEqual(expected);
  });
});

test('an app that is another has no cascades', () => {
  const broken = fault('scale_zero', 'database');
  const other = topologyOf({ ...app, services: [] });
  expect(cascadesOf(broken, [broken], other)).toEqual([]);
});
