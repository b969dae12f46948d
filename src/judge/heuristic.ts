import { cleanLine, parseCommand } from './command.ts';
import { factsOf } from './facts.ts';
import { hintOf } from './hint.ts';
import type { Conclusion, ConclusionInput, Judge, JudgedEpisode, JudgedLine, JudgeInput, Judgement } from './judge.ts';
import { RULES } from './rules.ts';

/**
 * The judge that needs no LLM: an ordered list of rules about the line, its exit code and what was seen before. It knows nothing of the
 * incident but the alert, so it can reveal nothing. What a line printed never raises its own score.
 */
export function judgeByRules(input: JudgeInput): Judgement {
  if (!isWork(input.step)) return { score: 0, feedback: '', source: 'heuristic' };
  const facts = factsOf(input);
  for (const rule of RULES) {
    const opinion = rule(facts);
    if (!opinion) continue;
    const hint = wantsHints(input) ? hintOf(facts) : undefined;
    return { ...opinion, ...(hint === undefined ? {} : { hint }), source: 'heuristic' };
  }
  throw new Error('No rule judged the line; the last rule must always do');
}

/** Saying something is no work; a line that works and then reports is. */
export function isWork({ action, command }: JudgedLine): boolean {
  return action === 'Command' || (action === 'Report' && parseCommand(cleanLine(command)).kubectl.length > 0);
}

/** Only juniors get hints, and nobody does in eval. */
export function wantsHints({ persona, evalSplit }: JudgedEpisode): boolean {
  return persona === 'junior' && evalSplit !== true;
}

/** The rules have no opinion of their own about the end: what was named and what is repaired is counted elsewhere. */
export function concludeByRules({ diagnosisScore, fixedShare }: ConclusionInput): Conclusion {
  return {
    ...(diagnosisScore === undefined ? {} : { diagnosisScore }),
    ...(fixedShare === undefined ? {} : { fixScore: fixedShare }),
    source: 'heuristic',
  };
}

export const heuristicJudge: Judge = {
  score: (input) => Promise.resolve(judgeByRules(input)),
  conclude: (input) => Promise.resolve(concludeByRules(input)),
};
