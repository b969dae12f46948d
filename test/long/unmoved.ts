/** One episode of a trained Curriculum. */
export interface Drawn {
  readonly group: number;
  readonly tier: string;
  readonly faults: readonly string[];
}

/** So many groups later at the latest a weak spot has come again. */
const AGAIN_WITHIN = 8;

/**
 * How a Curriculum did not move with its agent, as sentences. What the agent cannot do must come again while there are groups left, and take a third of
 * them; the tier must follow the results.
 * @param groups how many there were to be; nothing is said before all were drawn
 * @param good fault types that the agent can do
 */
export function unmoved(lines: readonly Drawn[], groups: number, good: readonly string[]): string[] {
  const drawn = [...new Map(lines.map((line) => [line.group, line])).values()].sort((a, b) => a.group - b.group);
  if (drawn.length < groups) return [];
  const bad = drawn.filter(({ faults }) => !faults.every((fault) => good.includes(fault)));
  const once = [...Map.groupBy(bad, ({ faults }) => faults.join('+'))].filter(
    ([, own]) => own.length === 1 && own[0].group < groups - AGAIN_WITHIN,
  );
  const tiers = new Set(drawn.map(({ tier }) => tier));
  return [
    ...once.map(([faults, [{ group }]]) => `${faults} was not resolved in group ${group} and never came again`),
    ...(bad.length < drawn.length / 3 ? [`only ${bad.length} of ${drawn.length} groups were about what the agent cannot do`] : []),
    ...(bad.length < drawn.length && tiers.size < 2 ? ['the tier never moved'] : []),
  ];
}
