import { readFileSync } from 'node:fs';
import { PERSONAS, type Persona } from '../api/judging.ts';
import { arenaLines } from './arena-lines.ts';
import { closing, fenced, opening } from './fence.ts';
import type { ConclusionInput, JudgedEpisode, JudgedLine, JudgeInput } from './judge.ts';

export interface Prompt {
  /** Constant for a persona, so that services can cache it. */
  readonly system: string;
  readonly user: string;
}

/** What an earlier line printed is shortened to so many characters, at the end of a line: 64 lines then stay within what models read fast. */
const EARLIER_CHARS = 1200;

const text = (name: string): string => readFileSync(new URL(`./prompts/${name}.md`, import.meta.url), 'utf8');
const personas = new Map(PERSONAS.map((persona) => [persona, text(persona)]));
const role = (persona: Persona = 'senior'): string => personas.get(persona) as string;
const STEP = text('step');
const CONCLUSION = text('conclusion');

/** The question about one line. All that the agent or the cluster wrote is inside the fence. */
export function stepPrompt(input: JudgeInput, nonce: string): Prompt {
  return { system: STEP + role(input.persona), user: userPart(stepData(input), nonce, 'Judge the line in step.') };
}

/** The question about a whole episode. */
export function conclusionPrompt(input: ConclusionInput, nonce: string): Prompt {
  return { system: CONCLUSION + role(input.persona), user: userPart(conclusionData(input), nonce, 'Judge the episode.') };
}

export function stepData(input: JudgeInput): object {
  return { alert: input.alert, earlier: input.history.map(shortened), step: input.step, cluster: clusterOf(input) };
}

export function conclusionData(input: ConclusionInput): object {
  return { alert: input.alert, steps: input.steps.map(shortened), over: input.resolved, cluster: clusterOf(input) };
}

function userPart(data: object, nonce: string, task: string): string {
  return `The data stands between ${opening(nonce)} and ${closing(nonce)}.\n${fenced(data, nonce)}\n${task}`;
}

const clusterOf = ({ snapshot }: JudgedEpisode): string[] | 'not looked at' => (snapshot ? arenaLines(snapshot) : 'not looked at');

function shortened(line: JudgedLine): JudgedLine {
  if (line.output.length <= EARLIER_CHARS) return line;
  const lines = line.output.split('\n');
  let room = EARLIER_CHARS;
  const end = lines.findIndex((each) => {
    room -= each.length + 1;
    return room < 0;
  });
  return { ...line, output: [...lines.slice(0, end), `[${lines.length - end} more lines]`].join('\n') };
}
