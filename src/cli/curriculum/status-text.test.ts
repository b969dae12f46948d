import { expect, test } from '@jest/globals';
import type { Curriculum } from '../../api/curriculum.ts';
import { BLANK_STATUS } from '../../curriculum/fold.ts';
import { known, rulesWith, statusIn } from '../../curriculum/testing.ts';
import { statusText } from './status-text.ts';

const rules = rulesWith();
const curriculum = (status: Curriculum['status']): Curriculum => ({
  ...{ apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Curriculum', metadata: { name: 'default' }, spec: rules.spec },
  ...(status ? { status } : {}),
});

test('a status is readable at a glance', () => {
  const status = statusIn('warmup', rules, {
    ...{ trials: 21, trialsInTier: 2, tierResults: [0.5, 1] },
    mastery: [known('oom_kill', 0.9, true), known('crashloop', 0.25), known('bad_config', 0.7)],
    recent: [
      { assignment: 'a-1', fault: 'crashloop', tier: 'warmup', success: 0.25, reward: -0.5, closedTime: '2026-01-01T10:00:00.123Z' },
      { assignment: 'a-2', tier: 'warmup', success: 1, reward: 6, closedTime: '2026-01-01T10:05:00.000Z' },
    ],
    runs: [{ name: 'grpo-1', trials: 21, drawn: {} }],
    endedRuns: ['pilot'],
    conditions: [
      { type: 'LlmAvailable', status: 'False', reason: 'NotConfigured', message: 'No LLM', lastTransitionTime: '2026-01-01T10:00:00Z' },
    ],
  });
  expect(statusText(curriculum(status)).split('\n')).toEqual([
    'Curriculum default (standard): tier warmup, difficulty up to 0.25, judged by a junior',
    '21 trials counted, 2 in this tier, success 0.75 over the last 2',
    '',
    'FAULT       TRIALS  RATE  MASTERED  GRADUATED  WEAK  LOCKED',
    'oom_kill    10      0.90  yes       yes        -     -',
    'crashloop   10      0.25  -         -          yes   -',
    'image_pull  0       -     -         -          -     -',
    'scale_zero  0       -     -         -          -     -',
    'bad_config  10      0.70  yes       -          -     yes',
    '',
    'Recent trials, the newest last',
    'CLOSED                FAULT      TIER    SUCCESS  REWARD  ASSIGNMENT',
    '2026-01-01T10:00:00Z  crashloop  warmup  0.25     -0.50   a-1',
    '2026-01-01T10:05:00Z  -          warmup  1.00     6.00    a-2',
    '',
    'Runs, the one that drew last is last',
    'RUN     DRAWN  STATE',
    'pilot   -      ended',
    'grpo-1  21     open',
    '',
    'Conditions',
    'TYPE          STATUS  REASON         MESSAGE',
    'LlmAvailable  False   NotConfigured  No LLM',
  ]);
});

test.each([
  ['has no status yet', undefined],
  ['was just reset', BLANK_STATUS],
])('a Curriculum that %s says so', (_name, status) => {
  expect(statusText(curriculum(status))).toBe('Curriculum default has no status yet; is the operator running?');
});
