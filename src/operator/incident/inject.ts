import { NEUTRAL_FIELD_MANAGER } from '../../api/group.ts';
import type { Mutation } from '../../faults/fault.ts';
import { type ArenaNames, realNamespace, toRealValue } from '../../kube/arena-names.ts';
import type { KubeClient } from '../../kube/client.ts';
import { Resources } from '../../kube/resource.ts';
import type { KubeObject } from '../../kube/types.ts';
import { createQuietly } from '../arena/provision.ts';

const PATCHED = { Deployment: Resources.deployments, ResourceQuota: Resources.resourceQuotas } as const;

/** Sends one mutation as any team's kubectl would. Repeating it changes nothing more. */
export async function applyMutation(client: KubeClient, mutation: Mutation, arena: ArenaNames): Promise<void> {
  const namespace = realNamespace(mutation.namespace, arena);
  if (mutation.verb === 'deletePods') {
    const labelSelector = Object.entries(mutation.selector)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    return client.deleteCollection(Resources.pods, { namespace, labelSelector });
  }
  if (mutation.verb === 'create') {
    const { object, manager } = mutation;
    const whole = { ...object, metadata: { ...object.metadata, namespace: mutation.namespace } };
    return createQuietly(client, toRealValue(whole, arena) as KubeObject, manager);
  }
  const ref = { namespace, name: mutation.name };
  const resource = PATCHED[mutation.kind] as typeof Resources.deployments;
  if (mutation.type === 'json') {
    await client.jsonPatch(resource, ref, mutation.patch, { fieldManager: NEUTRAL_FIELD_MANAGER });
    return;
  }
  const { subresource } = mutation;
  const options = { fieldManager: NEUTRAL_FIELD_MANAGER, ...(subresource ? { subresource } : {}) };
  const patch = mutation.patch as Record<string, unknown>;
  if (mutation.type === 'strategic') await client.strategicPatch(resource, ref, patch, options);
  else await client.mergePatch(resource, ref, patch, options);
}
