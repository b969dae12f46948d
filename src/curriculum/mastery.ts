import type { FaultMastery, MasteryRule } from '../api/curriculum.ts';
import { backInTraining, graduated, type Happening, mastered } from './happening.ts';
import { meanOf, pushed } from './rate.ts';

const NEVER_TRIED = { trials: 0, results: [], rate: 0, mastered: false, graduated: false };

/**
 * Mastery with one more result of `fault`. Mastered: `rate` over the last `window` results, `minTrials` at least. Graduated: `graduateRate` over
 * a whole window, until the rate falls below `forgetRate`.
 */
export function withResult(
  mastery: readonly FaultMastery[],
  fault: string,
  success: number,
  rule: MasteryRule,
): { mastery: FaultMastery[]; happenings: Happening[] } {
  const before = mastery.find((entry) => entry.fault === fault) ?? { fault, ...NEVER_TRIED };
  const results = pushed(before.results, success, rule.window);
  const rate = meanOf(results);
  const after: FaultMastery = {
    fault,
    trials: before.trials + 1,
    results,
    rate,
    mastered: results.length >= rule.minTrials && rate >= rule.rate,
    graduated: before.graduated ? rate >= rule.forgetRate : results.length >= rule.window && rate >= rule.graduateRate,
  };
  const happenings = [
    ...(after.mastered && !before.mastered ? [mastered(fault, rate, results.length)] : []),
    ...(after.graduated && !before.graduated ? [graduated(fault, rate, results.length)] : []),
    ...(before.graduated && !after.graduated ? [backInTraining(fault, rate, results.length)] : []),
  ];
  const others = mastery.filter((entry) => entry.fault !== fault);
  return { mastery: [...others, after].toSorted((a, b) => (a.fault < b.fault ? -1 : 1)), happenings };
}

/** Unlocked faults that were tried and go worse than mastery asks for, however often they were tried. */
export function weakSpotsOf(mastery: readonly FaultMastery[], unlockedTypes: readonly string[], rule: MasteryRule): string[] {
  return mastery.filter(({ fault, rate }) => rate < rule.rate && unlockedTypes.includes(fault)).map(({ fault }) => fault);
}
