import type { ParsedCommand } from './command.ts';

/** What tells two lines of an agent apart: what they ask, and whether one changed the cluster. */
export interface RepeatableStep {
  /** What the line asks, one entry for each question (`asksOf`); empty for what can never be a repeat. */
  readonly asks: readonly string[];
  /** Requests of this step that changed something in the cluster. */
  readonly mutations: number;
}

// Adding one of these to a line asks nothing new.
const IDLE = new Set(['echo', 'printf', 'true', ':', 'sleep', 'date', 'clear', 'wait']);

/**
 * The questions of a line. kubectl commands count one by one, so that two old questions on one line are still old; with a filter
 * (`| grep x`) the line is one question, because the filter shows what was cut away before.
 */
export function asksOf(parsed: ParsedCommand): string[] {
  const forms = parsed.normalized.split(' ; ');
  if (parsed.kubectl.length === 0) return [parsed.normalized];
  const working = [...new Set(forms.filter((form) => !IDLE.has(form.split(' ', 1)[0])))];
  return working.every((form) => form.startsWith('kubectl')) ? working : [working.join(' ; ')];
}

/**
 * Says for each step whether everything it asks was asked before, with no successful mutation since. The mutation of the earlier
 * step itself does not count: the same fix sent twice in a row is a repeat, the same look before and after a fix is none.
 */
export function findRepeats(steps: readonly RepeatableStep[]): boolean[] {
  const lastAsked = new Map<string, number>();
  let lastMutation = -1;
  return steps.map(({ asks, mutations }, index) => {
    const repeat = asks.length > 0 && asks.every((ask) => (lastAsked.get(ask) ?? -1) >= Math.max(0, lastMutation));
    for (const ask of asks) lastAsked.set(ask, index);
    if (mutations > 0) lastMutation = index;
    return repeat;
  });
}
