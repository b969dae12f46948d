import { VERDICTS, type Verdict } from '../../api/step.ts';
import { cleanLine } from '../../judge/command.ts';

/** What one message of the agent asks for. */
export type AgentAction =
  | { kind: 'command'; line: string }
  | { kind: 'diagnose'; text: string }
  | { kind: 'report'; verdict: Verdict }
  | { kind: 'invalid'; message: string };

/** Longest line or diagnosis, in characters. */
export const MAX_ACTION_CHARS = 64 * 1024;

/** Reads one message: `fix: LINE`, `diagnose: TEXT`, `report: VERDICT` (prefixes in any case) or a plain line, with or without Markdown around it. */
export function parseAction(text: string): AgentAction {
  if (text.length > MAX_ACTION_CHARS) {
    return { kind: 'invalid', message: `The command has ${text.length} characters; at most ${MAX_ACTION_CHARS} are taken` };
  }
  if (text.includes('\0')) return { kind: 'invalid', message: 'The command contains a NUL character' };
  const line = cleanLine(text);
  const [, prefix, rest] = /^(diagnose|report):\s*([\s\S]*)$/i.exec(line) ?? [];
  if (prefix?.toLowerCase() === 'diagnose') {
    return rest.trim()
      ? { kind: 'diagnose', text: rest.trim() }
      : { kind: 'invalid', message: 'Say what is wrong: `diagnose: WORKLOAD AND CAUSE`' };
  }
  if (prefix) {
    const verdict = readVerdict(rest);
    return verdict ? { kind: 'report', verdict } : { kind: 'invalid', message: unknownVerdict(rest) };
  }
  if (!line) return { kind: 'invalid', message: 'The command is empty; send one line for the shell, e.g. `kubectl get pods -A`' };
  return { kind: 'command', line };
}

/** `Give up.` -> `give-up`; undefined for anything that is no verdict. */
export function readVerdict(text: string): Verdict | undefined {
  const word = text
    .trim()
    .toLowerCase()
    .replace(/[.!`'"]+$/, '')
    .replace(/[\s_]+/g, '-');
  return VERDICTS.find((verdict) => verdict === word || verdict.replace('-', '') === word);
}

/** The sentence for a report that is none. */
export function unknownVerdict(text: string): string {
  return `Unknown report "${text.trim().slice(0, 80)}"; use one of ${VERDICTS.join(', ')}`;
}
