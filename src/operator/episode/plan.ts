import type { Assignment } from '../../api/assignment.ts';
import { findCondition, isTrue, setCondition } from '../../api/conditions.ts';
import {
  COMMAND_TIMEOUT_SECONDS,
  DEFAULT_DEADLINE_SECONDS,
  DEFAULT_MAX_STEPS,
  DEFAULT_RESOLUTION_TIMEOUT_SECONDS,
  MAX_STEPS_LIMIT,
  SETTLE_TIMEOUT_SECONDS,
  STEP_COMMAND_BYTES,
  STEP_OUTPUT_BYTES,
} from '../../api/defaults.ts';
import type { Episode, EpisodeStatus, StepStatus } from '../../api/episode.ts';
import type { Incident } from '../../api/incident.ts';
import { ConditionType, type Outcome, Reason } from '../../api/reasons.ts';
import type { Step } from '../../api/step.ts';
import { cutBytes } from '../../api/text.ts';
import type { Judgement } from '../../judge/judge.ts';
import { sumLlmUse } from '../../llm/use.ts';
import { isRepeat } from '../../reward/from-episode.ts';
import { valued } from './value.ts';

/** What the health watch knows of the arena. `readAt`: every write that was acknowledged before this moment is in the verdict. */
export interface Health {
  verdict: 'resolved' | 'healthy' | 'settling' | 'broken';
  readAt: Date;
}

/** What one pass sees of an Episode; read afresh every time. */
export interface EpisodeObservation {
  episode: Episode;
  now: Date;
  incident?: Incident;
  /** What the Curriculum chose for this Episode, once it has. */
  assignment?: Assignment;
  /** Why the Curriculum chose nothing, as a sentence. */
  refusal?: string;
  /** The Curriculum need not be told of this Episode, or was. */
  told?: boolean;
  /** Uid of the Episode that claimed the referenced Incident. */
  claimedBy?: string;
  /** Steps of this Episode by index; may have gaps while the cache catches up. */
  steps: readonly Step[];
  /** Judgements of the steps that the status does not hold yet, by index. */
  judgements: ReadonlyMap<number, Judgement>;
  health?: Health;
  /** False when the gateway's Lease lapsed; true for Episodes without one. */
  gatewayAlive: boolean;
  /** Score of the last diagnosis, 0..1. */
  diagnosisScore?: number;
  /** Difficulty of the incident, 0..1. */
  difficulty: number;
}

export type EpisodeAction = 'none' | 'assign' | 'createIncident' | 'claimIncident' | 'expire';

export interface EpisodePlan {
  action: EpisodeAction;
  status: EpisodeStatus;
  requeueAfterMs?: number;
  /** The outcome was decided in this pass: archive, count, tell. */
  finished?: boolean;
}

/** Controllers need a moment to notice a change; a verdict "still broken" is believed only after it (deployment controller: well under 0.5 s). */
export const SETTLE_GRACE_MS = 1000;
/** An episode that has ended waits at most this long for a pending settle, then counts as broken. */
export const FINAL_SETTLE_MS = 120_000;
/** How often an arena is looked at after a veto, while a change in it settles. */
const LOOK_AGAIN_MS = 1000;
/** An Episode that its Curriculum has not been told of stays, however old it is. */
const TELL_MS = 1000;
/** The line that mended things may still run when they count as mended; by then it has ended and its Step is written. */
export const LAST_STEP_MS = (COMMAND_TIMEOUT_SECONDS + 2) * 1000;

/** Pure: what an Episode needs next. */
export function planEpisode(o: EpisodeObservation): EpisodePlan {
  const { episode } = o;
  const status: EpisodeStatus = { ...episode.status, observedGeneration: episode.metadata.generation };
  if (episode.metadata.deletionTimestamp) return { action: 'none', status };
  if (status.outcome) return planFinal(o, status);
  if (!o.gatewayAlive) return finish(o, status, 'InfrastructureFailed', Reason.GatewayLost, 'The gateway that played this episode is gone');
  if (!o.incident) return planStart(o, status);
  // Before it is claimed: one that is over stays as it is.
  const over = status.startedTime ? undefined : planOver(o, o.incident, status);
  if (over) return over;
  if (episode.spec.incidentRef && o.claimedBy !== episode.metadata.uid) {
    if (!o.claimedBy) return { action: 'claimIncident', status };
    return finish(
      o,
      status,
      'InfrastructureFailed',
      Reason.IncidentTaken,
      `Incident ${o.incident.metadata.name} is played by another episode`,
    );
  }
  status.incident = o.incident.metadata.name;
  if (!status.startedTime) {
    const begun = planAlert(o, status);
    if (begun) return begun;
  }
  return planPlay(o, status);
}

