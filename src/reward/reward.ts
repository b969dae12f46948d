import type { RewardParts } from '../api/episode.ts';
import { type RewardStep, type Shaping, shapingOf } from './shaping.ts';
import { DEFAULT_WEIGHTS, MAX_PARTIAL_CREDIT, type RewardWeights } from './weights.ts';

export interface RewardInput {
  /** Commands of the agent in order; diagnoses and reports are no work steps and cost nothing. */
  readonly steps: readonly RewardStep[];
  /** Steps the agent was given, >= 1. */
  readonly maxSteps: number;
  /** Difficulty of the incident, 0..1. */
  readonly difficulty: number;
  readonly resolved: boolean;
  /** False when the infrastructure failed: there is no reward then. */
  readonly scorable: boolean;
  /** The last thing the agent did was a command that fixes, so nothing was left to verify. */
  readonly endedByFix: boolean;
  /** Share of the injected faults that are gone, 0..1. */
  readonly faultsFixedShare: number;
  /** Score of the last diagnosis, 0..1. */
  readonly diagnosisScore: number;
  readonly weights?: RewardWeights;
}

export interface Reward {
  readonly total: number;
  /** Sum of the parts = total. */
  readonly parts: RewardParts;
  /** kubectl calls and lines that the bonus counts. */
  readonly effort: number;
  readonly shaping: Shaping;
}

/**
 * The reward of an episode if it ended now; null when it is unscorable.
 * @throws RangeError when a number is outside its range: a wrong reward is worse than none
 */
export function rewardOf(input: RewardInput): Reward | null {
  const weights = input.weights ?? DEFAULT_WEIGHTS;
  check(input, weights);
  if (!input.scorable) return null;
  const shaping = shapingOf(input.steps, input.endedByFix, weights);
  const effort = effortOf(input.steps);
  const parts = input.resolved
    ? {
        base: weights.resolved,
        bonus: round(bonusOf(effort, input.maxSteps, input.difficulty, weights)),
        shaping: round(shaping.value),
        partialCredit: 0,
      }
    : {
        base: weights.failed,
        bonus: 0,
        shaping: 0,
        partialCredit: round(weights.partialCredit * 0.5 * (input.faultsFixedShare + input.diagnosisScore)),
      };
  return { total: round(parts.base + parts.bonus + parts.shaping + parts.partialCredit), parts, effort, shaping };
}

/** Lines that changed nothing count 1, others one for each call that changed something: ten fixes on one line are no shortcut. */
export function effortOf(steps: readonly { readonly mutations: number }[]): number {
  return steps.reduce((sum, { mutations }) => sum + Math.max(1, mutations), 0);
}

/** Bonus of a resolved episode; an episode without any step (a right no-fault report) is as quick as one with one. */
function bonusOf(effort: number, maxSteps: number, difficulty: number, weights: RewardWeights): number {
  const speed = Math.max(0, 1 - (Math.max(1, effort) - 1) / maxSteps);
  const worth = weights.bonusEasyShare + (1 - weights.bonusEasyShare) * difficulty;
  return weights.bonusFloor + weights.bonusSpan * worth * speed;
}

/** Four decimals: enough for every weight, and sums of wire values stay equal to totals. */
export const round = (points: number): number => Math.round(points * 1e4) / 1e4;

function check(input: RewardInput, weights: RewardWeights): void {
  within('difficulty', input.difficulty, 0, 1);
  within('faultsFixedShare', input.faultsFixedShare, 0, 1);
  within('diagnosisScore', input.diagnosisScore, 0, 1);
  within('weights.partialCredit', weights.partialCredit, 0, MAX_PARTIAL_CREDIT);
  within('maxSteps', input.maxSteps, 1, Number.MAX_SAFE_INTEGER);
  for (const [i, step] of input.steps.entries()) {
    within(`judgeScore of step ${i + 1}`, step.judgeScore, -1, 1);
    within(`mutations of step ${i + 1}`, step.mutations, 0, Number.MAX_SAFE_INTEGER);
  }
}

function within(what: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw new RangeError(`${what} is ${value}, not in ${min}..${max}`);
}
