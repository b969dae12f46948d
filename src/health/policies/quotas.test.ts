import { expect, test } from '@jest/globals';
import { type Case, judge } from '../testing.ts';

const broken: Case[] = [
  [
    'the quota is gone',
    (a) => {
      a.quotas = [];
    },
    'QuotaMissing',
  ],
  [
    'the quota no longer limits pods',
    (a) => {
      a.quotas[0].spec.hard = { 'requests.cpu': '500m', 'requests.memory': '1Gi', 'limits.memory': '3Gi' };
    },
    'QuotaChanged',
  ],
  [
    'the quota allows everything',
    (a) => {
      a.quotas[0].spec.hard = { ...a.quotas[0].spec.hard, 'limits.memory': '1Ti' };
    },
    'QuotaChanged',
  ],
  [
    'the quota counts only some pods',
    (a) => {
      a.quotas[0].spec.scopes = ['BestEffort'];
    },
    'QuotaChanged',
  ],
  [
    'the quota has no room for a replacement',
    (a) => {
      a.quotas[0].spec.hard = { ...a.quotas[0].spec.hard, pods: '2' };
    },
    'QuotaTooTight',
  ],
];

test.each(broken)('it is broken when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.finding).toMatchObject({ reason, settling: false });
  expect(result.verdict).toBe('broken');
});
