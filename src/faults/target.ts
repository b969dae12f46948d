import type { Target } from '../api/incident.ts';
import { type ArenaView, findWorkload, isReady, type Workload } from '../health/arena-view.ts';
import type { Container, ContainerStatus, Deployment } from '../kube/types.ts';
import type { FaultContext, Mutation } from './fault.ts';

/** The container of the Deployment that the target names, its first one by default. Throws when there is none of that name. */
export function targetContainer(deployment: Deployment, target: Target): Container {
  const { containers } = deployment.spec.template.spec;
  const found = target.container ? containers.find((c) => c.name === target.container) : containers[0];
  if (!found) throw new Error(`Deployment ${target.namespace}/${target.name} has no container ${target.container}`);
  return found;
}

/** The target's container as it is now; undefined when it or its Deployment is gone. */
export function liveContainer(view: ArenaView, target: Target): Container | undefined {
  const w = findWorkload(view, target);
  if (!w?.live) return undefined;
  const { name } = targetContainer(w.baseline, target);
  return w.live.spec.template.spec.containers.find((c) => c.name === name);
}

/** A strategic patch of the target's container, as `kubectl patch` or `kubectl set` would send it. */
export function patchContainer({ deployment, target }: FaultContext, change: Record<string, unknown>): Mutation {
  const { name } = targetContainer(deployment, target);
  return {
    verb: 'patch',
    kind: 'Deployment',
    namespace: target.namespace,
    name: target.name,
    type: 'strategic',
    patch: { spec: { template: { spec: { containers: [{ name, ...change }] } } } },
  };
}

/** The target's workload in the snapshot, once its controller has rolled out what was injected; undefined before. */
export function rolledOut(view: ArenaView, target: Target): Workload | undefined {
  const w = findWorkload(view, target);
  if (!w?.live || (w.live.status?.observedGeneration ?? 0) < (w.live.metadata.generation ?? 0)) return undefined;
  return w;
}

/** Every status of the target's container in pods of the newest ReplicaSet, with the pod's name. */
export function containerStatuses(w: Workload, container: string): { pod: string; status: ContainerStatus }[] {
  return w.pods.flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).filter((s) => s.name === container).map((status) => ({ pod: pod.metadata.name, status })),
  );
}

export const readyPods = (w: Workload): number => w.pods.filter(isReady).length;

/** Seconds the target's containers ran before they last ended, as the kubelet reports it; 0 when none has ended. */
export function observedRunSeconds(w: Workload | undefined): number {
  const runs = [...(w?.pods ?? []), ...(w?.oldPods ?? [])].flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).map(({ state, lastState }) => {
      const end = state?.terminated ?? lastState?.terminated;
      // What never started is reported with a start in 1970.
      const startedAt = Date.parse(end?.startedAt ?? '');
      return startedAt > 0 && end?.finishedAt ? (Date.parse(end.finishedAt) - startedAt) / 1000 : 0;
    }),
  );
  return Math.max(0, ...runs);
}