function planStart(o: EpisodeObservation, status: EpisodeStatus): EpisodePlan {
  const { incidentRef: ref, curriculumRef } = o.episode.spec;
  if (ref)
    return finish(o, status, 'InfrastructureFailed', Reason.IncidentNotFound, `Incident ${ref.name} does not exist in this namespace`);
  if (status.incident) return finish(o, status, 'InfrastructureFailed', Reason.IncidentNotFound, `Incident ${status.incident} was deleted`);
  if (o.refusal) return finish(o, status, 'InfrastructureFailed', Reason.AssignmentRefused, o.refusal);
  if (curriculumRef && !status.assignment) return { action: 'assign', status };
  if (curriculumRef && !o.assignment) {
    return finish(o, status, 'InfrastructureFailed', Reason.AssignmentRefused, `Assignment ${status.assignment} was deleted`);
  }
  return { action: 'createIncident', status };
}

/** Ends an episode whose Incident was over before the alert went out: nobody has worked on it, so there is nothing to score. */
function planOver(o: EpisodeObservation, incident: Incident, status: EpisodeStatus): EpisodePlan | undefined {
  const { conditions: list, resolvedTime } = incident.status ?? {};
  const succeeded = findCondition(list, ConditionType.Succeeded);
  const failed = succeeded?.status === 'False';
  if (resolvedTime === undefined && !failed) return undefined;
  const { name } = incident.metadata;
  const end = (reason: string, message: string) => finish(o, { ...status, incident: name }, 'InfrastructureFailed', reason, message);
  if (failed && !isTrue(list, ConditionType.SymptomObserved)) return end(Reason.IncidentFailed, succeeded.message);
  return end(Reason.IncidentOver, `Incident ${name} was over before this episode began; make a new one`);
}

/** Sends the alert once users are hurt; undefined when play may go on in the same pass. */
function planAlert(o: EpisodeObservation, status: EpisodeStatus): EpisodePlan | undefined {
  const list = o.incident?.status?.conditions;
  if (isTrue(list, ConditionType.SymptomObserved)) {
    status.alert = o.incident?.status?.alert;
    status.startedTime = o.now.toISOString();
    status.maxSteps = Math.min(o.episode.spec.maxSteps ?? DEFAULT_MAX_STEPS, o.assignment?.spec.maxSteps ?? MAX_STEPS_LIMIT);
    status.decidedSteps = 0;
    status.steps = [];
    status.phase = 'Running';
    status.conditions = condition(o, status, ConditionType.AlertSent, 'True', Reason.Running, 'The on-call has been paged');
    status.conditions = condition(o, status, ConditionType.Succeeded, 'Unknown', Reason.Running, 'Waiting for the on-call');
    return undefined;
  }
  if (o.steps.some((s) => s.spec.action === 'Detach')) {
    return finish(o, status, 'Abandoned', Reason.Detached, 'The agent left before the incident had begun', false);
  }
  status.phase = 'Pending';
  const [reason, message] = isTrue(list, ConditionType.ArenaReady)
    ? [Reason.WaitingForSymptom, 'Waiting until users are hurt']
    : [Reason.WaitingForArena, 'Waiting for a free copy of the app'];
  status.conditions = condition(o, status, ConditionType.AlertSent, 'False', reason, message);
  return { action: 'none', status };
}

