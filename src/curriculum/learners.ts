/** Somebody who is trained, as far as a Curriculum can tell. */
export interface Learner {
  /** Chance to resolve an incident of these fault types, 0..1. A control without a fault asks for nothing. */
  chance(faults: readonly string[]): number;
  /** One group of episodes with these fault types was played and learned from. */
  practise(faults: readonly string[]): void;
}

interface Talent {
  /** Skill at the start, and the highest it can get to. */
  readonly from: number;
  readonly ceiling: number;
  /** Share of what is missing that each group of episodes adds. */
  readonly gain: number;
  /** Learns only this one. */
  readonly only?: string;
  /** After so many groups it learns nothing more, and each further group costs a share of every skill. */
  readonly forgets?: { readonly after: number; readonly share: number };
}

/** A skill for each fault type; an incident of several faults needs all of them. */
function talented({ from, ceiling, gain, only, forgets }: Talent): Learner {
  const skills = new Map<string, number>();
  let groups = 0;
  const skill = (fault: string): number => skills.get(fault) ?? from;
  return {
    chance: (faults) => faults.reduce((product, fault) => product * skill(fault), 1),
    practise: (faults) => {
      groups++;
      if (forgets && groups > forgets.after) {
        for (const [fault, value] of skills) skills.set(fault, value * (1 - forgets.share));
        return;
      }
      for (const fault of faults) {
        if (only === undefined || fault === only) skills.set(fault, skill(fault) + gain * (ceiling - skill(fault)));
      }
    },
  };
}

const FAST: Talent = { from: 0.2, ceiling: 0.98, gain: 0.3 };

/** Synthetic learners by name. What they stand for: docs/curriculum.md. */
export const LEARNERS = {
  fast: () => talented(FAST),
  slow: () => talented({ from: 0.05, ceiling: 0.9, gain: 0.04 }),
  forgetful: () => talented({ ...FAST, forgets: { after: 125, share: 0.1 } }),
  'single-fault': () => talented({ ...FAST, from: 0.05, only: 'oom_kill' }),
  random: () => talented({ from: 0.15, ceiling: 0.15, gain: 0 }),
} as const satisfies Record<string, () => Learner>;
export type LearnerName = keyof typeof LEARNERS;
