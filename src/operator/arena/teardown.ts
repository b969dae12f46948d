import type { KubeClient } from '../../kube/client.ts';
import { type Resource, Resources } from '../../kube/resource.ts';
import type { TeardownStage } from './plan.ts';

/**
 * Kinds that an agent can put a finalizer on to block the end of its arena; pods are forced out first. Not Secrets: admission refuses finalizers
 * on them, so that the operator needs no right to read Secrets outside its arenas.
 */
const MAY_BLOCK: readonly Resource[] = [
  Resources.pods,
  Resources.configMaps,
  Resources.services,
  Resources.serviceAccounts,
  Resources.persistentVolumeClaims,
  Resources.deployments,
  Resources.replicaSets,
  Resources.statefulSets,
  Resources.daemonSets,
  Resources.jobs,
  Resources.cronJobs,
  Resources.horizontalPodAutoscalers,
  Resources.networkPolicies,
  Resources.podDisruptionBudgets,
  Resources.resourceQuotas,
  Resources.limitRanges,
  Resources.roles,
  Resources.roleBindings,
  Resources.endpointSlices,
];

/** Deletes an arena's namespaces as far as `stage` allows. Idempotent; what is gone already is fine. */
export async function tearDown(client: KubeClient, namespaces: readonly string[], stage: TeardownStage): Promise<void> {
  await Promise.all(namespaces.map((name) => client.delete(Resources.namespaces, { name })));
  if (stage.stripFinalizers) await Promise.all(namespaces.map((ns) => stripFinalizers(client, ns)));
  if (stage.forcePods) {
    await Promise.all(namespaces.map((namespace) => client.deleteCollection(Resources.pods, { namespace }, { gracePeriodSeconds: 0 })));
  }
}

async function stripFinalizers(client: KubeClient, namespace: string): Promise<void> {
  for (const resource of MAY_BLOCK) {
    const { items } = await client.list(resource, { namespace });
    for (const object of items.filter((o) => o.metadata.finalizers?.length)) {
      await client
        .mergePatch(resource, { namespace, name: object.metadata.name }, { metadata: { finalizers: null } })
        .catch(ignoreNotFound);
    }
  }
}

function ignoreNotFound(error: { code?: number }): void {
  if (error.code !== 404) throw error;
}
