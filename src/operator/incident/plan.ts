import { type Condition, findCondition, isTrue, setCondition } from '../../api/conditions.ts';
import { DEFAULT_RESOLUTION_TIMEOUT_SECONDS, DEFAULT_TTL_SECONDS, SYMPTOM_TIMEOUT_SECONDS } from '../../api/defaults.ts';
import type { Alert, FaultStatus, Incident, IncidentStatus, RedHerringStatus, WorkloadHealth } from '../../api/incident.ts';
import { ConditionType, Reason } from '../../api/reasons.ts';
import type { Hold } from '../../health/hold.ts';
import type { OracleResult } from '../../health/oracle.ts';

/** What one pass sees of an Incident and of its world; read afresh every time. */
export interface IncidentObservation {
  incident: Incident;
  now: Date;
  /** Why the spec cannot be played on this app (unknown target, bad parameter), as a sentence. */
  invalid?: string;
  /** The Arena whose claimRef carries this Incident's uid. */
  arena?: { name: string; deleting: boolean; namespaces: Record<string, string> };
  /** The baseline Secret exists: parameters may be recorded and mutations may begin. */
  baselineStored: boolean;
  /** Parameters resolved against the baseline, alert included; needed to go from Pending to Injecting. */
  resolved?: { faults: FaultStatus[]; redHerrings: RedHerringStatus[]; alert: Alert };
  /** Per fault what a user of kubectl sees, or undefined while it does not hurt. */
  symptoms?: readonly (string | undefined)[];
  oracle?: OracleResult;
  hold?: Hold;
  holdSeconds: number;
  /** The owning Episode has an outcome, so nobody will act any more. */
  episodeFinal: boolean;
  /** The owning Episode has no outcome yet, so a line may still run in the arena. */
  played?: boolean;
}

/**
 * What has to be done to the world; at most one thing a pass. The status in the plan is what holds if the action is done;
 * `record` means: write the status first, then act in the next pass.
 */
export type IncidentAction = 'none' | 'claimArena' | 'storeBaseline' | 'inject' | 'releaseArena' | 'expire' | 'letGo';

export interface IncidentPlan {
  action: IncidentAction;
  status: IncidentStatus;
  /** Look again after this many milliseconds, if nothing happens before. */
  requeueAfterMs?: number;
}

export function isFinished(incident: Incident): boolean {
  const succeeded = findCondition(incident.status?.conditions, ConditionType.Succeeded);
  return succeeded !== undefined && succeeded.status !== 'Unknown';
}

/** Pure: what an Incident needs next. First rule that applies wins. */
export function planIncident(o: IncidentObservation): IncidentPlan {
  const status: IncidentStatus = { ...o.incident.status, observedGeneration: o.incident.metadata.generation };
  if (o.incident.metadata.deletionTimestamp) return { action: o.arena && !o.arena.deleting ? 'releaseArena' : 'letGo', status };
  if (isFinished(o.incident)) return planFinished(o, status);
  if (o.invalid) return finish(o, status, 'False', Reason.InvalidSpec, o.invalid);
  if (o.episodeFinal) return finish(o, status, 'False', Reason.EpisodeEnded, 'The episode that played this incident has ended');
  if (status.arena && (!o.arena || o.arena.deleting)) {
    return finish(o, status, 'False', Reason.ArenaLost, `Arena ${status.arena} was deleted while the incident was going on`);
  }
  if (!o.arena) {
    return {
      action: 'claimArena',
      status: conditions(o, status, [
        [ConditionType.ArenaReady, 'False', Reason.WaitingForArena, 'Waiting for a healthy copy of the app'],
        [ConditionType.Succeeded, 'Unknown', Reason.WaitingForArena, 'Waiting for a healthy copy of the app'],
      ]),
    };
  }
  if (!o.baselineStored) return { action: 'storeBaseline', status };
  if (!status.faults) return planRecord(o, status);
  if ([...status.faults, ...(status.redHerrings ?? [])].some((r) => r.state === 'Injecting')) return { action: 'inject', status };
  if (!isTrue(status.conditions, ConditionType.SymptomObserved)) return planSymptom(o, status);
  return planHealth(o, status);
}

