import type { Deployment } from '../../kube/types.ts';
import { type ArenaView, findWorkload, type Workload } from '../arena-view.ts';
import type { Finding, Policy } from '../policy.ts';
import { targetKey } from '../snapshot.ts';
import { intentDifference, templateDifference } from '../template.ts';

const broken = (workload: string, reason: string, message: string): Finding => ({ reason, message, settling: false, workload });

/** Every object of the baseline is there by name; deleted and made again is fine. */
export const objectsPresent: Policy = ({ baseline, snapshot, workloads }) => {
  const missing = workloads
    .filter((w) => !w.live || w.live.metadata.deletionTimestamp)
    .map((w) => broken(w.key, 'WorkloadMissing', `Deployment ${w.key} does not exist`));
  const present = snapshot.present;
  if (!present) return missing;
  const lost = baseline.objects.filter((key) => !present.has(key) && !key.startsWith('Deployment '));
  return [...missing, ...lost.map((key): Finding => ({ reason: 'ObjectMissing', message: `${key} does not exist`, settling: false }))];
};

/** A paused Deployment does not roll out what is fixed in it. */
export const notPaused: Policy = ({ workloads }) =>
  workloads
    .filter((w) => w.live?.spec.paused && !w.baseline.spec.paused)
    .map((w) => broken(w.key, 'Paused', `Deployment ${w.key} is paused`));

/**
 * A singleton is what the baseline runs once and replaces by Recreate: the team tells Kubernetes that two of it must never meet.
 */
export function isSingleton(deployment: Deployment): boolean {
  return (deployment.spec.replicas ?? 1) === 1 && deployment.spec.strategy?.type === 'Recreate';
}

/** As many replicas as before, or more where more than one may run. */
export const enoughReplicas: Policy = ({ workloads }) =>
  workloads.flatMap((w) => {
    if (!w.live) return [];
    const wanted = w.baseline.spec.replicas ?? 1;
    const is = w.live.spec.replicas ?? 1;
    if (is < wanted) return [broken(w.key, 'TooFewReplicas', `Deployment ${w.key} has ${is} replicas; the team runs ${wanted}`)];
    if (is > wanted && isSingleton(w.baseline))
      return [broken(w.key, 'SingletonScaled', `Deployment ${w.key} has ${is} replicas; only one may run`)];
    return [];
  });

/** What no fault touched is as the team deployed it; what a fault touched keeps its intent. */
export const templatesIntended: Policy = (view) =>
  view.workloads.flatMap((w) => {
    if (!w.live) return [];
    const difference = w.targeted ? targetDifference(view, w) : templateDifference(w.live.spec.template, w.baseline.spec.template);
    if (!difference) return [];
    return [broken(w.key, 'TemplateChanged', `Deployment ${w.key}: ${difference}`)];
  });

function targetDifference(view: ArenaView, w: Workload): string | undefined {
  const rules = view.faults.filter((f) => targetKey(f.target) === w.key).flatMap((f) => (f.sameEnv ? [f.sameEnv] : []));
  const namespace = w.baseline.metadata.namespace ?? '';
  return w.live && intentDifference(w.live.spec.template, w.baseline.spec.template, (a, b) => rules.some((same) => same(a, b, namespace)));
}

/** True when the live template of this target carries its baseline's intent; for proofs. */
export function hasIntent(view: ArenaView, target: { namespace: string; name: string }): boolean {
  const w = findWorkload(view, target);
  return w?.live !== undefined && targetDifference(view, w) === undefined;
}
