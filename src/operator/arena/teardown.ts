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
  Resources.replicationControllers,
  Resources.statefulSets,
  Resources.daemonSets,
  Resources.jobs,
  Resources.cronJobs,
  Resources.horizontalPodAutoscalers,
  Resources.networkPolicies,
  Resources.ingresses,
  Resources.podDisruptionBudgets,
  Resources.resourceQuotas,
  Resources.limitRanges,
  Resources.roles,
  Resources.roleBindings,
  Resources.endpointSlices,
];

/**
 * What would make Kubernetes busy for nothing while a namespace ends, in the order in which it goes: quotas before what they count, makers of pods
 * before pods, or they are made anew; Services before the endpoints that follow every pod.
 */
const SWEPT_FIRST: readonly Resource[] = [
  Resources.resourceQuotas,
  Resources.services,
  Resources.deployments,
  Resources.replicaSets,
  Resources.pods,
];

/** Deletes an arena's namespaces as far as `stage` allows. Idempotent; what is gone already is fine. */
export async function tearDown(client: KubeClient, { empty, forcePods, stripFinalizers }: TeardownStage): Promise<void> {
  const done = await Promise.allSettled([
    ...empty.map((namespace) => deleteNamespace(client, namespace)),
    ...stripFinalizers.map((namespace) => strip(client, namespace)),
    ...forcePods.map((namespace) => forceOut(client, namespace)),
  ]);
  const failed = done.find((part) => part.status === 'rejected');
  if (failed) throw failed.reason;
}

/**
 * Swept before it is deleted, a namespace is empty when its controller first looks. Nothing in an arena is worth a polite end, so pods leave the API
 * at once, and the kubelet stops their processes. A sweep that fails has saved nothing; the deletion does the same work.
 */
async function deleteNamespace(client: KubeClient, namespace: string): Promise<void> {
  const sweep = async (): Promise<void> => {
    for (const resource of SWEPT_FIRST) await client.deleteCollection(resource, { namespace }, { gracePeriodSeconds: 0 });
  };
  await sweep().catch(() => {});
  await client.delete(Resources.namespaces, { name: namespace });
}

const forceOut = (client: KubeClient, namespace: string): Promise<void> =>
  client.deleteCollection(Resources.pods, { namespace }, { gracePeriodSeconds: 0 });

async function strip(client: KubeClient, namespace: string): Promise<void> {
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
