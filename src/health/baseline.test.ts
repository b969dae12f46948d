import { describe, expect, test } from '@jest/globals';
import { baselineFromSecretData, baselineToSecretData, captureBaseline } from './baseline.ts';
import type { Baseline } from './snapshot.ts';
import { makeArena, NOW } from './testing.ts';

describe('baseline', () => {
  test('comes back from its Secret as it went in', () => {
    const baseline = makeArena().baseline();
    expect(baselineFromSecretData(baselineToSecretData(baseline))).toEqual(baseline);
  });
  test('names every object once', () => {
    expect(makeArena().baseline().objects).toEqual([
      'ConfigMap payments/payment-db-config',
      'Deployment auth/auth-service',
      'Deployment payments/payment-api',
      'Deployment payments/payment-db',
      'ResourceQuota payments/team-payments',
      'Secret payments/payment-db-credentials',
      'Service auth/auth-service',
      'Service payments/payment-api',
    ]);
  });
  test('of an operator that knew no contents can be read', () => {
    const { contents: _, ...older } = makeArena().baseline();
    expect(baselineFromSecretData(baselineToSecretData(older as Baseline))).toEqual({ ...older, contents: {} });
  });
  test('of nothing is refused', () => {
    expect(() => captureBaseline({ deployments: [], services: [], quotas: [], others: [] }, NOW)).toThrow('no Deployment yet');
  });
  test('from a Secret that is none is refused', () => {
    expect(() => baselineFromSecretData({ other: 'x' })).toThrow('not a baseline');
  });
});
