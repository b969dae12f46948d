import { expect, test } from '@jest/globals';
import type { Episode, EpisodeStatus } from '../api/episode.ts';
import { episodeTable } from './episodes.ts';

const episode = (name: string, status: EpisodeStatus, agent?: string): Episode => ({
  apiVersion: 'kubesregym.dev/v1alpha1',
  kind: 'Episode',
  metadata: { name },
  spec: { ...(agent ? { agent: { name: agent } } : {}) },
  status,
});

test('episodes stand in aligned columns; what is unknown is a dash, what is unscorable says so', () => {
  const table = episodeTable([
    episode('a', { outcome: 'Resolved', decidedSteps: 3, reward: 6.1875, diagnosisScore: 1, fixScore: 1 }, 'runbook'),
    episode('longer-name', { outcome: 'InfrastructureFailed', scorable: false }),
    episode('c', {}),
  ]);
  expect(table.split('\n')).toEqual([
    'NAME         OUTCOME               STEPS  REWARD      DIAGNOSIS  FIX  AGENT',
    'a            Resolved              3      6.1875      1          1    runbook',
    'longer-name  InfrastructureFailed  0      unscorable  -          -    -',
    'c            Pending               0      -           -          -    -',
  ]);
});
