import type { CurriculumStatus } from '../api/curriculum.ts';
import { demoted, type Happening, promoted, unlocked } from './happening.ts';
import { meanOf } from './rate.ts';
import { floorTier } from './reach.ts';
import { type Rules, tierIndex, unlockedAt } from './rules.ts';

type Standing = Pick<CurriculumStatus, 'tier' | 'stint' | 'trialsInTier' | 'tierResults'>;

/**
 * Moves up one tier, down one tier, or not at all, by the results since the tier was entered. Up: the tier's minimum of trials at its rate, or
 * the fast track. Down: a whole window below the lowest rate, never to where nothing can be drawn. A new tier starts without results.
 */
export function moveTier(standing: Standing, rules: Rules): { standing: Standing; happenings: Happening[] } {
  const { tiers, promotion } = rules.spec;
  const index = tierIndex(rules.spec, standing.tier);
  const { name, minTrials, advanceRate } = tiers[index];
  const { trialsInTier, tierResults, stint } = standing;
  const rate = meanOf(tierResults);
  const entered = (tier: string): Standing => ({ tier, stint: stint + 1, trialsInTier: 0, tierResults: [] });

  const above = tiers[index + 1];
  if (above && advanceRate !== undefined && trialsInTier > 0) {
    const slow = trialsInTier >= minTrials && rate >= advanceRate;
    const fast = trialsInTier >= promotion.fastTrackTrials && rate >= promotion.fastTrackRate;
    if (slow || fast) {
      const news = unlocked(above.name, unlockedAt(rules, index), unlockedAt(rules, index + 1));
      return { standing: entered(above.name), happenings: [promoted(name, above.name, rate, trialsInTier, !slow), ...news] };
    }
  }
  if (tierResults.length >= promotion.window && rate < promotion.demoteRate && index > floorTier(rules)) {
    const below = tiers[index - 1].name;
    return { standing: entered(below), happenings: [demoted(name, below, rate, tierResults.length)] };
  }
  return { standing, happenings: [] };
}
