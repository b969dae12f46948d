import { describe, expect, test } from '@jest/globals';
import { findCondition } from '../../api/conditions.ts';
import type { FaultStatus, Incident, IncidentStatus } from '../../api/incident.ts';
import { NO_HOLD } from '../../health/hold.ts';
import { type IncidentObservation, injectedStatus, planIncident } from './plan.ts';

const T0 = new Date('2026-01-01T00:00:00.000Z');
const at = (seconds: number): Date => new Date(T0.getTime() + seconds * 1000);
const fault: FaultStatus = {
  type: 'oom_kill',
  target: { namespace: 'payments', name: 'payment-api' },
  params: { memory: '24Mi' },
  state: 'Pending',
};
const alert = { severity: 'critical' as const, title: 'Payments fail', message: 'Users see errors' };
const arena = { name: 'arena-k3x9a7b2c1', deleting: false, namespaces: { payments: 'payments-k3x9a7b2c1' } };

function incident(status?: IncidentStatus, extra: Partial<Incident['metadata']> = {}): Incident {
  return {
    apiVersion: 'kubesregym.dev/v1alpha1',
    kind: 'Incident',
    metadata: { name: 'a', namespace: 'kube-sre-gym', uid: 'u', generation: 1, ...extra },
    spec: { faults: [{ type: fault.type, target: fault.target }], resolution: { timeoutSeconds: 600 }, ttlSecondsAfterFinished: 60 },
    status,
  };
}

function observe(part: Partial<IncidentObservation>): IncidentObservation {
  return { incident: incident(), now: T0, baselineStored: false, holdSeconds: 5, episodeFinal: false, ...part };
}

const injecting: IncidentStatus = { arena: arena.name, namespaces: arena.namespaces, alert, faults: [{ ...fault, state: 'Injecting' }] };
const injected = injectedStatus(observe({ incident: incident(injecting), arena }));
const hurting = planIncident(observe({ incident: incident(injected), arena, baselineStored: true, symptoms: ['OOMKilled'] })).status;
const look = { workloads: [], complete: true, quietSince: T0 };
const broken = {
  verdict: 'broken' as const,
  finding: { reason: 'OOMKilled', message: 'payments/payment-api is killed', settling: false },
  ...look,
  fixed: [false],
};
const healthy = { ...look, verdict: 'healthy' as const, fixed: [true] };

interface Case {
  given: Partial<IncidentObservation>;
  action?: string;
  condition?: [type: string, status: string, reason: string];
  phase?: string;
  check?: (plan: ReturnType<typeof planIncident>) => void;
}

const cases: Record<string, Case> = {
  'a new incident asks for an arena': {
    given: {},
    action: 'claimArena',
    condition: ['ArenaReady', 'False', 'WaitingForArena'],
    phase: 'Pending',
  },
  'a spec that cannot be played ends at once with the sentence that says why': {
    given: { invalid: 'Deployment payments/x does not exist' },
    action: 'none',
    condition: ['Succeeded', 'False', 'InvalidSpec'],
    phase: 'Failed',
  },
  'nothing is recorded before the baseline is stored': { given: { arena }, action: 'storeBaseline' },
  'parameters and state Injecting are written before the first mutation': {
    given: { arena, baselineStored: true, resolved: { faults: [fault], redHerrings: [], alert } },
    action: 'none',
    condition: ['ArenaReady', 'True', 'ArenaClaimed'],
    check: (p) => expect(p.status.faults).toEqual([{ ...fault, state: 'Injecting' }]),
  },
  'a fault that is Injecting is injected, again after a restart too': {
    given: { incident: incident(injecting), arena, baselineStored: true },
    action: 'inject',
  },
  'an injected fault is never injected again': {
    given: { incident: incident(injected), arena, baselineStored: true, symptoms: [undefined] },
    action: 'none',
  },
  'a fault that does not take effect in time is a failure of the gym': {
    given: { incident: incident(injected), arena, baselineStored: true, symptoms: [undefined], now: at(61) },
    condition: ['Succeeded', 'False', 'SymptomNeverSeen'],
  },
  'a symptom seen once counts': {
    given: { incident: incident(injected), arena, baselineStored: true, symptoms: ['OOMKilled'] },
    condition: ['SymptomObserved', 'True', 'SymptomSeen'],
    phase: 'Active',
  },
  'a broken arena says what is broken': {
    given: { incident: incident(hurting), arena, baselineStored: true, oracle: broken, hold: NO_HOLD },
    condition: ['Resolved', 'False', 'Broken'],
  },
  'a healthy arena is not resolved before the hold is over': {
    given: { incident: incident(hurting), arena, baselineStored: true, oracle: healthy, hold: { ...NO_HOLD, since: T0 }, now: at(4) },
    condition: ['Resolved', 'False', 'Holding'],
    phase: 'Settling',
    check: (p) => expect(p.requeueAfterMs).toBe(1000),
  },
  'a healthy arena is resolved when the hold is over': {
    given: {
      incident: incident(hurting),
      arena,
      baselineStored: true,
      oracle: healthy,
      hold: { ...NO_HOLD, since: T0, resolved: true },
      now: at(5),
    },
    condition: ['Resolved', 'True', 'Healthy'],
    phase: 'Resolved',
    check: (p) => expect(p.status.resolvedTime).toBe(at(5).toISOString()),
  },
  'an incident nobody solves times out, counted from when users were hurt': {
    given: { incident: incident(hurting), arena, baselineStored: true, oracle: broken, hold: NO_HOLD, now: at(600) },
    condition: ['Succeeded', 'False', 'TimedOut'],
    phase: 'TimedOut',
  },
  'an arena that goes away ends the incident': {
    given: { incident: incident(hurting), baselineStored: true },
    condition: ['Succeeded', 'False', 'ArenaLost'],
  },
  'the end of the episode ends its incident': {
    given: { incident: incident(hurting), arena, baselineStored: true, episodeFinal: true },
    condition: ['Succeeded', 'False', 'EpisodeEnded'],
  },
  'a deleted incident gives its arena back first': {
    given: { incident: incident(hurting, { deletionTimestamp: T0.toISOString() }), arena, baselineStored: true },
    action: 'releaseArena',
  },
  'a deleted incident lets go once its arena is going': {
    given: {
      incident: incident(hurting, { deletionTimestamp: T0.toISOString() }),
      arena: { ...arena, deleting: true },
      baselineStored: true,
    },
    action: 'letGo',
  },
};