function planPlay(o: EpisodeObservation, status: EpisodeStatus): EpisodePlan {
  const resolved = o.incident?.status?.resolvedTime !== undefined;
  // After a veto the agent works on as before the resolution.
  const wasResolvedAt = (index: number): boolean => resolved && (!status.veto || index <= status.veto.step);
  const lineLeftMs = resolved && !status.veto ? runningLineLeftMs(o, status) : 0;
  if (lineLeftMs > 0) return { action: 'none', status, requeueAfterMs: lineLeftMs };
  let waitMs: number | undefined;
  for (;;) {
    const index = (status.decidedSteps ?? 0) + 1;
    if (!wasResolvedAt(index) && outcomeOf(o, status)) break;
    const step = o.steps.find((s) => s.spec.index === index);
    // What was typed before it was resolved counts; that the agent left afterwards does not.
    if (!step || (wasResolvedAt(index) && step.spec.action === 'Detach')) break;
    if (!record(o, status, step)) break;
    const decision = wasResolvedAt(index) ? { settling: false } : decide(o, status, step);
    if (decision.waitMs !== undefined) {
      waitMs = decision.waitMs;
      break;
    }
    status.steps = (status.steps ?? []).map((s) =>
      s.index === step.spec.index ? { ...s, settleMs: Math.max(0, o.now.getTime() - Date.parse(step.spec.completedTime)) } : s,
    );
    status.decidedSteps = step.spec.index;
    status.settling = decision.settling;
    Object.assign(status, valued(status, o.difficulty));
  }
  // A settle that outlived its frame is over as soon as the arena is known to be broken again.
  if (status.settling && o.health?.verdict === 'broken') status.settling = false;
  status.diagnosisScore = o.diagnosisScore;
  const faults = o.incident?.status?.faults ?? [];
  status.fixScore = faults.length ? faults.filter((f) => f.fixed).length / faults.length : undefined;
  const outcome = outcomeOf(o, status);
  if (outcome) return finish(o, status, outcome.outcome, outcome.reason, outcome.message, outcome.scorable);
  return { action: 'none', status, requeueAfterMs: waitMs ?? finalSettleLeftMs(o, status) ?? vetoLeftMs(o, status) };
}

/**
 * Milliseconds that an episode whose Incident is resolved still waits for the Step of the line that did it; 0 when that Step is here or nobody
 * can be typing. Without it the same lines would be worth more when they take longer than the hold.
 */
function runningLineLeftMs(o: EpisodeObservation, status: EpisodeStatus): number {
  const here = status.settling === true || o.steps.some((s) => s.spec.index > (status.decidedSteps ?? 0));
  if (here || !o.episode.spec.gateway) return 0;
  return Date.parse(o.incident?.status?.resolvedTime as string) + LAST_STEP_MS - o.now.getTime();
}

/** Takes a Step over into the status; false while it has no judgement. */
function record(o: EpisodeObservation, status: EpisodeStatus, step: Step): boolean {
  if (status.steps?.some((s) => s.index === step.spec.index)) return true;
  const judgement = o.judgements.get(step.spec.index);
  if (!judgement && step.spec.action !== 'Detach') return false;
  const before = status.steps ?? [];
  const scored = stepStatus(step, judgement);
  status.steps = [...before, isRepeat(scored, before) ? { ...scored, repeat: true } : scored];
  const llm = sumLlmUse([status.llm, judgement?.llm]);
  if (llm) status.llm = llm;
  return true;
}

/**
 * Whether the answer to `step` depends on what becomes of the arena: it changed something, an earlier change still settles, or it is the end and
 * something was changed before. By then that may look mended and be in its hold, although it was known to be broken when its own frame was answered.
 */
export function awaitsVerdict(step: Step, steps: readonly Step[], status: Pick<EpisodeStatus, 'settling' | 'maxSteps'>): boolean {
  const { action, index, mutations } = step.spec;
  if (mutations > 0 || status.settling === true) return true;
  const last = action === 'Report' || action === 'Detach' || index >= (status.maxSteps ?? DEFAULT_MAX_STEPS);
  return last && steps.some((s) => s.spec.index < index && s.spec.mutations > 0);
}

