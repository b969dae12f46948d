import type { Episode, EpisodeSpec } from '../api/episode.ts';
import type { Incident } from '../api/incident.ts';
import type { StepSpec } from '../api/step.ts';

/** What a session needs of the cluster: it creates Episodes and Steps, and reads; verdicts are the operator's. */
export interface EpisodeClient {
  /** Creates an Episode owned by nobody, played by this gateway. */
  create(spec: EpisodeSpec): Promise<Episode>;
  /**
   * Writes one Step, with retries for `withinMs` milliseconds. A Detach goes behind a Step that has its index already.
   * @throws GatewayError when it is not known to be stored in time; then only a Detach may follow
   */
  recordStep(episode: Episode, step: Omit<StepSpec, 'episode'>, withinMs: number): Promise<void>;
  /**
   * The first state of the Episode that satisfies `predicate`, or the last one seen when `timeoutMs` is over.
   * @throws GatewayError when the Episode was deleted or cannot be read
   */
  waitFor(name: string, predicate: (episode: Episode) => boolean, timeoutMs: number): Promise<Episode>;
  incident(name: string): Promise<Incident>;
}

/** Where an agent works during one episode: the shell, its kubectl and the arena view behind it. */
export interface Workplace {
  run(line: string): Promise<WorkResult>;
  close(): Promise<void>;
}

export interface WorkResult {
  /** stdout and stderr as a terminal would show them. */
  output: string;
  exitCode: number;
  durationMs: number;
  /** kubectl calls that changed something, as the arena view counted them. */
  mutations: number;
  /** `report VERDICT` was called inside the line. */
  report?: 'resolved' | 'no-fault' | 'give-up';
  /** The gym itself failed (API server out of reach, runner gone): not the agent's doing. */
  infrastructure?: string;
}

export interface WorkplaceFactory {
  /** `namespaces`: plain to real names of the arena. */
  open(namespaces: Record<string, string>): Promise<Workplace>;
}