describe('planIncident', () => {
  test.each(Object.entries(cases))('%s', (_name, c) => {
    const plan = planIncident(observe(c.given));
    if (c.action) expect(plan.action).toBe(c.action);
    if (c.condition) {
      const [type, status, reason] = c.condition;
      expect(findCondition(plan.status.conditions, type)).toMatchObject({ status, reason });
    }
    if (c.phase) expect(plan.status.phase).toBe(c.phase);
    c.check?.(plan);
  });

  test('a finished incident releases its arena, waits for its TTL and expires', () => {
    const done = planIncident(observe({ incident: incident(hurting), arena, baselineStored: true, episodeFinal: true })).status;
    expect(planIncident(observe({ incident: incident(done), arena })).action).toBe('releaseArena');
    expect(planIncident(observe({ incident: incident(done), now: at(10) }))).toMatchObject({ action: 'none', requeueAfterMs: 50_000 });
    expect(planIncident(observe({ incident: incident(done), now: at(61) })).action).toBe('expire');
  });

  test('a finished incident keeps its arena while its episode goes on: the line that mended it may still run', () => {
    const done = planIncident(
      observe({
        incident: incident(hurting),
        arena,
        baselineStored: true,
        oracle: healthy,
        hold: { ...NO_HOLD, since: T0, resolved: true },
      }),
    ).status;
    expect(done.resolvedTime).toBeDefined();
    expect(planIncident(observe({ incident: incident(done), arena, played: true })).action).toBe('none');
    expect(planIncident(observe({ incident: incident(done), arena, played: false })).action).toBe('releaseArena');
  });

  test('an incident without faults never resolves by being healthy', () => {
    const control = incident();
    control.spec.faults = [];
    const status = planIncident(
      observe({ incident: control, arena, baselineStored: true, resolved: { faults: [], redHerrings: [], alert } }),
    ).status;
    expect(findCondition(status.conditions, 'SymptomObserved')).toMatchObject({ status: 'True', reason: 'NoFault' });
    const later = planIncident(
      observe({
        incident: { ...control, status },
        arena,
        baselineStored: true,
        oracle: healthy,
        hold: { ...NO_HOLD, since: T0, resolved: true },
      }),
    );
    expect(later.status.resolvedTime).toBeUndefined();
  });

  describe('red herrings', () => {
    const herring = { kind: 'change_note', target: { namespace: 'auth', name: 'auth-service' }, params: {}, state: 'Pending' as const };
    const spread = (faults: FaultStatus[]) => {
      const fresh = incident();
      fresh.spec.faults = faults.map(({ type, target }) => ({ type, target }));
      const record = observe({ incident: fresh, arena, baselineStored: true, resolved: { faults, redHerrings: [herring], alert } });
      const recorded = { ...fresh, status: planIncident(record).status };
      return { recorded, done: injectedStatus(observe({ incident: recorded, arena, now: at(1) })) };
    };

    test('are recorded before and marked after they are laid, like faults', () => {
      const { recorded, done } = spread([fault]);
      expect(recorded.status?.redHerrings).toEqual([{ ...herring, state: 'Injecting' }]);
      expect(done.redHerrings).toEqual([{ ...herring, state: 'Injected' }]);
    });
    test('are laid again after a restart, and never once they were laid', () => {
      const { recorded, done } = spread([fault]);
      expect(planIncident(observe({ incident: recorded, arena, baselineStored: true })).action).toBe('inject');
      expect(planIncident(observe({ incident: { ...recorded, status: done }, arena, baselineStored: true })).action).toBe('none');
    });
    test('come before the page in a control', () => {
      const { recorded, done } = spread([]);
      expect(findCondition(recorded.status?.conditions, 'SymptomObserved')).toBeUndefined();
      expect(planIncident(observe({ incident: recorded, arena, baselineStored: true })).action).toBe('inject');
      expect(findCondition(done.conditions, 'SymptomObserved')).toMatchObject({ status: 'True', reason: 'NoFault' });
      expect(done.symptomTime).toBe(at(1).toISOString());
    });
  });
});
