import {
  type Cause,
  CHANGES_LINE,
  conclude,
  DEPLOYMENTS_LINE,
  type DeploymentLine,
  raisedQuota,
  readChanges,
  readDeployments,
} from './evidence.ts';

/** Types one line and gets what the terminal shows; `done` when the episode is over. */
export type Act = (line: string) => Promise<{ output: string; done: boolean }>;

/** ReplicaSets made within this many seconds of the newest one belong to the same change. */
const SAME_CHANGE_SECONDS = 5;

/**
 * What a careful on-call does with any cluster it has never seen: which Deployments are short of replicas, what changed last, what their pods
 * and events say; put back what changed; look again. Knows kubectl, and nothing of this app or of what may have been broken.
 */
export async function playRunbook(act: Act, maxRounds = 3): Promise<void> {
  const treated = new Map<string, string>();
  for (let round = 0; round < maxRounds; round++) {
    const listed = await act(DEPLOYMENTS_LINE);
    if (listed.done) return;
    const deployments = readDeployments(listed.output);
    const pods = await act('kubectl get pods -A');
    if (pods.done) return;
    const changes = await act(CHANGES_LINE);
    if (changes.done) return;
    const lately = changedLately(changes.output);
    // Restarting pods are ready between two crashes; on a busy node some restart without anything being wrong, so only after a change.
    const restarting = (d: DeploymentLine): boolean => lately.has(keyOf(d)) && restarts(pods.output, d);
    const hurt = deployments.filter((d) => d.ready < d.wanted || d.wanted === 0 || restarting(d));
    // The page says that users are hurt: with every pod in order, what changed last is to blame.
    const suspects = hurt.length || round > 0 ? hurt : deployments.filter((d) => lately.has(keyOf(d)));
    if (suspects.length === 0) {
      // Everything has its replicas again; whoever keeps score waits out what still settles.
      await act('report: resolved');
      return;
    }
    // What changed last first: the others may only suffer from it.
    const untreated = suspects.filter((d) => !treated.has(keyOf(d)));
    untreated.sort((a, b) => Number(lately.has(keyOf(b))) - Number(lately.has(keyOf(a))));
    for (const suspect of untreated) {
      const treatment = await treat(act, suspect, lately.has(keyOf(suspect)));
      if (treatment.done) return;
      if (treatment.cause) treated.set(keyOf(suspect), `${suspect.name} in namespace ${suspect.namespace}: ${inWords(treatment.cause)}`);
    }
    if ((await act(`diagnose: ${[...treated.values()].join('; ') || 'nothing found yet'}`)).done) return;
    const statuses = suspects.map((d) => `kubectl rollout status deploy/${d.name} -n ${d.namespace} --timeout=15s`);
    if ((await act(statuses.join('; '))).done) return;
  }
}

/** Looks into one Deployment and mends it if the evidence points at it. */
async function treat(act: Act, d: DeploymentLine, changed: boolean): Promise<{ done: boolean; cause?: Cause }> {
  const at = `-n ${d.namespace}`;
  const seen = await act(
    `kubectl describe deploy/${d.name} ${at} | tail -25; kubectl describe pods ${at} | grep -E '^Name:|Reason:|Exit Code|Warning' | tail -40; kubectl get events ${at} | grep ${d.name} | grep -E 'Scaled down|exceeded quota' | tail -4`,
  );
  const cause = seen.done ? undefined : conclude(d, seen.output, changed);
  if (!cause) return { done: seen.done };
  return { done: (await act(fixFor(d, cause, seen.output))).done, cause };
}

function fixFor(d: DeploymentLine, cause: Cause, evidence: string): string {
  const at = `-n ${d.namespace}`;
  switch (cause.kind) {
    case 'scaled-down':
      return `kubectl scale deploy/${d.name} --replicas=${cause.replicas} ${at}`;
    case 'quota': {
      const hard = raisedQuota(evidence, cause.resource) ?? cause.needed;
      // What was refused pods for a while asks for them minutes later; a new ReplicaSet asks at once.
      return `kubectl patch resourcequota ${cause.quota} ${at} --type merge -p '{"spec":{"hard":{"${cause.resource}":"${hard}"}}}'; kubectl rollout restart deploy/${d.name} ${at}`;
    }
    default:
      return `kubectl rollout undo deploy/${d.name} ${at}`;
  }
}

function inWords(cause: Cause): string {
  switch (cause.kind) {
    case 'scaled-down':
      return 'scaled to zero replicas';
    case 'quota':
      return `the resource quota ${cause.quota} blocks new pods (${cause.resource})`;
    case 'out-of-memory':
      return 'OOMKilled, its memory limit is too low';
    case 'image':
      return 'its image cannot be pulled';
    case 'probe':
      return 'its liveness probe fails';
    case 'crash':
      return 'its container command crashes (crash loop)';
    case 'config':
      return 'its configuration (environment) is wrong';
  }
}

const keyOf = (d: { namespace: string; name: string }): string => `${d.namespace}/${d.name}`;

/** Deployments whose template changed last; none when most changed together, which was a release of everything and not a slip. */
function changedLately(output: string): Set<string> {
  const changes = readChanges(output);
  const newest = Math.max(0, ...changes.map((c) => c.madeAt));
  const keys = (list: typeof changes) => new Set(list.map((c) => `${c.namespace}/${c.deployment}`));
  const lately = keys(changes.filter((c) => c.madeAt >= newest - SAME_CHANGE_SECONDS));
  return lately.size * 2 > keys(changes).size ? new Set() : lately;
}

/** `kubectl get pods -A` shows restarts of a pod of this Deployment. */
function restarts(pods: string, d: DeploymentLine): boolean {
  return pods
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([ns, pod, , , count]) => ns === d.namespace && pod?.startsWith(`${d.name}-`) && Number.parseInt(count ?? '0', 10) > 0);
}
