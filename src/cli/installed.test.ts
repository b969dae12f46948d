import { describe, expect, test } from '@jest/globals';
import type { ContainerStatus, Deployment, Pod } from '../kube/types.ts';
import { isRolledOut, unpullableImage, whyNotReady } from './installed.ts';

describe('a Deployment is rolled out', () => {
  const deployment = (status: object | undefined, generation = 2): Deployment =>
    ({ metadata: { name: 'd', generation }, spec: { replicas: 2 }, status }) as Deployment;
  const done = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  test.each<[string, Deployment | undefined, boolean]>([
    ['when all pods are new and available', deployment(done), true],
    ['not before it exists', undefined, false],
    ['not before its controller saw it', deployment(undefined), false],
    ['not while the controller knows an older generation', deployment(done, 3), false],
    ['not while old pods remain', deployment({ ...done, replicas: 3 }), false],
    ['not while a pod is old', deployment({ ...done, updatedReplicas: 1 }), false],
    ['not while a pod is not available', deployment({ ...done, availableReplicas: 1 }), false],
  ])('%s', (_, object, expected) => expect(isRolledOut(object)).toBe(expected));
});

const pod = (...containerStatuses: Partial<ContainerStatus>[]): Pod =>
  ({ metadata: { name: 'runner-1' }, spec: {}, status: { containerStatuses } }) as unknown as Pod;

test('an image that cannot be pulled is named, a slow one is not', () => {
  const waiting = (reason: string) => pod({ image: 'r/i:1', ready: false, state: { waiting: { reason } } });
  expect(unpullableImage(waiting('ImagePullBackOff'))).toBe('r/i:1');
  expect(unpullableImage(waiting('ContainerCreating'))).toBeUndefined();
  expect(unpullableImage({ metadata: { name: 'p' }, spec: {} } as unknown as Pod)).toBeUndefined();
});

test('a container that is not Ready is named with its reason and its last end', () => {
  const crashed: Partial<ContainerStatus> = {
    ready: false,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { exitCode: 1 } },
  };
  expect(whyNotReady(pod(crashed, { ready: true }))).toEqual(['runner-1 is CrashLoopBackOff, last ended with exit code 1']);
});
