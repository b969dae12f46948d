/** Every number of the reward in one place. Points unless said otherwise. */
export interface RewardWeights {
  /** Total of an episode that was not resolved, before partial credit. */
  readonly failed: number;
  /** What a resolved episode gets before bonus and shaping. */
  readonly resolved: number;
  /** Bonus of the slowest possible fix. */
  readonly bonusFloor: number;
  /** What speed can add to the bonus at difficulty 1. */
  readonly bonusSpan: number;
  /** Share of the span that does not depend on difficulty, 0..1. */
  readonly bonusEasyShare: number;
  /** For a phase of on-call work that is entered in its order. */
  readonly phaseInOrder: number;
  /** For a phase that was skipped. */
  readonly phaseSkipped: number;
  /** For each command that repeats an earlier one although nothing was changed since. */
  readonly repeat: number;
  /** Shaping stays within plus and minus this. */
  readonly shapingLimit: number;
  /** Points an unresolved episode can get for faults fixed and for the diagnosis, 0..MAX_PARTIAL_CREDIT. */
  readonly partialCredit: number;
}

/** The original Kube SRE Gym's numbers: resolved +3..+8, failed exactly -2. */
export const DEFAULT_WEIGHTS: RewardWeights = {
  failed: -2,
  resolved: 2.5,
  bonusFloor: 1,
  bonusSpan: 4,
  bonusEasyShare: 0.5,
  phaseInOrder: 0.2,
  phaseSkipped: -0.3,
  repeat: -0.15,
  shapingLimit: 0.5,
  partialCredit: 0,
};

/** For training: groups in which nobody resolves the incident still differ, so that there is something to learn from. */
export const TRAINING_WEIGHTS: RewardWeights = { ...DEFAULT_WEIGHTS, partialCredit: 1 };

/** More would let a failed episode come near a resolved one, and a single wire value leave REWARD_RANGE. */
export const MAX_PARTIAL_CREDIT = 2;

/** What one reward on the wire can be in the deliveries `telescope` and `last`, as openenv.yaml declares it. */
export const REWARD_RANGE = { min: -2, max: 10 } as const;
