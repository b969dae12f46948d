/** What tells two commands of an agent apart: their normalised text, and whether one changed the cluster. */
export interface RepeatableStep {
  /** Equal for commands that ask for the same thing (`parseCommand(line).normalized`); undefined for what can never be a repeat. */
  readonly normalized?: string;
  /** Requests of this step that changed something in the cluster. */
  readonly mutations: number;
}

/**
 * Says for each step whether it repeats an earlier one with no successful mutation between the two. The mutation of the earlier
 * one itself does not count: the same fix sent twice in a row is a repeat, the same look before and after a fix is none.
 */
export function findRepeats(steps: readonly RepeatableStep[]): boolean[] {
  const lastSeen = new Map<string, number>();
  let lastMutation = -1;
  return steps.map(({ normalized, mutations }, index) => {
    const earlier = normalized === undefined ? undefined : lastSeen.get(normalized);
    const repeat = earlier !== undefined && lastMutation <= earlier;
    if (normalized !== undefined) lastSeen.set(normalized, index);
    if (mutations > 0) lastMutation = index;
    return repeat;
  });
}
