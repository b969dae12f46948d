import { expect, test } from '@jest/globals';
import { FINAL_EPISODE_BYTES } from '../../api/defaults.ts';
import type { Episode, EpisodeStatus, StepStatus } from '../../api/episode.ts';
import { explainReward } from '../../reward/explain.ts';
import { isRepeat, rewardInputOf } from '../../reward/from-episode.ts';
import { rewardOf } from '../../reward/reward.ts';
import { shrinkFinal } from './shrink.ts';

/** As many long lines as an Episode may have, every third of which is new. */
const steps: StepStatus[] = [];
for (let i = 0; i < 64; i++) {
  const step: StepStatus = {
    ...{ index: i + 1, action: 'Command', command: `kubectl get pods -A -l ${'x'.repeat(900)}${Math.floor(i / 3)}` },
    ...{ output: 'o'.repeat(2048), phase: 'triage', score: 0.1, feedback: 'f'.repeat(100) },
  };
  steps.push(isRepeat(step, steps) ? { ...step, repeat: true } : step);
}
const reward = rewardOf(
  rewardInputOf(steps, {
    ...{ maxSteps: 64, difficulty: 0.5, resolved: true, scorable: true, faultsFixedShare: 1, diagnosisScore: 0 },
  }),
);
const status: EpisodeStatus = {
  outcome: 'Resolved',
  scorable: true,
  maxSteps: 64,
  steps,
  reward: reward?.total,
  rewardParts: reward?.parts,
};
const howItComesAbout = (final: EpisodeStatus): string[] => {
  const episode: Episode = { apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Episode', metadata: { name: 'e' }, spec: {}, status: final };
  const lines = explainReward(episode);
  return lines.slice(0, lines.lastIndexOf(''));
};

test('a final status fits, and its reward comes about as before, repeats included', () => {
  const final = shrinkFinal(status);
  expect(Buffer.byteLength(JSON.stringify(status))).toBeGreaterThan(FINAL_EPISODE_BYTES);
  expect(Buffer.byteLength(JSON.stringify(final))).toBeLessThanOrEqual(FINAL_EPISODE_BYTES);
  expect(howItComesAbout(final)).toEqual(howItComesAbout(status));
  expect(howItComesAbout(final).filter((line) => line.includes('repeat -0.15'))).toHaveLength(42);
});
