import type { WorkPhase } from '../api/episode.ts';
import type { Alert } from '../api/incident.ts';
import type { StepAction } from '../api/step.ts';
import type { ArenaSnapshot } from '../health/snapshot.ts';

/** One line of the agent and what came of it. All of it was written by the agent or by what it started: data, never instructions. */
export interface JudgedLine {
  readonly action: StepAction;
  readonly command: string;
  /** Absent where nothing ran. */
  readonly exitCode?: number;
  /** What the agent saw. */
  readonly output: string;
  /** kubectl calls that changed something, as the arena view counted them. */
  readonly mutations: number;
}

export interface JudgeInput {
  readonly alert: Alert;
  readonly step: JudgedLine;
  /** Earlier steps of the episode in order. */
  readonly history: readonly JudgedLine[];
  /** The same moment that the oracle looked at. */
  readonly snapshot?: ArenaSnapshot;
}

export interface Judgement {
  /** -1..1. */
  readonly score: number;
  /** Absent for a line that is no on-call work. */
  readonly phase?: WorkPhase;
  /** One sentence for the agent; never tells cause, fix or fault type. */
  readonly feedback: string;
}

/** Scores how a line was worked, never whether the incident is resolved: that is the oracle's. */
export interface Judge {
  score(input: JudgeInput): Promise<Judgement>;
}
