import { findCondition, isTrue } from '../api/conditions.ts';
import { MIN_HOLD_SECONDS, SYMPTOM_TIMEOUT_SECONDS } from '../api/defaults.ts';
import type { IncidentStatus } from '../api/incident.ts';
import { ConditionType, Reason } from '../api/reasons.ts';

/** proven: it hurt, and putting back what it broke resolved it. refuted: it did not, or that did not. undecided: the gym could not find out. */
export interface Proof {
  readonly outcome: 'proven' | 'refuted' | 'undecided';
  /** For people, as a sentence. */
  readonly message: string;
}

/** What is known of a proof at one moment; all of it survives the process that makes the proof, but for `fixed`. */
export interface ProofObservation {
  /** Of the Incident that the proof is made with. */
  readonly status: IncidentStatus | undefined;
  /** It was written down that what is broken will be put back. */
  readonly fixing: boolean;
  /** This process has put it back. */
  readonly fixed: boolean;
  /** The Incident has an arena, or one is ready that no agent will miss. */
  readonly spareArena: boolean;
  /** Since the Incident was made, or since fixing began. */
  readonly seconds: number;
}

export type ProofStep =
  | { readonly do: 'fix' }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'end'; readonly proof: Proof };

/** The operator ends an Incident without a symptom itself; beyond this it does nothing at all. */
const HURT_SECONDS = 2 * SYMPTOM_TIMEOUT_SECONDS;
/** Rollouts on a busy node; the hold comes on top. */
const RESOLVE_SECONDS = 120;
/** What ends an Incident for reasons that lie outside its arena. */
const GYM_REASONS: readonly string[] = [Reason.ArenaLost, Reason.EpisodeEnded, Reason.Deleted];

/** Pure: what a proof does next. It waits until the Incident hurts, has what is broken put back, and waits until it is resolved. */
export function planProof({ status = {}, fixing, fixed, spareArena, seconds }: ProofObservation): ProofStep {
  const { conditions } = status;
  const succeeded = findCondition(conditions, ConditionType.Succeeded);
  if (succeeded?.status === 'True')
    return fixing ? end('proven', succeeded.message) : end('refuted', 'It resolved before anybody fixed it');
  if (succeeded?.status === 'False') return end(GYM_REASONS.includes(succeeded.reason) ? 'undecided' : 'refuted', succeeded.message);
  if (isTrue(conditions, ConditionType.SymptomObserved) && !fixed) return { do: 'fix' };
  if (!isTrue(conditions, ConditionType.ArenaReady) && !spareArena) return end('undecided', 'No arena is to spare: agents come first');
  const patience = fixing ? RESOLVE_SECONDS + (status.holdSeconds ?? MIN_HOLD_SECONDS) : HURT_SECONDS;
  if (seconds < patience) return { do: 'wait', seconds: patience - seconds };
  if (!isTrue(conditions, ConditionType.Injected)) return end('undecided', 'It was not injected in time');
  if (!fixing) return end('refuted', 'It did not hurt in time');
  const finding = findCondition(conditions, ConditionType.Resolved)?.message ?? 'no finding';
  return end('refuted', `Putting back what was broken did not resolve it: ${finding}`);
}

const end = (outcome: Proof['outcome'], message: string): ProofStep => ({ do: 'end', proof: { outcome, message } });
