import { describe, expect, test } from '@jest/globals';
import type { Episode, EpisodeSpec, EpisodeStatus, StepStatus } from '../api/episode.ts';
import { hintOf, judgementOf } from './judgement.ts';

const step = (index: number, hint?: string): StepStatus => ({
  index,
  action: 'Command',
  command: 'kubectl get po',
  ...(hint ? { hint } : {}),
});
const episode = (status: EpisodeStatus, spec: EpisodeSpec = {}): Episode => ({
  ...{ apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Episode', metadata: { name: 'e' } },
  ...{ spec, status },
});
const curriculumRef = { name: 'default' };
const hinted = { decidedSteps: 2, steps: [step(1, 'look'), step(2, 'describe it')] };

test.each<[string, Episode, string]>([
  ['of the last decided step', episode(hinted), 'describe it'],
  ['of it in split train', episode(hinted, { curriculumRef, split: 'train', seed: 0 }), 'describe it'],
  ['not yet of a step that is recorded and not decided', episode({ ...hinted, decidedSteps: 1 }), 'look'],
  ['none when the last step has none, though an earlier one had', episode({ decidedSteps: 2, steps: [step(1, 'look'), step(2)] }), ''],
  ['none before the first step', episode({ decidedSteps: 0, steps: [] }), ''],
  ['none before the alert', episode({}), ''],
  ['none in eval', episode(hinted, { curriculumRef, split: 'eval', seed: 0 }), ''],
  ['none in transfer', episode(hinted, { curriculumRef, split: 'transfer', seed: 0 }), ''],
])('the hint is that %s', (_name, given, hint) => expect(hintOf(given)).toBe(hint));

describe('a judgement', () => {
  const judged: StepStatus = { ...step(1), phase: 'triage', score: 0.5, feedback: 'Good.', judge: 'llm', reward: 2, hint: 'look' };
  test('is score, phase, feedback and who gave it', () => {
    expect(judgementOf(judged)).toEqual({ judge: { score: 0.5, phase: 'triage', feedback: 'Good.', source: 'llm' } });
  });
  test('is nothing without a step', () => expect(judgementOf(undefined)).toEqual({}));
});
