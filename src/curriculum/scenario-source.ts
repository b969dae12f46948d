import type { FaultSpec } from '../api/incident.ts';

/** A set of scenarios of one kind. band: index of the lowest tier whose maximum difficulty admits them. size: number of faults. */
export interface Pool {
  readonly split: 'train' | 'eval';
  /** The primary fault type. */
  readonly type: string;
  readonly size: 1 | 2 | 3;
  readonly band: number;
}

export interface Scenario {
  /** Equal for scenarios that differ in cosmetic parameters only. */
  readonly key: string;
  readonly faults: readonly FaultSpec[];
  /** 0..1. */
  readonly difficulty: number;
}

/** Everything that can be drawn. Pools of a split share no scenario; what a pool holds, and in which order, never changes. */
export interface ScenarioSource {
  pools(split: 'train' | 'eval'): readonly Pool[];
  /** Scenarios of the pool. */
  count(pool: Pool): number;
  /** The scenario at `index`, from 0 to count - 1. */
  at(pool: Pool, index: number): Scenario;
}
