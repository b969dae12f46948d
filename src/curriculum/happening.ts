import { type DesignOutcome, Reason } from '../api/reasons.ts';
import type { Unlocked } from './rules.ts';

/** What is worth an Event on the Curriculum. `message` is one sentence, for people. */
export interface Happening {
  readonly reason: Reason;
  readonly message: string;
}

export const promoted = (from: string, to: string, rate: number, trials: number, fast: boolean): Happening => ({
  reason: Reason.Promoted,
  message: `From ${from} up to ${to}${fast ? ' on the fast track' : ''}: success ${rate} after ${count(trials, 'trial')} of the tier`,
});

export const demoted = (from: string, to: string, rate: number, window: number): Happening => ({
  reason: Reason.Demoted,
  message: `From ${from} down to ${to}: success ${rate} over the last ${count(window, 'trial')} of the tier`,
});

export const mastered = (fault: string, rate: number, trials: number): Happening => ({
  reason: Reason.Mastered,
  message: `${fault} is mastered: success ${rate} over its last ${count(trials, 'trial')}`,
});

export const graduated = (fault: string, rate: number, trials: number): Happening => ({
  reason: Reason.Graduated,
  message: `${fault} has graduated and comes less often: success ${rate} over its last ${count(trials, 'trial')}`,
});

export const backInTraining = (fault: string, rate: number, trials: number): Happening => ({
  reason: Reason.BackInTraining,
  message: `${fault} is back in training: success ${rate} over its last ${count(trials, 'trial')}`,
});

export const usedUp = (run: string, type: string, size: number): Happening => ({
  reason: Reason.ScenariosUsedUp,
  message: `Run ${run} has played all that its tier admits of ${type}; incidents of ${count(size, 'fault')} come again`,
});

const DESIGN_REASONS: Record<DesignOutcome, Reason> = {
  proven: Reason.DesignProven,
  refuted: Reason.DesignRefuted,
  undecided: Reason.DesignUndecided,
  invalid: Reason.DesignInvalid,
  failed: Reason.DesignFailed,
  used: Reason.DesignUsed,
};

export const designed = (outcome: DesignOutcome, message: string): Happening => ({ reason: DESIGN_REASONS[outcome], message });

/** What a higher tier adds, or nothing when it adds nothing. */
export function unlocked(tier: string, before: Unlocked, after: Unlocked): Happening[] {
  const added = [
    ...after.types.filter((type) => !before.types.includes(type)),
    ...(after.faultsAtOnce > before.faultsAtOnce ? [`incidents of ${after.faultsAtOnce} faults`] : []),
    ...(after.redHerrings && !before.redHerrings ? ['red herrings'] : []),
    ...(after.llmDesigns && !before.llmDesigns ? ['designs by an LLM'] : []),
  ];
  return added.length ? [{ reason: Reason.Unlocked, message: `Tier ${tier} unlocks ${added.join(', ')}` }] : [];
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
