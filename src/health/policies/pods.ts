import type { ContainerStatus, Pod } from '../../kube/types.ts';
import { type ArenaView, isReady, lastPodChange, readySince, type Workload } from '../arena-view.ts';
import type { Finding, Policy } from '../policy.ts';
import { probeSeconds } from '../template.ts';
import { missingRoom } from './quotas.ts';

/** Reasons a container waits for that do not go away by waiting. */
const STUCK = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);
/** Room may come while old pods stop; longer says that there is none. */
const SCHEDULE_SECONDS = 10;
/** Time to attach volumes and to make containers, on a busy node too; longer says that something is missing. */
const START_SECONDS = 60;
/** Slack on top of a container's own probes until a pod that runs must be ready. */
const READY_SLACK_SECONDS = 10;
/** How long a pod may take to go beyond its grace period. */
const STOP_SLACK_SECONDS = 60;

/** Each workload's controllers are done: all pods are of the newest ReplicaSet, ready, and as many as asked for. */
export const podsReady: Policy = (view) => view.workloads.flatMap((w) => workloadFindings(view, w));

function workloadFindings(view: ArenaView, w: Workload): Finding[] {
  const { live } = w;
  if (!live) return [];
  const finding = (settling: boolean, reason: string, message: string): Finding => ({ reason, message, settling, workload: w.key });
  if ((live.status?.observedGeneration ?? 0) < (live.metadata.generation ?? 0)) {
    return [finding(true, 'NotObserved', `Deployment ${w.key} was changed and its controller has not looked yet`)];
  }
  if (!w.newest) return [finding(true, 'NotRolledOut', `Deployment ${w.key} has no ReplicaSet for its template yet`)];

  const findings = w.pods.flatMap((pod) => podFindings(view, w, pod));
  findings.push(...admissionFindings(view, w));
  if (findings.length) return findings;

  const wanted = live.spec.replicas ?? 1;
  const ready = w.pods.filter(isReady).length;
  if (ready < wanted || w.pods.length > wanted) return [finding(true, 'RollingOut', `${w.key}: ${ready} of ${wanted} pods are ready`)];
  if (w.oldPods.length) return [finding(true, 'OldPods', `${w.key}: ${w.oldPods.length} pods of an older template still run`)];
  const stopping = w.terminating.map((pod) => stoppingFinding(view, w, pod));
  if (stopping.length) return stopping;
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = live.status ?? {};
  if (Math.min(updatedReplicas, readyReplicas, availableReplicas) < wanted || replicas > updatedReplicas) {
    return [finding(true, 'StatusBehind', `${w.key}: ${availableReplicas} of ${wanted} replicas are available`)];
  }
  return [];
}

function stoppingFinding(view: ArenaView, w: Workload, pod: Pod): Finding {
  const overdue = view.snapshot.time.getTime() - Date.parse(pod.metadata.deletionTimestamp ?? '');
  const settling = !(overdue > STOP_SLACK_SECONDS * 1000);
  return { reason: 'Terminating', message: `${w.key}: pod ${pod.metadata.name} is still stopping`, settling, workload: w.key };
}