/** Whether the effect of `step` is known: answer now (settling or not), or wait. */
function decide(o: EpisodeObservation, status: EpisodeStatus, step: Step): { settling: boolean; waitMs?: undefined } | { waitMs: number } {
  // Where nothing is broken, no change can mend anything, whatever becomes of it.
  const control = o.incident?.status?.faults?.length === 0;
  if (control || !awaitsVerdict(step, o.steps, status)) return { settling: false };
  const done = Date.parse(step.spec.completedTime);
  const settleLeftMs = done + SETTLE_TIMEOUT_SECONDS * 1000 - o.now.getTime();
  if (settleLeftMs <= 0) return { settling: o.health?.verdict !== 'broken' };
  const believable = o.health && o.health.readAt.getTime() >= done + SETTLE_GRACE_MS;
  if (o.health?.verdict === 'broken' && believable) return { settling: false };
  if (status.veto) {
    // Nobody watches the arena any more: it is looked at again and again.
    return o.health?.verdict === 'healthy' && believable ? { settling: false } : { waitMs: Math.min(LOOK_AGAIN_MS, settleLeftMs) };
  }
  const graceLeftMs = done + SETTLE_GRACE_MS - o.now.getTime();
  return { waitMs: graceLeftMs > 0 ? Math.min(graceLeftMs, settleLeftMs) : settleLeftMs };
}

interface Ending {
  outcome: Outcome;
  reason: string;
  message: string;
  scorable?: boolean;
}

/** First rule that applies decides how the episode ended; undefined while it goes on. */
function outcomeOf(o: EpisodeObservation, status: EpisodeStatus): Ending | undefined {
  const succeeded = findCondition(o.incident?.status?.conditions, ConditionType.Succeeded);
  const resolved = o.incident?.status?.resolvedTime !== undefined;
  if (resolved && !isVetoed(o, status)) {
    return { outcome: 'Resolved', reason: Reason.Healthy, message: succeeded?.message ?? 'Everything is healthy' };
  }
  if (!resolved && succeeded?.status === 'False') {
    const timedOut = succeeded.reason === Reason.TimedOut;
    return { outcome: timedOut ? 'TimedOut' : 'InfrastructureFailed', reason: succeeded.reason, message: succeeded.message };
  }
  const leftMs = vetoLeftMs(o, status);
  if (leftMs !== undefined && leftMs <= 0) {
    return { outcome: 'TimedOut', reason: Reason.JudgeVeto, message: 'The judge took back a resolution, and none came after it in time' };
  }
  const decided = (status.steps ?? []).filter((s) => s.index <= (status.decidedSteps ?? 0));
  const last = decided.at(-1);
  const verdict = o.steps.find((s) => s.spec.index === last?.index)?.spec.verdict;
  if (last?.action === 'Report' && verdict === 'no-fault') {
    const untouched = decided.every((s) => !s.mutations);
    const control = o.incident?.status?.faults?.length === 0;
    if (control && untouched)
      return { outcome: 'Resolved', reason: Reason.NoFault, message: 'Nothing was broken, and nothing was touched' };
  }
  const infrastructure = o.steps.find((s) => s.spec.index === last?.index)?.spec.infrastructure;
  if (infrastructure) return { outcome: 'InfrastructureFailed', reason: Reason.GatewayFailed, message: infrastructure };
  const ending = endingOf(o, status, last);
  if (!ending) return undefined;
  return finalSettleLeftMs(o, status) === undefined ? ending : undefined;
}

/** The judge took the resolution back, and the agent has done nothing since, or nothing that holds. */
function isVetoed(o: EpisodeObservation, { veto, steps = [], decidedSteps = 0 }: EpisodeStatus): boolean {
  if (!veto) return false;
  const worked = steps.some(({ index, action }) => index > veto.step && index <= decidedSteps && action !== 'Detach');
  return !worked || o.health?.verdict !== 'healthy';
}

/** Milliseconds that an episode has left whose resolution was taken back: its Incident is over, and no longer times out by itself. */
function vetoLeftMs(o: EpisodeObservation, status: EpisodeStatus): number | undefined {
  const { resolvedTime } = o.incident?.status ?? {};
  if (!status.veto || !resolvedTime) return undefined;
  const seconds = o.incident?.spec.resolution?.timeoutSeconds ?? DEFAULT_RESOLUTION_TIMEOUT_SECONDS;
  return Date.parse(resolvedTime) + seconds * 1000 - o.now.getTime();
}

