import type { Curriculum } from '../../api/curriculum.ts';
import type { Episode, EpisodeStatus, LlmUse } from '../../api/episode.ts';
import type { Incident } from '../../api/incident.ts';
import type { JudgeName } from '../../api/judging.ts';
import type { Step } from '../../api/step.ts';
import type { ArenaSnapshot } from '../../health/snapshot.ts';
import type { Judge, JudgedEpisode, JudgedLine, Judgement } from '../../judge/judge.ts';

export type Judges = Readonly<Record<JudgeName, Judge>>;

/** Who judges an Episode and whether it may veto, as its Curriculum says now; the rules alone where there is none. */
export function judgeOf(curriculum: Curriculum | undefined): { name: JudgeName; mayVeto: boolean } {
  // An LLM alone would leave a line unjudged when it fails: in play the rules always stand in for it.
  const name = curriculum && curriculum.spec.judge.kind !== 'heuristic' ? 'both' : 'heuristic';
  return { name, mayVeto: name !== 'heuristic' && curriculum?.spec.judge.veto === true };
}

const JUDGED = new WeakMap<Step, JudgedLine>();

/** The same object for the same Step, so that what a judge has read of it need not be read again for later steps. */
export function judgedLine(step: Step): JudgedLine {
  const known = JUDGED.get(step);
  if (known) return known;
  const { action, command, output = '', mutations, exitCode } = step.spec;
  const line = { action, command, output, mutations, ...(exitCode === undefined ? {} : { exitCode }) };
  JUDGED.set(step, line);
  return line;
}

/** What every question to a judge says of the episode. */
export function judgedEpisode(episode: Episode, incident: Incident, snapshot: ArenaSnapshot | undefined): JudgedEpisode {
  const { scenarioHash, persona } = episode.status ?? {};
  return {
    alert: incident.status?.alert as NonNullable<EpisodeStatus['alert']>,
    ...(scenarioHash ? { incident: scenarioHash } : {}),
    ...(snapshot ? { snapshot } : {}),
    ...(persona ? { persona } : {}),
    evalSplit: (episode.spec.split ?? 'train') !== 'train',
  };
}

/**
 * Whether a final status is a resolution that a judge may take back: one that the oracle granted, once at each step. That nothing was broken and
 * nothing was touched is a plain fact.
 */
export function mayBeVetoed(incident: Incident, { outcome, veto, decidedSteps = 0 }: EpisodeStatus): boolean {
  if (outcome !== 'Resolved' || incident.status?.resolvedTime === undefined) return false;
  return !veto || decidedSteps > veto.step;
}

/** `scores` take the place of the rules', `veto` says why a resolution does not count, `llm` is what asking took. */
export interface LastWord {
  scores: Pick<EpisodeStatus, 'diagnosisScore' | 'fixScore'>;
  llm?: LlmUse;
  veto?: string;
}

/** What the judge said of an Episode that is played. */
export interface Said {
  /** By uid of the Step: one is judged once, not once a pass. */
  judgements: Map<string, Judgement>;
  /** By what was asked, until the status with it is written: a pass that has to be repeated neither asks again nor forgets what asking took. */
  lastWords: Map<string, LastWord>;
}

/** Asks the judge for its last word on a final `status`, or finds it in `said`. There is a veto only where there may be one. */
export async function conclude(o: {
  judge: Judge;
  asked: JudgedEpisode;
  episode: Episode;
  steps: readonly Step[];
  status: EpisodeStatus;
  mayVeto: boolean;
  said: Said['lastWords'];
}): Promise<LastWord> {
  const { judge, asked, episode, steps, status, mayVeto, said } = o;
  const resolved = status.outcome === 'Resolved';
  const key = JSON.stringify([episode.metadata.uid, steps.length, resolved, mayVeto, status.diagnosisScore, status.fixScore]);
  const known = said.get(key);
  if (known) return known;
  const { diagnosisScore, fixScore, llm, veto } = await judge.conclude({
    ...asked,
    steps: steps.filter((s) => s.spec.action !== 'Detach').map(judgedLine),
    resolved,
    mayVeto,
    ...(status.diagnosisScore === undefined ? {} : { diagnosisScore: status.diagnosisScore }),
    ...(status.fixScore === undefined ? {} : { fixedShare: status.fixScore }),
  });
  const scores = { ...(diagnosisScore === undefined ? {} : { diagnosisScore }), ...(fixScore === undefined ? {} : { fixScore }) };
  const last = { scores, ...(llm ? { llm } : {}), ...(mayVeto && veto ? { veto } : {}) };
  said.set(key, last);
  return last;
}