/** What keeps one pod of the newest ReplicaSet from being ready; nothing when it is. */
function podFindings(view: ArenaView, w: Workload, pod: Pod): Finding[] {
  const name = pod.metadata.name;
  const status = pod.status ?? {};
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  // A workload that no fault touched may only suffer from one that is being fixed right now.
  const mayFollowOthers = w.targeted ? {} : ({ mayFollowOthers: true } as const);
  const broken = (reason: string, message: string): Finding => ({ reason, message, settling: false, workload: w.key, ...mayFollowOthers });
  const stuck = all.find((c) => STUCK.has(c.state?.waiting?.reason ?? ''));
  if (stuck) {
    const reason = stuck.state?.waiting?.reason ?? '';
    return [broken(reason, `${w.key}: container ${stuck.name} of pod ${name}: ${reason}${lastWords(stuck)}`)];
  }
  const dead = all.find((c) => c.state?.terminated && c.state.terminated.exitCode !== 0);
  if (dead)
    return [broken(dead.state?.terminated?.reason ?? 'Error', `${w.key}: container ${dead.name} of pod ${name} ended${lastWords(dead)}`)];
  if (status.phase === 'Failed')
    return [broken(status.reason ?? 'Failed', `${w.key}: pod ${name} failed: ${status.message ?? 'no message'}`)];
  if (isReady(pod)) return [];

  const now = view.snapshot.time.getTime();
  const settling = (reason: string, message: string): Finding => ({ reason, message, settling: true, workload: w.key });
  const scheduled = status.conditions?.find((c) => c.type === 'PodScheduled');
  const age = now - Date.parse(pod.metadata.creationTimestamp ?? view.snapshot.time.toISOString());
  const running = status.containerStatuses?.length && status.containerStatuses.every((c) => c.state?.running);
  if (!running) {
    const unscheduled = scheduled?.status === 'False';
    const what = unscheduled ? `cannot be scheduled: ${scheduled.message ?? 'no message'}` : 'has not started';
    const late = age > (unscheduled ? SCHEDULE_SECONDS : START_SECONDS) * 1000;
    return [(late ? broken : settling)(unscheduled ? (scheduled.reason ?? 'Unschedulable') : 'Starting', `${w.key}: pod ${name} ${what}`)];
  }
  const started = status.containerStatuses?.every((c) => c.started) ?? false;
  const allowed = (readyAllowance(w, started) + READY_SLACK_SECONDS) * 1000;
  const since = Math.max(readySince(pod), ...(status.containerStatuses ?? []).map((c) => Date.parse(c.state?.running?.startedAt ?? '')));
  const message = `${w.key}: pod ${name} runs but is not ready`;
  if (now - since <= allowed) return [settling('NotReady', message)];
  // What is not ready may wait for a dependency that has just come back.
  if (now - lastPodChange(view) <= allowed) return [settling('NotReady', message)];
  return [{ ...broken('NotReady', message), mayFollowOthers: true }];
}

function lastWords(c: ContainerStatus): string {
  const end = c.state?.terminated ?? c.lastState?.terminated;
  if (end) return ` (${end.reason ?? 'ended'}, exit code ${end.exitCode})`;
  return c.state?.waiting?.message ? ` (${c.state.waiting.message})` : '';
}

/** Seconds a container of the baseline may take from running to ready, by its own probes; its startup probe counts until it has succeeded. */
function readyAllowance(w: Workload, started: boolean): number {
  const seconds = w.baseline.spec.template.spec.containers.map(
    (c) => (c.startupProbe && !started ? probeSeconds(c.startupProbe) : 0) + (c.readinessProbe ? probeSeconds(c.readinessProbe) : 0),
  );
  return Math.max(0, ...seconds) + (w.baseline.spec.minReadySeconds ?? 0);
}

/** The controller could not create pods. It tries again by itself, so once a quota has room for them this is only a matter of time. */
function admissionFindings(view: ArenaView, w: Workload): Finding[] {
  const conditions = [...(w.live?.status?.conditions ?? []), ...(w.newest?.status?.conditions ?? [])];
  const failure = conditions.find((c) => c.type === 'ReplicaFailure' && c.status === 'True');
  const lacking = (w.live?.spec.replicas ?? 1) - w.pods.length;
  if (!failure || lacking <= 0) return [];
  const short = missingRoom(view, w);
  const overQuota = failure.message?.includes('exceeded quota');
  const message = `${w.key}: its pods are refused: ${short ?? failure.message ?? failure.reason ?? 'no message'}`;
  return [{ reason: failure.reason ?? 'FailedCreate', message, settling: Boolean(overQuota && !short), workload: w.key }];
}
