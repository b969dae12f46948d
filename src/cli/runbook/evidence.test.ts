import { describe, expect, test } from '@jest/globals';
import { conclude, type DeploymentLine, raisedQuota, readChanges, readDeployments } from './evidence.ts';

const deployment = (wanted = 2): DeploymentLine => ({ namespace: 'payments', name: 'payment-api', wanted, ready: 0 });

describe('conclude', () => {
  test.each<[sentence: string, d: DeploymentLine, evidence: string, changed: boolean, want: unknown]>([
    [
      'a quota that refuses its pods',
      deployment(),
      'exceeded quota: team, requested: requests.memory=64Mi, used: requests.memory=300Mi, limited: requests.memory=320Mi',
      false,
      { kind: 'quota', quota: 'team', resource: 'requests.memory', needed: '64Mi' },
    ],
    [
      'no replicas wanted: as many as before',
      deployment(0),
      'Scaled down replica set payment-api-7d from 2 to 0',
      false,
      { kind: 'scaled-down', replicas: 2 },
    ],
    [
      "another Deployment's scale-down says nothing",
      deployment(0),
      'Scaled down replica set web-app-7d from 3 to 0',
      false,
      { kind: 'scaled-down', replicas: 1 },
    ],
    ['what did not change lately only suffers', deployment(), 'Reason: OOMKilled', false, undefined],
    ['killed for memory', deployment(), 'Reason: OOMKilled\nExit Code: 137', true, { kind: 'out-of-memory' }],
    ['an image that is not there', deployment(), 'Reason: ImagePullBackOff', true, { kind: 'image' }],
    ['a probe that fails', deployment(), 'Liveness probe failed: HTTP 404', true, { kind: 'probe' }],
    ['a command that ends', deployment(), 'Reason: CrashLoopBackOff\nExit Code: 1', true, { kind: 'crash' }],
    ['changed and silent: its configuration', deployment(), '', true, { kind: 'config' }],
  ])('%s', (_sentence, d, evidence, changed, want) => {
    expect(conclude(d, evidence, changed)).toEqual(want);
  });
});

test('tables are read whatever their widths', () => {
  expect(readDeployments('NS  NAME  WANTED  READY\nauth   auth-service  1  <none>\n')).toEqual([
    { namespace: 'auth', name: 'auth-service', wanted: 1, ready: 0 },
  ]);
  expect(readChanges('NS OWNER REV MADE\na b 3 2026-01-01T00:00:00Z\na c <none> <none>\n')).toEqual([
    { namespace: 'a', deployment: 'b', revision: 3, madeAt: 1767225600 },
  ]);
});

test('a quota is raised by room for four more of what was refused', () => {
  const evidence = 'requested: requests.memory=64Mi, used: requests.memory=300Mi, limited: requests.memory=320Mi';
  expect(raisedQuota(evidence, 'requests.memory')).toBe('576Mi');
  expect(raisedQuota('nothing', 'pods')).toBeUndefined();
});
