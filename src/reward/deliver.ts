import { round } from './reward.ts';

/** How an episode's total is spread over the frames that a client gets. */
export const DELIVERIES = ['telescope', 'last', 'step'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** One frame: an answer to an action, also to one that only waits for a settle. */
export interface Frame {
  /** Total if the episode ended with this frame (V_t); null when it is unscorable. */
  readonly value: number | null;
  /** V_(t-1); 0 before the first frame. */
  readonly previousValue: number;
  /** Sum of the rewards already sent for this episode. */
  readonly delivered: number;
  /** The judge's score of this step, -1..1. */
  readonly judgeScore: number;
  readonly done: boolean;
}

/**
 * The reward of one frame; null when there is none (unscorable).
 * telescope: V_t - V_(t-1), so the sum is the total wherever the agent stops. last: 0 until done, then the total.
 * step: the judge's score, and with the last frame what is missing to the total.
 */
export function deliver(delivery: Delivery, frame: Frame): number | null {
  if (frame.value === null) return null;
  switch (delivery) {
    case 'telescope':
      return round(frame.value - frame.previousValue);
    case 'last':
      return frame.done ? frame.value : 0;
    case 'step':
      return frame.done ? round(frame.value - frame.delivered) : frame.judgeScore;
  }
}
