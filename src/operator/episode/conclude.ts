import type { Curriculum } from '../../api/curriculum.ts';
import type { Episode, EpisodeStatus, LlmUse } from '../../api/episode.ts';
import type { Incident } from '../../api/incident.ts';
import type { JudgeName } from '../../api/judging.ts';
import type { Step } from '../../api/step.ts';
import type { ArenaSnapshot } from '../../health/snapshot.ts';
import type { Judge, JudgedEpisode, JudgedLine } from '../../judge/judge.ts';

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

/** The judge's last word: its scores take the place of the rules', and a veto, where there may be one, takes back a resolution. `llm`: what asking took. */
export async function conclude(o: {
  judge: Judge;
  asked: JudgedEpisode;
  steps: readonly Step[];
  status: EpisodeStatus;
  mayVeto: boolean;
}): Promise<{ scores: Pick<EpisodeStatus, 'diagnosisScore' | 'fixScore'>; llm?: LlmUse; veto?: string }> {
  const { judge, asked, steps, status, mayVeto } = o;
  const { diagnosisScore, fixScore, llm, veto } = await judge.conclude({
    ...asked,
    steps: steps.filter((s) => s.spec.action !== 'Detach').map(judgedLine),
    resolved: status.outcome === 'Resolved',
    mayVeto,
    ...(status.diagnosisScore === undefined ? {} : { diagnosisScore: status.diagnosisScore }),
    ...(status.fixScore === undefined ? {} : { fixedShare: status.fixScore }),
  });
  const scores = { ...(diagnosisScore === undefined ? {} : { diagnosisScore }), ...(fixScore === undefined ? {} : { fixScore }) };
  return { scores, ...(llm ? { llm } : {}), ...(mayVeto && veto ? { veto } : {}) };
}