/** Marks faults and red herrings injected; the status to write once all mutations went through. */
export function injectedStatus(o: IncidentObservation): IncidentStatus {
  const status = { ...o.incident.status };
  const faults = status.faults?.map((f): FaultStatus => ({ ...f, state: 'Injected', injectedTime: o.now.toISOString() }));
  if (status.redHerrings) status.redHerrings = status.redHerrings.map((h): RedHerringStatus => ({ ...h, state: 'Injected' }));
  if (!faults?.length) return controlStatus(o, status);
  return conditions(o, { ...status, faults }, [
    [ConditionType.Injected, 'True', Reason.FaultsInjected, `${faults?.length ?? 0} fault(s) injected`],
    [ConditionType.SymptomObserved, 'False', Reason.WaitingForSymptom, 'Waiting until the fault hurts'],
    [ConditionType.Succeeded, 'Unknown', Reason.WaitingForSymptom, 'Waiting until the fault hurts'],
  ]);
}

function planRecord(o: IncidentObservation, status: IncidentStatus): IncidentPlan {
  if (!o.arena || !o.resolved) throw new Error(`incident ${o.incident.metadata.name}: recorded without an arena or resolved faults`);
  const faults = o.resolved.faults.map((f): FaultStatus => ({ ...f, state: 'Injecting' }));
  const redHerrings = o.resolved.redHerrings.map((h): RedHerringStatus => ({ ...h, state: 'Injecting' }));
  const next: IncidentStatus = {
    ...status,
    arena: o.arena.name,
    namespaces: o.arena.namespaces,
    where: Object.values(o.arena.namespaces).join(','),
    alert: o.resolved.alert,
    faults,
    ...(redHerrings.length ? { redHerrings } : {}),
    holdSeconds: o.holdSeconds,
  };
  const claimed = conditions(o, next, [[ConditionType.ArenaReady, 'True', Reason.ArenaClaimed, `Arena ${o.arena.name} is claimed`]]);
  const recorded =
    faults.length || redHerrings.length
      ? conditions(o, claimed, [
          [ConditionType.Injected, 'False', Reason.Injecting, `${faults.length} fault(s) to inject`],
          [ConditionType.Succeeded, 'Unknown', Reason.Injecting, 'Injecting'],
        ])
      : controlStatus(o, claimed);
  return { action: 'none', status: recorded, requeueAfterMs: 0 };
}

/** A no-fault control has nothing to wait for. */
function controlStatus(o: IncidentObservation, status: IncidentStatus): IncidentStatus {
  return conditions(o, { ...status, symptomTime: o.now.toISOString() }, [
    [ConditionType.Injected, 'True', Reason.NoFault, 'Nothing is broken; this is a control'],
    [ConditionType.SymptomObserved, 'True', Reason.NoFault, 'Nothing is broken; this is a control'],
    [ConditionType.Resolved, 'False', Reason.NoFault, 'Only a report that nothing is broken resolves this'],
    [ConditionType.Succeeded, 'Unknown', Reason.Running, 'Waiting for the on-call'],
  ]);
}

function planSymptom(o: IncidentObservation, status: IncidentStatus): IncidentPlan {
  const faults = (status.faults ?? []).map((f, i): FaultStatus => {
    const seen = o.symptoms?.[i];
    return seen && !f.symptomTime ? { ...f, symptomTime: o.now.toISOString(), symptom: seen.slice(0, 512) } : f;
  });
  const next = { ...status, faults };
  // A symptom that was seen once counts: a crash loop is quiet between two crashes.
  if (faults.every((f) => f.symptomTime)) {
    next.symptomTime = o.now.toISOString();
    next.health = o.oracle?.workloads as WorkloadHealth[] | undefined;
    return {
      action: 'none',
      status: conditions(o, next, [
        [ConditionType.SymptomObserved, 'True', Reason.SymptomSeen, 'Users are hurt'],
        [ConditionType.Resolved, 'False', Reason.Broken, 'Not looked at yet'],
        [ConditionType.Succeeded, 'Unknown', Reason.Running, 'Waiting for the on-call'],
      ]),
      requeueAfterMs: 0,
    };
  }
  const injectedAt = Math.max(...faults.map((f) => Date.parse(f.injectedTime ?? o.now.toISOString())));
  const leftMs = injectedAt + SYMPTOM_TIMEOUT_SECONDS * 1000 - o.now.getTime();
  if (leftMs <= 0) {
    const missing = faults.filter((f) => !f.symptomTime).map((f) => `${f.type} on ${f.target.namespace}/${f.target.name}`);
    return finish(o, next, 'False', Reason.SymptomNeverSeen, `No symptom within ${SYMPTOM_TIMEOUT_SECONDS} s: ${missing.join(', ')}`);
  }
  return { action: 'none', status: next, requeueAfterMs: leftMs };
}

