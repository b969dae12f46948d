import type { Deployment, EndpointSlice, Pod, ReplicaSet, ResourceQuota, Service } from '../kube/types.ts';

/** One front-door transaction: a fresh value written through the app and read back. */
export interface Transaction {
  startedAt: Date;
  finishedAt: Date;
  ok: boolean;
  /** What a user would have seen when it failed. */
  message: string;
}

/** A thing that must still be there by name: kind and plain namespace/name, e.g. `ConfigMap payments/payment-config`. */
export type ObjectKey = string;
export const objectKey = (kind: string, namespace: string, name: string): ObjectKey => `${kind} ${namespace}/${name}`;

/** An object that is remembered by kind and name. Namespace: plain. `content`: hash of what a ConfigMap or Secret holds. */
export interface NamedObject {
  kind: string;
  namespace: string;
  name: string;
  content?: string;
}

/** What is known of the content of `objects`, by key. */
export const contentsOf = (objects: readonly NamedObject[]): [ObjectKey, string][] =>
  objects.flatMap(({ kind, namespace, name, content }) => (content === undefined ? [] : [[objectKey(kind, namespace, name), content]]));

/** namespace/name of a workload, plain. */
export const workloadKey = (o: { metadata: { namespace?: string; name: string } }): string => `${o.metadata.namespace}/${o.metadata.name}`;
export const targetKey = (target: { namespace: string; name: string }): string => `${target.namespace}/${target.name}`;

/**
 * One moment of one arena, from the watch caches. metadata.namespace is the PLAIN name in every object (payments, not payments-k3x9…);
 * templates and env are as they stand in the cluster, real names included.
 * `present` is undefined where only watched kinds were read; nothing is ever Resolved without it.
 */
export interface ArenaSnapshot {
  time: Date;
  deployments: readonly Deployment[];
  replicaSets: readonly ReplicaSet[];
  pods: readonly Pod[];
  services: readonly Service[];
  endpointSlices: readonly EndpointSlice[];
  quotas: readonly ResourceQuota[];
  /** In any order; the last minute is enough. */
  transactions: readonly Transaction[];
  present?: ReadonlySet<ObjectKey>;
  /** Hashes of what ConfigMaps and Secrets hold (contentHash); there whenever `present` is. */
  contents?: ReadonlyMap<ObjectKey, string>;
}

/** The arena as it was before the first mutation; stored as an immutable Secret owned by the Incident. Namespaces are plain. */
export interface Baseline {
  deployments: readonly Deployment[];
  services: readonly Service[];
  /** The app's own quotas, not the gym's guard. */
  quotas: readonly ResourceQuota[];
  /** Every object of the app by kind and name (ConfigMaps, Secrets, PDBs, CronJobs, … too). */
  objects: readonly ObjectKey[];
  /** Hashes of what its ConfigMaps and Secrets hold (contentHash). */
  contents: Readonly<Record<ObjectKey, string>>;
  capturedAt: string;
}
