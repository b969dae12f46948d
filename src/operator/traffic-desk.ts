import type { Transaction } from '../health/snapshot.ts';

/** Customers of every arena; their transactions are what the oracle sees too. Keyed by the arena's name. */
export interface Traffic {
  /** Starts customers for an arena, if there are none yet, and returns their last minute of transactions. */
  start(arena: string): readonly Transaction[];
  /** More customers while a hold runs, so that a hold never ends without one having been served. */
  hurry(arena: string, on: boolean): void;
  stop(arena: string): void;
  stopAll(): void;
}
