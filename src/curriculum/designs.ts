import { type CurriculumStatus, MAX_DESIGNS, type ReadyDesign } from '../api/curriculum.ts';
import { seededRandom } from '../faults/random.ts';
import type { Choice } from './choose.ts';
import { pushed } from './rate.ts';
import { mayBeDesigned, type Rules, tierIndex, unlockedAt } from './rules.ts';

/** Proven designs that are kept ready. Each took an arena; more would be stale before they are drawn. */
const READY = 2;

/** What the next design is to be. */
export interface DesignWish {
  /** Which design of the Curriculum it is, from 0. */
  readonly number: number;
  /** Fault type that it has to be about. */
  readonly about: string;
  readonly tier: string;
  /** Fault types that may come beside it. */
  readonly types: readonly string[];
  readonly faultsAtOnce: number;
  readonly redHerrings: boolean;
  readonly minDifficulty: number;
  readonly maxDifficulty: number;
  readonly weakSpots: readonly string[];
  /** Success 0..1 by fault type. */
  readonly mastery: Readonly<Record<string, number>>;
}

/**
 * The design to ask for next: about a weak spot, or else any unlocked fault, that no ready design is about. The same for the same status.
 *
 * @param curriculum its name: two Curricula that stand alike ask for different ones
 * @param status as statusUnder() gives it
 * @returns undefined where LLMs may not design, and while enough designs are ready
 */
export function nextDesign(curriculum: string, status: CurriculumStatus, rules: Rules): DesignWish | undefined {
  if (!mayBeDesigned(rules, status)) return undefined;
  const ready = (status.designs ?? []).filter((design) => fits(design, status, rules));
  if (ready.length >= READY) return undefined;
  const { types, faultsAtOnce, redHerrings } = unlockedAt(rules, tierIndex(rules.spec, status.tier));
  const number = status.designed ?? 0;
  const open = types.filter((type) => ready.every(({ fault }) => fault !== type));
  const weak = open.filter((type) => status.weakSpots.includes(type));
  const candidates = [weak, open, types].find((some) => some.length > 0);
  if (!candidates) return undefined;
  const random = seededRandom(JSON.stringify(['design', curriculum, number]));
  return {
    ...{ number, about: candidates[random(candidates.length)], tier: status.tier, types, faultsAtOnce, redHerrings },
    ...{ minDifficulty: rules.spec.minDifficulty, maxDifficulty: status.difficulty, weakSpots: status.weakSpots },
    mastery: Object.fromEntries(status.mastery.map(({ fault, rate }) => [fault, rate])),
  };
}

/** The ready design that takes the place of a draw, if the choice admits one and there is one for its fault; the oldest of several. */
export function fittingDesign(choice: Choice, status: CurriculumStatus, rules: Rules): ReadyDesign | undefined {
  if (!choice.llmDesign) return undefined;
  return status.designs?.find((design) => design.fault === choice.draw?.pool.type && fits(design, status, rules));
}

/** The status with one more ready design. Those that fit no longer, because the tier fell or the spec was edited, make room. */
export function withDesign(status: CurriculumStatus, design: ReadyDesign, rules: Rules): CurriculumStatus {
  const kept = (status.designs ?? []).filter((other) => other.name !== design.name && fits(other, status, rules));
  return { ...status, designs: pushed(kept, design, MAX_DESIGNS) };
}

export const withoutDesign = (status: CurriculumStatus, name: string): CurriculumStatus => ({
  ...status,
  designs: status.designs?.filter((design) => design.name !== name),
});

/** What the Curriculum would draw where it stands now. */
function fits({ difficulty, incident }: ReadyDesign, status: CurriculumStatus, rules: Rules): boolean {
  const { types, faultsAtOnce, redHerrings } = unlockedAt(rules, tierIndex(rules.spec, status.tier));
  return (
    difficulty >= rules.spec.minDifficulty &&
    difficulty <= status.difficulty &&
    incident.faults.length <= faultsAtOnce &&
    incident.faults.every(({ type }) => types.includes(type)) &&
    (redHerrings || !incident.redHerrings?.length)
  );
}
