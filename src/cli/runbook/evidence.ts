/** What a runbook reads out of kubectl's output. Pure. */

/** One Deployment as `DEPLOYMENTS_LINE` prints it. */
export interface DeploymentLine {
  namespace: string;
  name: string;
  wanted: number;
  ready: number;
}

/** One ReplicaSet as `CHANGES_LINE` prints it. */
export interface ChangeLine {
  namespace: string;
  deployment: string;
  revision: number;
  /** Seconds since the epoch at which it was made. */
  madeAt: number;
}

export const DEPLOYMENTS_LINE =
  "kubectl get deploy -A -o custom-columns='NS:.metadata.namespace,NAME:.metadata.name,WANTED:.spec.replicas,READY:.status.readyReplicas'";

export const CHANGES_LINE =
  "kubectl get rs -A -o custom-columns='NS:.metadata.namespace,OWNER:.metadata.ownerReferences[0].name,REV:.metadata.annotations.deployment\\.kubernetes\\.io/revision,MADE:.metadata.creationTimestamp'";

export function readDeployments(output: string): DeploymentLine[] {
  return rows(output).map(([namespace, name, wanted, ready]) => ({ namespace, name, wanted: Number(wanted), ready: Number(ready) || 0 }));
}

export function readChanges(output: string): ChangeLine[] {
  return rows(output)
    .map(([namespace, deployment, revision, made]) => ({
      namespace,
      deployment,
      revision: Number(revision),
      madeAt: Date.parse(made) / 1000,
    }))
    .filter((c) => Number.isFinite(c.madeAt));
}

function rows(output: string): string[][] {
  return output
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells.length >= 4);
}

export type Cause =
  | { kind: 'scaled-down'; replicas: number }
  | { kind: 'quota'; quota: string; resource: string; needed: string }
  | { kind: 'out-of-memory' }
  | { kind: 'image' }
  | { kind: 'probe' }
  | { kind: 'crash' }
  | { kind: 'config' };

/**
 * What broke a Deployment, from its `describe` output, its pods' and the namespace's events; undefined when nothing points at the Deployment
 * itself (it may only suffer from another one). Surest signs first.
 */
export function conclude(deployment: DeploymentLine, evidence: string, changedLately: boolean): Cause | undefined {
  const quota = /exceeded quota: ([a-z0-9.-]+), requested: ([a-z./-]+)=([^,\s]+)/.exec(evidence);
  if (quota) return { kind: 'quota', quota: quota[1], resource: quota[2], needed: quota[3] };
  if (deployment.wanted === 0) return { kind: 'scaled-down', replicas: replicasBefore(deployment.name, evidence) };
  if (!changedLately) return undefined;
  if (/OOMKilled/.test(evidence)) return { kind: 'out-of-memory' };
  if (/ErrImagePull|ImagePullBackOff/.test(evidence)) return { kind: 'image' };
  if (/Liveness probe failed/.test(evidence)) return { kind: 'probe' };
  if (/CrashLoopBackOff|Back-off restarting|Exit Code:\s*[1-9]/.test(evidence)) return { kind: 'crash' };
  return { kind: 'config' };
}

/** How many replicas there were before the scale-down, as its event tells ("Scaled down replica set x-5f from 2 to 0"). */
function replicasBefore(name: string, evidence: string): number {
  const counts = [...evidence.matchAll(/Scaled down replica set (\S+) from (\d+) to 0/g)].filter(([, rs]) => rs.startsWith(`${name}-`));
  return Math.max(1, ...counts.map(([, , from]) => Number(from)));
}

/** Twice what a quota let through, or what one more pod needs on top: room without giving the quota up. */
export function raisedQuota(evidence: string, resource: string): string | undefined {
  const match = new RegExp(`limited: (?:[^\\n]*,)?${resource.replace('.', '\\.')}=([0-9]+)([A-Za-z]*)`).exec(evidence);
  const requested = new RegExp(`requested: (?:[^\\n]*?,)?${resource.replace('.', '\\.')}=([0-9]+)([A-Za-z]*)`).exec(evidence);
  if (!match) return undefined;
  const unit = match[2] || requested?.[2] || '';
  const sameUnit = requested && requested[2] === match[2];
  const more = sameUnit ? Number(requested[1]) * 4 : Number(match[1]);
  return `${Number(match[1]) + Math.max(1, more)}${unit}`;
}