/** What ends the episode unless a pending settle still resolves it. */
function endingOf(o: EpisodeObservation, status: EpisodeStatus, last: StepStatus | undefined): Ending | undefined {
  if (!last) return undefined;
  if (last.action === 'Report')
    return { outcome: 'GaveUp', reason: Reason.Reported, message: 'The agent ended the episode; it is not resolved' };
  if (last.action === 'Detach') return { outcome: 'Abandoned', reason: Reason.Detached, message: 'The agent left; it is not resolved' };
  const max = status.maxSteps ?? DEFAULT_MAX_STEPS;
  const vetoed = status.veto !== undefined;
  if (last.index >= max) {
    const reason = vetoed ? Reason.JudgeVeto : Reason.StepsExhausted;
    return { outcome: 'StepsExhausted', reason, message: `All ${max} steps are used${vetoed ? '; the judge took back a resolution' : ''}` };
  }
  const limit = o.episode.spec.deadlineSeconds ?? DEFAULT_DEADLINE_SECONDS;
  const usedMs = (status.steps ?? []).reduce((sum, s) => sum + (s.durationMs ?? 0) + (s.settleMs ?? 0), 0);
  if (usedMs > limit * 1000) return { outcome: 'TimedOut', reason: Reason.TimedOut, message: `${limit} s of environment time are used` };
  return undefined;
}

/** Milliseconds for which a pending settle still puts the end off; undefined when nothing is pending or it has had its time. */
function finalSettleLeftMs(o: EpisodeObservation, status: EpisodeStatus): number | undefined {
  const last = o.steps.find((s) => s.spec.index === status.decidedSteps);
  if (!status.settling || !last) return undefined;
  const leftMs = Date.parse(last.spec.completedTime) + FINAL_SETTLE_MS - o.now.getTime();
  return leftMs > 0 ? leftMs : undefined;
}

function planFinal(o: EpisodeObservation, status: EpisodeStatus): EpisodePlan {
  const ttlMs = (o.episode.spec.ttlSecondsAfterFinished ?? 3600) * 1000;
  const leftMs = Date.parse(status.finishedTime ?? o.now.toISOString()) + ttlMs - o.now.getTime();
  if (leftMs > 0) return { action: 'none', status, requeueAfterMs: leftMs };
  return o.told === false ? { action: 'none', status, requeueAfterMs: TELL_MS } : { action: 'expire', status };
}

function stepStatus(step: Step, judgement: Judgement | undefined): StepStatus {
  const { index, action, command, exitCode, output, durationMs, mutations } = step.spec;
  return {
    index,
    action,
    command: cutBytes(command, STEP_COMMAND_BYTES),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(output === undefined ? {} : { output: cutBytes(output, STEP_OUTPUT_BYTES) }),
    durationMs,
    mutations,
    ...(judgement ? judged(judgement) : {}),
  };
}

const judged = ({ phase, score, feedback, hint, source }: Judgement): Partial<StepStatus> => ({
  ...(phase ? { phase } : {}),
  score,
  feedback,
  ...(hint ? { hint } : {}),
  judge: source,
});

function condition(
  o: EpisodeObservation,
  status: EpisodeStatus,
  type: string,
  state: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
) {
  return setCondition(
    status.conditions ?? [],
    { type, status: state, reason, message, observedGeneration: o.episode.metadata.generation },
    o.now,
  );
}

function finish(
  o: EpisodeObservation,
  status: EpisodeStatus,
  outcome: Outcome,
  reason: string,
  message: string,
  scorable = outcome !== 'InfrastructureFailed',
): EpisodePlan {
  const next: EpisodeStatus = { ...status, outcome, scorable, settling: false, phase: outcome, finishedTime: o.now.toISOString() };
  next.conditions = condition(o, next, ConditionType.Succeeded, outcome === 'Resolved' ? 'True' : 'False', reason, message);
  return { action: 'none', status: { ...next, ...valued(next, o.difficulty) }, finished: true, requeueAfterMs: 0 };
}
