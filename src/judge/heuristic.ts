import { cleanLine, parseCommand } from './command.ts';
import { factsOf } from './facts.ts';
import type { Judge, JudgedLine, JudgeInput, Judgement } from './judge.ts';
import { RULES } from './rules.ts';

/**
 * The judge that needs no LLM: an ordered list of rules about the line, its exit code and what was seen before. It knows nothing of the
 * incident but the alert, so it can reveal nothing. What a line printed never raises its own score.
 */
export function judgeByRules(input: JudgeInput): Judgement {
  if (!isWork(input.step)) return { score: 0, feedback: '' };
  const facts = factsOf(input);
  for (const rule of RULES) {
    const judgement = rule(facts);
    if (judgement) return judgement;
  }
  throw new Error('No rule judged the line; the last rule must always do');
}

/** Saying something is no work; a line that works and then reports is. */
function isWork({ action, command }: JudgedLine): boolean {
  return action === 'Command' || (action === 'Report' && parseCommand(cleanLine(command)).kubectl.length > 0);
}

export const heuristicJudge: Judge = { score: (input) => Promise.resolve(judgeByRules(input)) };
