import { DEFAULT_MAX_STEPS } from '../../api/defaults.ts';
import type { EpisodeStatus } from '../../api/episode.ts';
import { sumLlmUse } from '../../llm/use.ts';
import { rewardInputOf } from '../../reward/from-episode.ts';
import { rewardOf, round } from '../../reward/reward.ts';
import type { LastWord } from './conclude.ts';

/** What the episode is worth if it ends now (V_t), and what the last step added to that. `difficulty` of the incident, 0..1. */
export function valued(status: EpisodeStatus, difficulty: number): Pick<EpisodeStatus, 'reward' | 'rewardParts' | 'steps'> {
  const steps = status.steps ?? [];
  const reward = rewardOf(
    rewardInputOf(steps, {
      maxSteps: status.maxSteps ?? DEFAULT_MAX_STEPS,
      difficulty,
      resolved: status.outcome === 'Resolved',
      scorable: status.scorable ?? true,
      faultsFixedShare: status.fixScore ?? 0,
      diagnosisScore: status.diagnosisScore ?? 0,
      ...(status.weights ? { weights: status.weights } : {}),
    }),
  );
  if (!reward) return { reward: undefined, rewardParts: undefined, steps: status.steps };
  const last = steps.at(-1);
  const before = steps.slice(0, -1).reduce((sum, s) => sum + (s.reward ?? 0), 0);
  const counted = last ? [...steps.slice(0, -1), { ...last, reward: round(reward.total - before) }] : status.steps;
  return { reward: reward.total, rewardParts: reward.parts, steps: counted };
}

/** A finished status with the judge's last word: its scores take the place of the rules', and the total is worked out anew. */
export function concluded(status: EpisodeStatus, difficulty: number, last: Pick<LastWord, 'scores' | 'llm'>): EpisodeStatus {
  const llm = sumLlmUse([status.llm, last.llm]);
  const next = { ...status, ...last.scores, ...(llm ? { llm } : {}) };
  return { ...next, ...valued(next, difficulty) };
}
