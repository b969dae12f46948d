import type { LlmUse, WorkPhase } from '../api/episode.ts';
import type { Alert } from '../api/incident.ts';
import type { JudgementSource, Persona } from '../api/judging.ts';
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

/** What every question to a judge is about. */
export interface JudgedEpisode {
  readonly alert: Alert;
  /** What tells one scenario from another, e.g. its hash: judgements of LLMs are kept by it and the transcript. */
  readonly incident?: string;
  /** What the watch caches showed of the arena when the judge was asked; the oracle looks for itself, at another moment. */
  readonly snapshot?: ArenaSnapshot;
  /** senior by default; only a junior gets hints. */
  readonly persona?: Persona;
  /** True in an eval episode: no hints, no veto. */
  readonly evalSplit?: boolean;
  /** Milliseconds that an LLM may take to answer; JUDGE_CALL_MS by default. */
  readonly timeoutMs?: number;
}

export interface JudgeInput extends JudgedEpisode {
  readonly step: JudgedLine;
  /** Earlier steps of the episode in order. */
  readonly history: readonly JudgedLine[];
}

/** What a line was worth. */
export interface Opinion {
  /** -1..1. */
  readonly score: number;
  /** Absent for a line that is no on-call work. */
  readonly phase?: WorkPhase;
  /** One sentence for the agent; never tells cause, fix or fault type. */
  readonly feedback: string;
}

export interface Judgement extends Opinion {
  /** Help for a junior, from nothing but what the agent has seen; never in eval. */
  readonly hint?: string;
  readonly source: JudgementSource;
  /** What asking an LLM took, where one was asked. */
  readonly llm?: LlmUse;
}

export interface ConclusionInput extends JudgedEpisode {
  /** All steps of the episode in order, diagnoses among them. */
  readonly steps: readonly JudgedLine[];
  /** The oracle's verdict. */
  readonly resolved: boolean;
  /** True where an LLM may veto a resolution; never in eval, whatever stands here. */
  readonly mayVeto?: boolean;
  /** Score of the last diagnosis by the rules of src/reward/diagnosis.ts, 0..1; absent without one. */
  readonly diagnosisScore?: number;
  /** Share of the faults that are gone, 0..1; absent where there were none. */
  readonly fixedShare?: number;
}

/** The judge's last word on an episode. */
export interface Conclusion {
  /** 0..1; absent without a diagnosis. */
  readonly diagnosisScore?: number;
  /** 0..1, never above the share of the faults that are gone; absent where there were none. */
  readonly fixScore?: number;
  /** Why a resolution that the oracle granted shall not count. For the record: the agent must not read it. */
  readonly veto?: string;
  readonly source: JudgementSource;
  readonly llm?: LlmUse;
}

/** Scores how a line was worked and, at the end, how well. Never grants a resolution: that is the oracle's. */
export interface Judge {
  score(input: JudgeInput): Promise<Judgement>;
  conclude(input: ConclusionInput): Promise<Conclusion>;
}
