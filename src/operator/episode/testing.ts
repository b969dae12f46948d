/** For tests: Episodes, Incidents and Steps on paper, and what a pass shall make of them. */
import { expect } from '@jest/globals';
import { findCondition } from '../../api/conditions.ts';
import type { Episode, EpisodeSpec, EpisodeStatus } from '../../api/episode.ts';
import type { Incident, IncidentStatus } from '../../api/incident.ts';
import type { OwnerReference } from '../../api/object.ts';
import type { Step, StepSpec } from '../../api/step.ts';
import type { Judgement } from '../../judge/judge.ts';
import { type EpisodeObservation, type Health, planEpisode } from './plan.ts';

export const T0 = new Date('2026-01-01T00:00:00.000Z');
export const at = (seconds: number): Date => new Date(T0.getTime() + seconds * 1000);
export const judgement: Judgement = { score: 0.2, phase: 'triage', feedback: 'Looked at the pods', source: 'heuristic' };
const OF_E: OwnerReference[] = [{ apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Episode', name: 'e', uid: 'eu', controller: true }];

export function episode(status: EpisodeStatus = {}, spec: EpisodeSpec = {}): Episode {
  return {
    apiVersion: 'kubesregym.dev/v1alpha1',
    kind: 'Episode',
    metadata: { name: 'e', namespace: 'kube-sre-gym', uid: 'eu', generation: 1 },
    spec: { incident: { faults: [] }, maxSteps: 3, ...spec },
    status,
  };
}

export function incident(status: IncidentStatus = {}): Incident {
  return {
    apiVersion: 'kubesregym.dev/v1alpha1',
    kind: 'Incident',
    metadata: { name: 'e', namespace: 'kube-sre-gym', uid: 'iu', ownerReferences: OF_E },
    spec: { faults: [] },
    status,
  };
}

export const hurting: IncidentStatus = {
  alert: { severity: 'critical', title: 'Payments fail', message: 'Users see errors' },
  faults: [{ type: 'oom_kill', target: { namespace: 'payments', name: 'payment-api' }, state: 'Injected' }],
  conditions: [{ type: 'SymptomObserved', status: 'True', reason: 'SymptomSeen', message: '', lastTransitionTime: T0.toISOString() }],
};
export const control: IncidentStatus = { ...hurting, faults: [] };
export const resolved: IncidentStatus = { ...hurting, resolvedTime: at(9).toISOString() };
export const failed = (reason: string): IncidentStatus => ({
  conditions: [{ type: 'Succeeded', status: 'False', reason, message: reason, lastTransitionTime: T0.toISOString() }],
});
export const running: EpisodeStatus = { startedTime: T0.toISOString(), maxSteps: 3, decidedSteps: 0, steps: [], incident: 'e' };

export function step(index: number, spec: Partial<StepSpec> = {}): Step {
  return {
    apiVersion: 'kubesregym.dev/v1alpha1',
    kind: 'Step',
    metadata: { name: `e-${index}`, namespace: 'kube-sre-gym', uid: `su-${index}`, ownerReferences: OF_E },
    spec: {
      episode: 'e',
      index,
      action: 'Command',
      command: 'kubectl get pods -A',
      durationMs: 100,
      mutations: 0,
      completedTime: T0.toISOString(),
      ...spec,
    },
  };
}

export const health = (verdict: Health['verdict'], seconds: number): Health => ({ verdict, readAt: at(seconds) });
export const mutated = { mutations: 1, command: 'kubectl scale deploy/x --replicas 1' };

/** What a pass sees, and what shall come of it; what is absent is not looked at, but action (none) and outcome (none yet). */
export interface Case {
  given: Partial<EpisodeObservation>;
  action?: string;
  outcome?: string;
  scorable?: boolean;
  decided?: number;
  settling?: boolean;
  reason?: string;
  message?: string;
  waitMs?: number;
}

/** An Episode in play whose Steps are all judged. */
export const playing = (steps: Step[], extra: Partial<EpisodeObservation> = {}): Partial<EpisodeObservation> => ({
  episode: episode(running),
  incident: incident(hurting),
  steps,
  judgements: new Map(steps.map((s) => [s.spec.index, judgement])),
  ...extra,
});

/** Plans one pass of an Episode, a fresh one unless `given` says otherwise. */
export function expectPlan(c: Case): void {
  const plan = planEpisode({
    episode: episode(),
    now: T0,
    steps: [],
    judgements: new Map(),
    gatewayAlive: true,
    difficulty: 0.5,
    ...c.given,
  });
  expect(plan.action).toBe(c.action ?? 'none');
  expect(plan.status.outcome).toBe(c.outcome);
  if (c.scorable !== undefined) expect(plan.status.scorable).toBe(c.scorable);
  if (c.decided !== undefined) expect(plan.status.decidedSteps).toBe(c.decided);
  if (c.settling !== undefined) expect(plan.status.settling).toBe(c.settling);
  if (c.reason) expect(findCondition(plan.status.conditions, 'Succeeded')?.reason).toBe(c.reason);
  if (c.message) expect(findCondition(plan.status.conditions, 'Succeeded')?.message).toBe(c.message);
  if (c.waitMs !== undefined) expect(plan.requeueAfterMs).toBe(c.waitMs);
  // In the past means at once, and then again and again.
  expect(plan.requeueAfterMs ?? 0).toBeGreaterThanOrEqual(0);
}
