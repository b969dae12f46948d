import { cutBytes } from '../api/text.ts';
import { type ArenaSnapshot, workloadKey } from '../health/snapshot.ts';
import type { ContainerStatus, Deployment, Pod } from '../kube/types.ts';

/** Longest text of the cluster's own in a line, e.g. why a container ended; a program in the arena can write it. */
const MESSAGE_BYTES = 200;

/**
 * A snapshot for a reader: one line for each workload, each kind of pod it has, each Service and each quota. Nothing is cut off at an end, so
 * that no workload is missing because of its name; pods in the same state share a line. Env values and Secrets are not in it.
 */
export function arenaLines(snapshot: ArenaSnapshot): string[] {
  const setOwners = new Map(snapshot.replicaSets.map((set) => [set.metadata.uid, controllerOf(set)]));
  const podsBy = Map.groupBy(snapshot.pods, (pod) => setOwners.get(controllerOf(pod)));
  const known = new Set(snapshot.deployments.map((d) => d.metadata.uid));
  const strays = [...podsBy].filter(([owner]) => owner === undefined || !known.has(owner)).flatMap(([, pods]) => pods);
  return [
    ...snapshot.deployments.flatMap((d) => [deploymentLine(d), ...podLines(workloadKey(d), podsBy.get(d.metadata.uid) ?? [])]),
    ...strays.map((pod) => `Pod ${workloadKey(pod)} of no Deployment: ${podState(pod)}`),
    ...snapshot.services.map(
      (service) => `Service ${workloadKey(service)}: ${readyAddresses(snapshot, workloadKey(service))} ready addresses`,
    ),
    ...snapshot.quotas.map(
      (quota) => `ResourceQuota ${workloadKey(quota)}: hard ${pairs(quota.spec.hard)}; used ${pairs(quota.status?.used)}`,
    ),
    customersLine(snapshot),
  ];
}

function deploymentLine(d: Deployment): string {
  const containers = d.spec.template.spec.containers.map((c) => {
    const limits = c.resources?.limits ? `, limits ${pairs(c.resources.limits)}` : '';
    return `${c.name} image ${c.image ?? 'none'}${limits}`;
  });
  const trouble = (d.status?.conditions ?? [])
    .filter((c) => (c.type === 'ReplicaFailure' && c.status === 'True') || (c.type === 'Progressing' && c.status === 'False'))
    .map((c) => `, ${c.reason ?? c.type}: ${short(c.message)}`);
  const paused = d.spec.paused ? ', paused' : '';
  const counts = `${d.status?.readyReplicas ?? 0} of ${d.spec.replicas ?? 1} ready, ${d.status?.updatedReplicas ?? 0} up to date`;
  return `Deployment ${workloadKey(d)}: ${counts}${paused}${trouble.join('')}; ${containers.join('; ')}`;
}

function podLines(key: string, pods: readonly Pod[]): string[] {
  return [...Map.groupBy(pods, podState)].map(([state, same]) => `Pods of ${key}: ${same.length} x ${state}`);
}

function podState({ metadata, status }: Pod): string {
  const ready = status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ? 'ready' : 'not ready';
  const containers = (status?.containerStatuses ?? []).map(containerState).filter(Boolean);
  const reason = status?.reason ? `, ${status.reason} ${short(status.message)}` : '';
  return [`${metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? 'Pending')}, ${ready}${reason}`, ...containers].join('; ');
}

function containerState({ name, restartCount, state, lastState }: ContainerStatus): string {
  const ended = state?.terminated ?? lastState?.terminated;
  const parts = [
    ...(restartCount > 0 ? [`${restartCount} restarts`] : []),
    ...(state?.waiting ? [`waits: ${state.waiting.reason ?? 'no reason'} ${short(state.waiting.message)}`.trim()] : []),
    ...(ended ? [`ended: exit ${ended.exitCode} ${ended.reason ?? ''} ${short(ended.message)}`.trim()] : []),
  ];
  return parts.length > 0 ? `${name} ${parts.join(', ')}` : '';
}

function readyAddresses({ endpointSlices }: ArenaSnapshot, service: string): number {
  return endpointSlices
    .filter(({ metadata }) => `${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}` === service)
    .flatMap((slice) => slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false).length;
}

function customersLine({ transactions }: ArenaSnapshot): string {
  const failed = transactions.filter(({ ok }) => !ok);
  const last = failed.reduce((a, b) => (a && a.startedAt > b.startedAt ? a : b), failed[0]);
  return `Customers: ${transactions.length - failed.length} of ${transactions.length} served${last ? `; last trouble: ${short(last.message)}` : ''}`;
}

const controllerOf = (o: { metadata: Pod['metadata'] }): string | undefined => o.metadata.ownerReferences?.find((r) => r.controller)?.uid;
const pairs = (map: Record<string, string> = {}): string =>
  Object.entries(map)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ') || 'nothing';
const short = (text = ''): string => cutBytes(text.replace(/\s+/g, ' '), MESSAGE_BYTES);
