import { WORK_PHASES, type WorkPhase } from '../api/episode.ts';
import type { RewardWeights } from './weights.ts';

/** One command of the agent as the reward sees it. */
export interface RewardStep {
  /** The judge's score, -1..1; 0 where the judge had nothing to say. */
  readonly judgeScore: number;
  /** Phase of on-call work the judge saw; absent for a line that is no work. */
  readonly phase?: WorkPhase;
  /** kubectl calls of this line that changed something. */
  readonly mutations: number;
  /** Asks only what was asked before, with nothing changed since (`findRepeats`). */
  readonly repeat: boolean;
}

/** What one step does to the shaping. */
export interface StepShaping {
  /** Phase term: in order, or the phases it skipped, or 0. */
  readonly phase: number;
  /** The part of the judge's score that counts. */
  readonly judge: number;
  /** Repeat penalty. */
  readonly repeat: number;
  /** The step opened a phase; its terms are part of the mean. */
  readonly opened?: WorkPhase;
  readonly skipped: readonly WorkPhase[];
}

export interface Shaping {
  readonly steps: readonly StepShaping[];
  /** verify was never reached although the fix did not end the episode. */
  readonly verifySkipped: boolean;
  /** Mean over opened phases, without repeats. */
  readonly mean: number;
  readonly repeats: number;
  /** mean + repeats within the limit. */
  readonly value: number;
}

/**
 * S of the reward. The phases are settled once each: entering one in order pays, passing over earlier ones costs for each. The step that opens
 * a phase counts whole; every further step counts only where the judge disliked it, and never enlarges the divisor. So no step
 * in a phase that was opened before can raise S, wherever it is put in.
 *
 * @param steps commands in order, nothing else
 * @param endedByFix the last thing the agent did was a command of phase fix, so there was nothing left to verify
 */
export function shapingOf(steps: readonly RewardStep[], endedByFix: boolean, weights: RewardWeights): Shaping {
  const settled = new Set<WorkPhase>();
  const reached = new Set<WorkPhase>();
  let opened = 0;
  let sum = 0;
  let repeats = 0;
  const shaped = steps.map((step): StepShaping => {
    const repeat = step.repeat ? weights.repeat : 0;
    repeats += repeat;
    if (step.phase) reached.add(step.phase);
    const opens = step.phase && !settled.has(step.phase) ? step.phase : undefined;
    if (!opens) {
      const judge = Math.min(0, step.judgeScore);
      sum += judge;
      return { phase: 0, judge, repeat, skipped: [] };
    }
    const skipped = WORK_PHASES.slice(0, WORK_PHASES.indexOf(opens)).filter((phase) => !settled.has(phase));
    for (const phase of [...skipped, opens]) settled.add(phase);
    const phase = skipped.length > 0 ? skipped.length * weights.phaseSkipped : weights.phaseInOrder;
    opened += 1;
    sum += phase + step.judgeScore;
    return { phase, judge: step.judgeScore, repeat, opened: opens, skipped };
  });
  const verifySkipped = reached.has('fix') && !settled.has('verify') && !endedByFix;
  if (verifySkipped) sum += weights.phaseSkipped;
  const mean = sum / Math.max(1, opened);
  const value = Math.min(weights.shapingLimit, Math.max(-weights.shapingLimit, mean + repeats));
  return { steps: shaped, verifySkipped, mean, repeats, value };
}
