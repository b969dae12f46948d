import { faultOf } from '../faults/index.ts';

/** What makes an incident hard. */
export interface Hardness {
  readonly faults: readonly { readonly type: string }[];
  /** Dependencies between what the page speaks of and what is broken, all faults together. */
  readonly hops?: number;
  /** Number of red herrings. */
  readonly redHerrings?: number;
}

/**
 * By number of faults: where difficulty starts, and how much the hardest of them (0..1) counts. Chosen so that singles, pairs and triples do
 * not overlap and fall into the tiers that unlock them (at most .40, .60, .80).
 */
const LEVELS = [
  { start: 0, share: 0 },
  { start: 0, share: 1 },
  { start: 0.4, share: 0.35 },
  { start: 0.6, share: 0.25 },
  { start: 0.75, share: 0.15 },
  { start: 0.85, share: 0.1 },
] as const;
/** What one hop, and one red herring, takes of the way that is left to 1. */
const HOP = 0.06;
const RED_HERRING = 0.05;

/**
 * 0..1, to three digits. Never falls with another fault, a harder one, a longer way from the page to the cause, or more noise.
 * Throws for a fault type that does not exist.
 */
export function difficultyOf({ faults, hops = 0, redHerrings = 0 }: Hardness): number {
  const { start, share } = LEVELS[Math.min(faults.length, LEVELS.length - 1)];
  const hardest = Math.max(0, ...faults.map(({ type }) => faultOf(type).difficulty));
  const left = (1 - start - share * hardest) * (1 - HOP) ** hops * (1 - RED_HERRING) ** redHerrings;
  return Math.round((1 - left) * 1000) / 1000;
}
