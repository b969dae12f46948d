import { findCondition, isTrue } from '../api/conditions.ts';
import { MIN_HOLD_SECONDS, SYMPTOM_TIMEOUT_SECONDS } from '../api/defaults.ts';
import type { IncidentStatus, InlineIncident } from '../api/incident.ts';
import { ConditionType, Reason } from '../api/reasons.ts';
import { attemptsOf, resolveFaults } from '../faults/engine.ts';
import type { Baseline } from '../health/snapshot.ts';
import type { Clock } from '../kube/clock.ts';

/** proven: it hurt, and the reference fixes resolved it. refuted: it did not, or they did not. undecided: the gym could not find out. */
export interface Proof {
  readonly outcome: 'proven' | 'refuted' | 'undecided';
  /** Why it is not proven, as a sentence. */
  readonly problem?: string;
}

/** Where a proof is made: the gym, with an arena that nobody else waits for. */
export interface ProofGround {
  /** True when an arena is ready that no agent will miss. */
  hasSpareArena(): boolean;
  /** Makes the Incident, and returns once its status can be asked for. */
  make(incident: InlineIncident): Promise<void>;
  /** Its status as soon as it differs from the last one given, or the same after `seconds`; undefined when the Incident is gone. */
  next(seconds: number): Promise<IncidentStatus | undefined>;
  /** Types lines into its arena, as an on-call with plain namespaces would; gives the first that failed, and types none after it. */
  type(lines: readonly string[]): Promise<string | undefined>;
  /** Removes the Incident and what it held; does nothing when there is none. */
  remove(): Promise<void>;
}

/** What is known of a proof at one moment. */
export interface ProofObservation {
  /** Of the Incident; undefined before it was made, and when it is gone. */
  readonly status?: IncidentStatus;
  readonly made: boolean;
  readonly typed: boolean;
  /** The first line of the fixes that failed. */
  readonly failedLine?: string;
  readonly spareArena: boolean;
  /** Since it was made, or since the fixes were typed. */
  readonly seconds: number;
}

export type ProofStep =
  | { readonly do: 'make' }
  | { readonly do: 'type' }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'end'; readonly proof: Proof };

/** The operator ends an Incident without a symptom itself; beyond this it does nothing at all. */
const HURT_SECONDS = 2 * SYMPTOM_TIMEOUT_SECONDS;
/** Rollouts on a busy node; the hold comes on top. */
const RESOLVE_SECONDS = 120;
/** What ends an Incident for reasons that lie outside its arena. */
const GYM_REASONS: readonly string[] = [Reason.ArenaLost, Reason.EpisodeEnded, Reason.Deleted];

/**
 * Injects the incident into a spare arena, waits until it hurts, types the reference fixes and waits until it is resolved. Leaves nothing
 * behind. Never rejects: what goes wrong outside the arena leaves it undecided.
 */
export async function prove(incident: InlineIncident, app: Baseline, ground: ProofGround, clock: Clock): Promise<Proof> {
  let since = clock.now();
  let seen: Omit<ProofObservation, 'seconds' | 'spareArena'> = { made: false, typed: false };
  try {
    for (;;) {
      const seconds = (clock.now().getTime() - since.getTime()) / 1000;
      const step = planProof({ ...seen, seconds, spareArena: ground.hasSpareArena() });
      switch (step.do) {
        case 'end':
          return step.proof;
        case 'make':
          await ground.make(incident);
          seen = { ...seen, made: true, status: await ground.next(0) };
          since = clock.now();
          break;
        case 'type':
          seen = { ...seen, typed: true, failedLine: await ground.type(referenceLines(incident, app)) };
          since = clock.now();
          break;
        case 'wait':
          seen = { ...seen, status: await ground.next(step.seconds) };
      }
    }
  } catch (error) {
    return undecided(error instanceof Error ? error.message : String(error));
  } finally {
    // The Incident carries a time to live of its own, should this fail.
    await ground.remove().catch(() => {});
  }
}

/** Pure: what a proof does next. */
export function planProof({ status, made, typed, failedLine, spareArena, seconds }: ProofObservation): ProofStep {
  const end = (proof: Proof): ProofStep => ({ do: 'end', proof });
  if (!made) return spareArena ? { do: 'make' } : end(undecided('No arena is to spare'));
  if (!status) return end(undecided('The Incident is gone'));
  const succeeded = findCondition(status.conditions, ConditionType.Succeeded);
  if (succeeded?.status === 'True') return end(typed ? { outcome: 'proven' } : refuted('It resolved before anybody fixed it'));
  if (succeeded?.status === 'False') {
    const verdict = GYM_REASONS.includes(succeeded.reason) ? undecided : refuted;
    return end(verdict(succeeded.message));
  }
  if (failedLine !== undefined) return end(refuted(`A line of the reference fixes failed: ${failedLine}`));
  const hurts = isTrue(status.conditions, ConditionType.SymptomObserved);
  if (hurts && !typed) return { do: 'type' };
  const patience = typed ? RESOLVE_SECONDS + (status.holdSeconds ?? MIN_HOLD_SECONDS) : HURT_SECONDS;
  if (seconds < patience) return { do: 'wait', seconds: patience - seconds };
  if (!isTrue(status.conditions, ConditionType.Injected)) return end(undecided('It was not injected in time'));
  const finding = findCondition(status.conditions, ConditionType.Resolved)?.message;
  return end(refuted(typed ? `The reference fixes did not resolve it: ${finding ?? 'no finding'}` : 'It did not hurt in time'));
}

/** The reference fix of every fault, line by line. */
function referenceLines({ faults }: InlineIncident, app: Baseline): string[] {
  return resolveFaults(faults, app).flatMap((record) => attemptsOf(record, app).reference.lines);
}

const refuted = (problem: string): Proof => ({ outcome: 'refuted', problem });
const undecided = (problem: string): Proof => ({ outcome: 'undecided', problem });
