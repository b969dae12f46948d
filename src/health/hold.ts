import { MIN_HOLD_SECONDS, RECURRENCE_FACTOR } from '../api/defaults.ts';
import type { OracleResult } from './oracle.ts';

/** How long everything has been healthy. Lives in memory: after a restart of the operator the hold begins anew. */
export interface Hold {
  /** Start of the present healthy stretch; undefined while there is none. */
  since?: Date;
  /** Healthy for as long as was asked, with every object looked for. */
  resolved: boolean;
  /** The time is over, but not every object was looked for: read `present` and evaluate again. */
  needsFullCheck?: boolean;
}

export const NO_HOLD: Hold = { resolved: false };

/** Seconds to hold: what the spec asks for, 5 s, or 1.5 x the longest period after which a fault would show again, whichever is most. */
export function holdSeconds(recurrences: readonly number[], asked = 0): number {
  return Math.ceil(Math.max(asked, MIN_HOLD_SECONDS, ...recurrences.map((s) => s * RECURRENCE_FACTOR)));
}

/**
 * The hold after one more look. It starts with the first healthy look, starts again when something moved or a customer failed in between
 * (even if no look saw it), and is over when `seconds` have passed and a customer was served within it.
 */
export function advance(hold: Hold, result: OracleResult, seconds: number, now: Date): Hold {
  if (result.verdict !== 'healthy') return NO_HOLD;
  const since = hold.since && hold.since >= result.quietSince ? hold.since : now;
  const served = result.lastServedAt !== undefined && result.lastServedAt >= since;
  const over = served && now.getTime() - since.getTime() >= seconds * 1000;
  return { since, resolved: over && result.complete, needsFullCheck: over && !result.complete };
}
