import { describe, expect, test } from '@jest/globals';
import type { Mutation } from '../../faults/fault.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiError } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/types.ts';
import { applyMutation } from './inject.ts';

const arena = { id: 'k3x9a1b2c3', plain: ['payments', 'auth'] };

/** A client that keeps what is created, or refuses it. */
function recorder(refusal?: ApiError) {
  const created: { plural: string; object: KubeObject; fieldManager?: string }[] = [];
  const create = async (resource: { plural: string }, object: KubeObject, { fieldManager }: { fieldManager?: string }) => {
    if (refusal) throw refusal;
    created.push({ plural: resource.plural, object, fieldManager });
    return object;
  };
  return { client: { create } as unknown as KubeClient, created };
}

const event: Mutation = {
  verb: 'create',
  namespace: 'payments',
  manager: 'kube-controller-manager',
  object: {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'payment-api.17' },
    involvedObject: { kind: 'Service', namespace: 'payments', name: 'payment-api' },
  },
};
const note: Mutation = {
  verb: 'create',
  namespace: 'auth',
  object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'notes' }, data: { host: 'web-app.payments.svc' } },
};

describe('creating an object', () => {
  test('happens in the real namespace, with every name of a namespace mapped', async () => {
    const { client, created } = recorder();
    await applyMutation(client, event, arena);
    expect(created[0].object).toMatchObject({
      metadata: { name: 'payment-api.17', namespace: 'payments-k3x9a1b2c3' },
      involvedObject: { namespace: 'payments-k3x9a1b2c3' },
    });
    await applyMutation(client, note, arena);
    expect(created[1].object).toMatchObject({ data: { host: 'web-app.payments-k3x9a1b2c3.svc' } });
  });
  test('looks as if its usual author had done it', async () => {
    const { client, created } = recorder();
    await applyMutation(client, event, arena);
    await applyMutation(client, note, arena);
    expect(created.map((c) => [c.plural, c.fieldManager])).toEqual([
      ['events', 'kube-controller-manager'],
      ['configmaps', 'kubectl-client-side-apply'],
    ]);
  });
  test('is done when the object is there already', async () => {
    const there = new ApiError('create ConfigMap', 409, { reason: 'AlreadyExists' });
    await expect(applyMutation(recorder(there).client, note, arena)).resolves.toBeUndefined();
  });
  test('fails when it is refused for another reason', async () => {
    const refused = new ApiError('create ConfigMap', 403, { reason: 'Forbidden' });
    await expect(applyMutation(recorder(refused).client, note, arena)).rejects.toThrow('Forbidden');
  });
});

test('a JSON patch is sent as it is, by nobody who names the gym', async () => {
  const sent: unknown[] = [];
  const jsonPatch = async (...call: unknown[]) => void sent.push(...call.slice(1));
  const patch = [{ op: 'add' as const, path: '/spec/replicas', value: 2 }];
  const mutation: Mutation = { verb: 'patch', kind: 'Deployment', namespace: 'auth', name: 'auth-service', type: 'json', patch };
  await applyMutation({ jsonPatch } as unknown as KubeClient, mutation, arena);
  expect(sent).toEqual([{ namespace: 'auth-k3x9a1b2c3', name: 'auth-service' }, patch, { fieldManager: 'kubectl-client-side-apply' }]);
});