function planHealth(o: IncidentObservation, status: IncidentStatus): IncidentPlan {
  if (!status.faults?.length) return { action: 'none', status, requeueAfterMs: deadline(o) };
  if (!o.oracle || !o.hold) return { action: 'none', status };
  const next: IncidentStatus = {
    ...status,
    holdSeconds: o.holdSeconds,
    health: o.oracle.workloads as WorkloadHealth[],
    faults: status.faults.map((f, i) => ({ ...f, fixed: o.oracle?.fixed[i] ?? false })),
  };
  if (o.hold.resolved) {
    next.resolvedTime = o.now.toISOString();
    const message = `Everything stayed healthy for ${o.holdSeconds} s`;
    return finish(o, setAll(o, next, [[ConditionType.Resolved, 'True', Reason.Healthy, message]]), 'True', Reason.Healthy, message);
  }
  const change: Change = o.hold.since
    ? [ConditionType.Resolved, 'False', Reason.Holding, `Healthy; must stay so for ${o.holdSeconds} s`]
    : [
        ConditionType.Resolved,
        'False',
        o.oracle.verdict === 'settling' ? Reason.Settling : Reason.Broken,
        o.oracle.finding?.message ?? 'Not healthy',
      ];
  const leftMs = deadline(o);
  if (leftMs <= 0) return finish(o, setAll(o, next, [change]), 'False', Reason.TimedOut, `Not resolved within ${timeoutSeconds(o)} s`);
  const holdLeftMs = o.hold.since ? o.hold.since.getTime() + o.holdSeconds * 1000 - o.now.getTime() : Number.POSITIVE_INFINITY;
  return { action: 'none', status: conditions(o, next, [change]), requeueAfterMs: Math.max(1, Math.min(leftMs, holdLeftMs)) };
}

function planFinished(o: IncidentObservation, status: IncidentStatus): IncidentPlan {
  // An agent must not see its arena vanish under a line that still runs; the end of the episode calls again.
  if (o.arena && !o.arena.deleting) return { action: o.played ? 'none' : 'releaseArena', status };
  const ttlMs = (o.incident.spec.ttlSecondsAfterFinished ?? DEFAULT_TTL_SECONDS) * 1000;
  const leftMs = Date.parse(status.finishedTime ?? o.now.toISOString()) + ttlMs - o.now.getTime();
  return leftMs <= 0 ? { action: 'expire', status } : { action: 'none', status, requeueAfterMs: leftMs };
}

const timeoutSeconds = (o: IncidentObservation): number => o.incident.spec.resolution?.timeoutSeconds ?? DEFAULT_RESOLUTION_TIMEOUT_SECONDS;

/** Milliseconds until the Incident times out; the clock starts when users are hurt. */
function deadline(o: IncidentObservation): number {
  const since = Date.parse(o.incident.status?.symptomTime ?? o.now.toISOString());
  return since + timeoutSeconds(o) * 1000 - o.now.getTime();
}

type Change = [type: string, status: Condition['status'], reason: string, message: string];

function setAll(o: IncidentObservation, status: IncidentStatus, changes: readonly Change[]): IncidentStatus {
  let list = status.conditions ?? [];
  for (const [type, state, reason, message] of changes) {
    list = setCondition(list, { type, status: state, reason, message, observedGeneration: o.incident.metadata.generation }, o.now);
  }
  return { ...status, conditions: list };
}

function conditions(o: IncidentObservation, status: IncidentStatus, changes: readonly Change[]): IncidentStatus {
  const next = setAll(o, status, changes);
  return { ...next, phase: phaseOf(next.conditions ?? []) };
}

function finish(
  o: IncidentObservation,
  status: IncidentStatus,
  succeeded: 'True' | 'False',
  reason: string,
  message: string,
): IncidentPlan {
  const next = conditions(o, { ...status, finishedTime: o.now.toISOString() }, [[ConditionType.Succeeded, succeeded, reason, message]]);
  return { action: 'none', status: next, requeueAfterMs: 0 };
}

/** One word for people; nothing branches on it. */
export function phaseOf(list: readonly Condition[]): string {
  const succeeded = findCondition(list, ConditionType.Succeeded);
  if (succeeded?.status === 'True') return 'Resolved';
  if (succeeded?.status === 'False') return succeeded.reason === Reason.TimedOut ? 'TimedOut' : 'Failed';
  if (isTrue(list, ConditionType.SymptomObserved)) {
    const reason = findCondition(list, ConditionType.Resolved)?.reason;
    return reason === Reason.Holding || reason === Reason.Settling ? 'Settling' : 'Active';
  }
  if (isTrue(list, ConditionType.Injected)) return 'Injected';
  return isTrue(list, ConditionType.ArenaReady) ? 'Injecting' : 'Pending';
}
