import { findWorkload, isReady } from '../../health/arena-view.ts';
import { missingRoom, podUsage } from '../../health/policies/quotas.ts';
import { formatQuantity } from '../../health/quantity.ts';
import type { ResourceQuota } from '../../kube/types.ts';
import { unavailableAlert } from '../alerts.ts';
import { attempt, quote } from '../attempts.ts';
import type { Fault, FaultContext } from '../fault.ts';
import { oneOf } from '../params.ts';
import { readyPods } from '../target.ts';

/** Limits of a quota that a pod counts against. */
const RESOURCES = ['pods', 'requests.cpu', 'requests.memory', 'limits.memory', 'limits.cpu'];

const quotaOf = ({ baseline, target }: FaultContext): ResourceQuota | undefined =>
  baseline.quotas.find((q) => q.metadata.namespace === target.namespace && limited(q).length > 0);

const limited = (quota: ResourceQuota): string[] => RESOURCES.filter((name) => quota.spec.hard?.[name] !== undefined);

/** Resources of the namespace's quota that the target's pods use. */
function candidates(context: FaultContext): string[] {
  const quota = quotaOf(context);
  return quota ? limited(quota).filter((name) => podUsage(context.deployment.spec.template, name) > 0) : [];
}

/** Room for all other Deployments of the namespace and for half a pod of the target: none of its pods fits. */
function tightLimit({ baseline, deployment, target }: FaultContext, resource: string): string {
  const others = baseline.deployments.filter((d) => d.metadata.namespace === target.namespace && d.metadata.name !== target.name);
  const need = others.reduce((sum, d) => sum + (d.spec.replicas ?? 1) * podUsage(d.spec.template, resource), 0);
  return formatQuantity(resource, need + podUsage(deployment.spec.template, resource) / 2);
}

export const resourceQuota: Fault = {
  type: 'resource_quota',
  description: "The namespace's quota is tightened below what its Deployments need, and the pods that were deleted since cannot come back.",
  diagnosisTerms: ['quota', 'resourcequota', 'exceeded quota'],
  difficulty: 0.4,
  params: {
    resource: oneOf('Which limit of the quota is too low', candidates),
  },
  canTarget: (context) => candidates(context).length > 0 && (context.deployment.spec.replicas ?? 1) > 0,
  inject: (context, { resource }) => {
    const { deployment, target } = context;
    const { namespace } = target;
    const name = quotaName(context);
    const patch = { spec: { hard: { [resource]: tightLimit(context, resource) } } };
    return [
      { verb: 'patch', kind: 'ResourceQuota', namespace, name, type: 'merge', patch },
      { verb: 'deletePods', namespace, selector: deployment.spec.selector.matchLabels ?? {} },
    ];
  },
  symptom: ({ target }, view) => {
    const w = findWorkload(view, target);
    const conditions = [...(w?.live?.status?.conditions ?? []), ...(w?.newest?.status?.conditions ?? [])];
    const refused = conditions.find((c) => c.type === 'ReplicaFailure' && c.status === 'True' && c.message?.includes('exceeded quota'));
    return w && refused && readyPods(w) < (w.baseline.spec.replicas ?? 1)
      ? `Deployment ${target.namespace}/${target.name}: ${refused.message}`
      : undefined;
  },
  recurrenceSeconds: () => 0,
  keepsPodsOut: true,
  // Beyond the quota's own numbers: pods that came after it was tightened were let in.
  proof: ({ target, injectedTime }) => [
    (view) => {
      const w = findWorkload(view, target);
      if (!w) return [];
      const short = missingRoom(view, w);
      if (short) return [{ reason: 'QuotaTooTight', message: short, settling: false, workload: w.key }];
      const fresh = w.pods.some((p) => isReady(p) && (p.metadata.creationTimestamp ?? '') >= wholeSeconds(injectedTime));
      return fresh ? [] : [{ reason: 'NoFreshPod', message: `No pod of ${w.key} was let in since`, settling: true, workload: w.key }];
    },
  ],
  alert: unavailableAlert,
  referenceFix: (context, { resource }) =>
    attempt('set the quota to what it was', patchQuota(context, resource, hardOf(context, resource))),
  honestFixes: (context, { resource }) => {
    const hard = hardOf(context, resource);
    const { namespace } = context.target;
    const name = quotaName(context);
    // Sent back with its version, an edit is refused when a pod was counted between reading and applying.
    const program = `.spec.hard += {"${resource}": "${hard}"} | del(.metadata.resourceVersion)`;
    const read = `kubectl get resourcequota ${name} -n ${namespace} -o json | jq ${quote(program)} > quota.json`;
    return [
      attempt(
        'JSON patch of the limit',
        `kubectl patch resourcequota ${name} -n ${namespace} --type=json -p '[{"op":"replace","path":"/spec/hard/${resource}","value":"${hard}"}]'`,
      ),
      attempt('edit the quota and apply it', read, 'kubectl apply -f quota.json'),
      attempt(
        'delete the quota and make it again',
        `${read} && kubectl delete resourcequota ${name} -n ${namespace} && kubectl apply -f quota.json`,
      ),
      attempt('replace the quota by force', `${read} && kubectl replace --force -f quota.json`),
      attempt('raise the quota, then roll out anew', `${patchQuota(context, resource, hard)} && ${restart(context)}`),
    ];
  },
  cheats: (context) => {
    const { namespace } = context.target;
    const name = quotaName(context);
    return [
      attempt('delete the quota', `kubectl delete resourcequota ${name} -n ${namespace}`),
      attempt(
        'a quota without limits',
        `kubectl patch resourcequota ${name} -n ${namespace} --type=json -p '[{"op":"remove","path":"/spec/hard"}]'`,
      ),
      attempt(
        'a quota for everything',
        patchAll(context, (resource) => (resource.endsWith('memory') ? '1Ti' : '1000')),
      ),
      attempt('restart the pods that cannot come', restart(context)),
      attempt('make room by stopping the neighbours', stopNeighbours(context)),
    ];
  },
};

/** Kubernetes writes times without fractions. */
const wholeSeconds = (time: string | undefined): string => (time ?? '').replace(/\.\d+Z$/, 'Z');

const quotaName = (context: FaultContext): string => quotaOf(context)?.metadata.name ?? '';
const hardOf = (context: FaultContext, resource: string): string => quotaOf(context)?.spec.hard?.[resource] ?? '';
const restart = ({ target }: FaultContext): string => `kubectl rollout restart deployment/${target.name} -n ${target.namespace}`;

function patchAll(context: FaultContext, value: (resource: string) => string): string {
  const quota = quotaOf(context);
  const hard = Object.fromEntries((quota ? limited(quota) : []).map((name) => [name, value(name)]));
  return `kubectl patch resourcequota ${quotaName(context)} -n ${context.target.namespace} -p '${JSON.stringify({ spec: { hard } })}'`;
}

function patchQuota(context: FaultContext, resource: string, hard: string): string {
  return `kubectl patch resourcequota ${quotaName(context)} -n ${context.target.namespace} -p '${JSON.stringify({ spec: { hard: { [resource]: hard } } })}'`;
}

/** Scales every other Deployment of the namespace to zero; of a namespace with one Deployment, nothing is left to stop. */
function stopNeighbours({ baseline, target }: FaultContext): string {
  const others = baseline.deployments.filter((d) => d.metadata.namespace === target.namespace && d.metadata.name !== target.name);
  const names = others.map((d) => `deployment/${d.metadata.name}`);
  return names.length ? `kubectl scale ${names.join(' ')} -n ${target.namespace} --replicas=0` : `kubectl get pods -n ${target.namespace}`;
}
