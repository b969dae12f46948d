import { type CurriculumStatus, MAX_RECENT } from '../api/curriculum.ts';
import type { Happening } from './happening.ts';
import { weakSpotsOf, withResult } from './mastery.ts';
import { pushed } from './rate.ts';
import { floorTier } from './reach.ts';
import { personaOf, type Rules, tierIndex, unlockedAt } from './rules.ts';
import { moveTier } from './tier.ts';

/** A closed group with a scorable member. */
export interface Trial {
  readonly assignment: string;
  /** The fault it was drawn for; none where nothing was broken. */
  readonly fault?: string;
  readonly tier: string;
  /** How often the tier had changed when it was drawn. */
  readonly stint: number;
  /** 0..1. */
  readonly success: number;
  readonly reward: number;
  readonly closedTime: string;
}

const SHOWN_REWARDS = 5;

/** Nothing learned, and in no tier yet: statusUnder() puts it into the first one. */
export const BLANK_STATUS: CurriculumStatus = {
  ...{ tier: '', stint: 0, difficulty: 0, persona: 'junior', trials: 0, trialsInTier: 0, tierResults: [], mastery: [] },
  ...{ masterySummary: '', weakSpots: [], graduated: [], unlocked: [], recent: [], lastRewards: '', runs: [], folding: [] },
};

/**
 * The status that the rules make of what is known: a new Curriculum stands in the lowest tier in which there is anything to draw, and one that
 * is below it (its spec was edited) moves there. All that derives from other fields is made anew. Throws when nothing can be drawn at all.
 */
export function statusUnder(status: CurriculumStatus | undefined, rules: Rules): CurriculumStatus {
  const known = status ?? BLANK_STATUS;
  const floor = floorTier(rules);
  const { tiers } = rules.spec;
  if (status && tierIndex(rules.spec, known.tier) >= floor) return derived(known, rules);
  const entered = { tier: tiers[floor].name, stint: status ? known.stint + 1 : 0, trialsInTier: 0, tierResults: [] };
  return derived({ ...known, ...entered }, rules);
}

/**
 * One more trial. Its fault's mastery counts it whenever it was drawn; promotion only if the tier has not changed since. A trial in which
 * nothing was broken is among the recent ones and counts for nothing else. The tier moves by one at most.
 *
 * @returns the new status and what happened, in order; the same for the same input
 */
export function foldTrial(
  status: CurriculumStatus | undefined,
  trial: Trial,
  rules: Rules,
): { status: CurriculumStatus; happenings: Happening[] } {
  const before = statusUnder(status, rules);
  const { assignment, fault, tier, success, reward, closedTime } = trial;
  const seen: CurriculumStatus = {
    ...before,
    trials: before.trials + 1,
    recent: pushed(before.recent, { assignment, ...(fault ? { fault } : {}), tier, success, reward, closedTime }, MAX_RECENT),
  };
  if (fault === undefined) return { status: derived(seen, rules), happenings: [] };

  const learned = withResult(seen.mastery, fault, success, rules.spec.mastery);
  const known = { ...seen, mastery: learned.mastery };
  if (trial.stint !== before.stint) return { status: derived(known, rules), happenings: learned.happenings };

  const tierResults = pushed(known.tierResults, success, rules.spec.promotion.window);
  const moved = moveTier({ tier: before.tier, stint: before.stint, trialsInTier: known.trialsInTier + 1, tierResults }, rules);
  return { status: derived({ ...known, ...moved.standing }, rules), happenings: [...learned.happenings, ...moved.happenings] };
}

function derived(status: CurriculumStatus, rules: Rules): CurriculumStatus {
  const { spec } = rules;
  const index = tierIndex(spec, status.tier);
  const difficulty = spec.tiers[index].maxDifficulty;
  const unlocked = [...unlockedAt(rules, index).types];
  const weakSpots = weakSpotsOf(status.mastery, unlocked, spec.mastery);
  const masteredCount = status.mastery.filter(({ fault, mastered }) => mastered && unlocked.includes(fault)).length;
  return {
    ...status,
    difficulty,
    persona: personaOf(difficulty, spec.judge.persona),
    weakSpots,
    graduated: status.mastery.filter((entry) => entry.graduated).map(({ fault }) => fault),
    unlocked,
    masterySummary: `${masteredCount} of ${unlocked.length}${weakSpots.length ? `, weak: ${weakSpots.join(', ')}` : ''}`.slice(0, 256),
    lastRewards: status.recent
      .slice(-SHOWN_REWARDS)
      .map(({ reward }) => `${reward < 0 ? '' : '+'}${reward.toFixed(1)}`)
      .join(' '),
  };
}
