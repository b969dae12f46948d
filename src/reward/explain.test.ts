import { describe, expect, test } from '@jest/globals';
import type { Episode, EpisodeStatus, StepStatus } from '../api/episode.ts';
import { explainReward } from './explain.ts';
import { rewardInputOf } from './from-episode.ts';
import { rewardOf } from './reward.ts';
import { DEFAULT_WEIGHTS } from './weights.ts';

const steps: StepStatus[] = [
  {
    index: 1,
    action: 'Command',
    command: 'kubectl get pods -A',
    phase: 'triage',
    score: 0.1,
    reward: -2,
    feedback: 'Good: an overview first.',
  },
  { index: 2, action: 'Command', command: 'kubectl get po -A', repeat: true, score: -0.1, reward: 0 },
  { index: 3, action: 'Diagnose', command: 'payment-api', reward: 0 },
  { index: 4, action: 'Command', command: 'kubectl scale deploy/x --replicas=1', phase: 'fix', score: 0.1, mutations: 1, reward: 7.6 },
];
function episode(status: EpisodeStatus, played = steps): Episode {
  const reward = rewardOf(
    rewardInputOf(played, {
      ...{ maxSteps: 16, difficulty: 0.25, resolved: status.outcome === 'Resolved', scorable: status.scorable ?? true },
      ...{ faultsFixedShare: 0, diagnosisScore: 0 },
      ...(status.weights ? { weights: status.weights } : {}),
    }),
  );
  return {
    apiVersion: 'kubesregym.dev/v1alpha1',
    kind: 'Episode',
    metadata: { name: 'e' },
    spec: { incident: { faults: [] } },
    status: { steps: played, maxSteps: 16, ...(reward ? { reward: reward.total, rewardParts: reward.parts } : {}), ...status },
  };
}
const text = (e: Episode): string => explainReward(e).join('\n');

describe('explainReward', () => {
  test('a resolved episode line by line', () => {
    const said = text(episode({ outcome: 'Resolved' }));
    expect(said).toContain('e: Resolved, reward +5.5375');
    expect(said).toContain('+2.5  base: resolved');
    expect(said).toContain('+3.1875  bonus: 3 of 16 steps used');
    expect(said).toContain('step 1: opens triage, judge +0.1, in order +0.2');
    expect(said).toContain('step 2: judge -0.1, repeat -0.15');
    expect(said).toContain('step 4: opens fix, judge +0.1, skips investigate -0.3');
    expect(said).toContain('= +0 on average over 2 phases -0.15 for repeats, within ±0.5');
    expect(said).toContain('Diagnose payment-api');
  });
  test('a skipped verify is named', () => {
    const played: StepStatus[] = [...steps, { index: 5, action: 'Report', command: 'report: resolved' }];
    expect(text(episode({ outcome: 'Resolved' }, played))).toContain('-0.3 verify was skipped');
  });
  test('shortened commands change nothing in how the reward comes about', () => {
    const whole = episode({ outcome: 'Resolved' });
    const shortened = { ...whole, status: { ...whole.status, steps: steps.map((s) => ({ ...s, command: 'kubectl…' })) } };
    const unframed = (e: Episode): string => text(e).split('\n\n').slice(0, -1).join('\n\n');
    expect(unframed(shortened)).toBe(unframed(whole));
    expect(unframed(shortened)).toContain('step 2: judge -0.1, repeat -0.15');
  });
  test('the weights are those that the assignment froze', () => {
    const weights = { ...DEFAULT_WEIGHTS, phaseInOrder: 0.3, phaseSkipped: -0.4, repeat: -0.05, shapingLimit: 0.4 };
    const said = text(episode({ outcome: 'Resolved', weights }));
    expect(said).toContain('step 1: opens triage, judge +0.1, in order +0.3');
    expect(said).toContain('step 2: judge -0.1, repeat -0.05');
    expect(said).toContain('step 4: opens fix, judge +0.1, skips investigate -0.4');
    expect(said).toContain('-0.05 for repeats, within ±0.4');
  });
  test('what an LLM did, and a veto, are a line each', () => {
    const llm = { calls: 5, inputTokens: 4200, outputTokens: 310, usd: 0.0057, seconds: 6.2, fallbacks: 1 };
    const said = text(episode({ outcome: 'StepsExhausted', llm, veto: { step: 4, reason: 'scaled away,\nnot repaired' } }));
    expect(said).toContain('\nLLM: 5 answers, 4200 tokens in and 310 out for 0.0057 USD, 6.2 s; 1 judgements by the rules instead\n');
    expect(said).toContain('\nveto: after step 4 the judge took back a resolution: scaled away, not repaired\n');
  });
  test('a price that is not known is not made up', () => {
    const llm = { calls: 5, inputTokens: 4200, outputTokens: 310, seconds: 6.2, fallbacks: 0 };
    expect(text(episode({ outcome: 'Resolved', llm }))).toContain('310 out at an unknown price');
  });
  test('without an LLM nothing is said of one', () => expect(text(episode({ outcome: 'Resolved' }))).not.toMatch(/LLM|veto/));
  test('a failed episode shows no shaping', () => {
    const said = text(episode({ outcome: 'StepsExhausted', fixScore: 0.5 }));
    expect(said).toContain('reward -2');
    expect(said).toContain('+0  partial credit: faults fixed 50 %, diagnosis none');
    expect(said).not.toContain('shaping');
  });
  test('an unscorable episode says so', () =>
    expect(text(episode({ outcome: 'InfrastructureFailed', scorable: false }))).toContain('unscorable'));
  test('an episode without a score says so', () => {
    expect(text({ ...episode({}), status: {} })).toBe('e: still running, nothing to score yet');
  });
  test('a running episode says what it would be worth', () => expect(text(episode({}))).toContain('worth this if it ended now'));
});
