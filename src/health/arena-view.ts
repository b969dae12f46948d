import type { Deployment, Pod, ReplicaSet } from '../kube/types.ts';
import type { OracleInput } from './policy.ts';
import { targetKey, workloadKey } from './snapshot.ts';

/** Annotation by which the Deployment controller numbers templates. */
export const REVISION = 'deployment.kubernetes.io/revision';

/** A Deployment of the baseline beside what stands in the cluster now; pods belong to it by owner references, never by labels. */
export interface Workload {
  /** namespace/name, plain. */
  key: string;
  baseline: Deployment;
  /** A fault was injected into it. */
  targeted: boolean;
  live?: Deployment;
  /** The ReplicaSet of the live template; undefined while its controller has not made it. */
  newest?: ReplicaSet;
  /** Pods of the newest ReplicaSet that are not being deleted. */
  pods: readonly Pod[];
  /** Pods of older ReplicaSets that are not being deleted. */
  oldPods: readonly Pod[];
  terminating: readonly Pod[];
}

/** The oracle's input, indexed once for all policies. */
export interface ArenaView extends OracleInput {
  workloads: readonly Workload[];
}

export function viewArena(input: OracleInput): ArenaView {
  const live = new Map(input.snapshot.deployments.map((d) => [workloadKey(d), d]));
  const targets = new Set(input.faults.map((f) => targetKey(f.target)));
  const setsByOwner = Map.groupBy(input.snapshot.replicaSets, controllerUid);
  const podsByOwner = Map.groupBy(input.snapshot.pods, controllerUid);
  const workloads = input.baseline.deployments.map((baseline): Workload => {
    const key = workloadKey(baseline);
    const deployment = live.get(key);
    const sets = (deployment?.metadata.uid && setsByOwner.get(deployment.metadata.uid)) || [];
    const revision = deployment?.metadata.annotations?.[REVISION];
    const newest = revision === undefined ? undefined : sets.find((s) => s.metadata.annotations?.[REVISION] === revision);
    const all = sets.flatMap((set) => (podsByOwner.get(set.metadata.uid) ?? []).map((pod) => ({ pod, current: set === newest })));
    const standing = all.filter(({ pod }) => !pod.metadata.deletionTimestamp);
    return {
      key,
      baseline,
      targeted: targets.has(key),
      live: deployment,
      newest,
      pods: standing.filter((p) => p.current).map((p) => p.pod),
      oldPods: standing.filter((p) => !p.current).map((p) => p.pod),
      terminating: all.filter(({ pod }) => pod.metadata.deletionTimestamp).map((p) => p.pod),
    };
  });
  return { ...input, workloads };
}

function controllerUid(o: Pod | ReplicaSet): string | undefined {
  return o.metadata.ownerReferences?.find((r) => r.controller)?.uid;
}

export function findWorkload(view: ArenaView, target: { namespace: string; name: string }): Workload | undefined {
  return view.workloads.find((w) => w.key === targetKey(target));
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
}

/** When the pod last became ready or stopped being so, as Unix milliseconds; 0 when the kubelet has not said. */
export function readySince(pod: Pod): number {
  const time = pod.status?.conditions?.find((c) => c.type === 'Ready')?.lastTransitionTime;
  return time ? Date.parse(time) : 0;
}

/**
 * The last moment at which a pod of the app came, went, started, stopped or changed readiness; Unix milliseconds, 0 for none.
 * `except`: a workload (namespace/name) whose pods are left out.
 */
export function lastPodChange(view: ArenaView, except?: string): number {
  let last = 0;
  const now = view.snapshot.time.getTime();
  const note = (time: string | undefined) => {
    if (time) last = Math.max(last, Math.min(now, Date.parse(time)));
  };
  for (const pod of view.workloads.filter((w) => w.key !== except).flatMap((w) => [...w.pods, ...w.oldPods, ...w.terminating])) {
    note(pod.metadata.creationTimestamp);
    for (const c of pod.status?.conditions ?? []) if (c.type === 'Ready') note(c.lastTransitionTime);
    for (const s of pod.status?.containerStatuses ?? []) {
      note(s.state?.running?.startedAt);
      note(s.state?.terminated?.finishedAt);
      note(s.lastState?.terminated?.finishedAt);
    }
  }
  return last;
}
