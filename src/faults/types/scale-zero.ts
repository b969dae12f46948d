import { findWorkload } from '../../health/arena-view.ts';
import { isSingleton } from '../../health/policies/intent.ts';
import { unavailableAlert } from '../alerts.ts';
import { attempt, editAttempts, patchLine, ref } from '../attempts.ts';
import type { Fault, FaultContext } from '../fault.ts';

const replicas = ({ deployment }: FaultContext): number => deployment.spec.replicas ?? 1;

export const scaleZero: Fault = {
  type: 'scale_zero',
  description: 'The Deployment is scaled to zero, so its Service has no endpoints.',
  // Never `replicas` alone: the page says that word.
  diagnosisTerms: [
    ...['scale', 'scaling', 'no replicas', '0 replicas', 'zero replicas'],
    ...['replicas 0', 'replicas is 0', 'replicas to 0', 'replicas zero', 'replicas to zero'],
  ],
  difficulty: 0.1,
  params: {},
  canTarget: (context) => replicas(context) > 0,
  inject: ({ target }) => [
    { verb: 'patch', kind: 'Deployment', ...identity(target), type: 'merge', patch: { spec: { replicas: 0 } }, subresource: 'scale' },
  ],
  symptom: ({ target }, view) => {
    const w = findWorkload(view, target);
    const gone = w?.live?.spec.replicas === 0 && (w.live.status?.replicas ?? 0) === 0 && w.pods.length === 0;
    return gone ? `Deployment ${target.namespace}/${target.name} has no pods` : undefined;
  },
  recurrenceSeconds: () => 0,
  proof: () => [],
  alert: unavailableAlert,
  referenceFix: (context) => attempt('scale to what the team runs', `kubectl scale ${ref(context)} --replicas=${replicas(context)}`),
  honestFixes: (context) => [
    attempt('patch replicas', patchLine(context, { spec: { replicas: replicas(context) } })),
    ...editAttempts(context, `.spec.replicas = ${replicas(context)}`),
    ...(isSingleton(context.deployment)
      ? []
      : [attempt('scale above what the team runs', `kubectl scale ${ref(context)} --replicas=${replicas(context) + 1}`)]),
  ],
  cheats: (context) => [
    attempt('restart the pods that are not there', `kubectl rollout restart ${ref(context)}`),
    attempt('a bare pod in place of the Deployment', barePod(context)),
    attempt(
      'undo the last rollout, then scale',
      `kubectl rollout undo ${ref(context)} && kubectl scale ${ref(context)} --replicas=${replicas(context)}`,
    ),
    ...(isSingleton(context.deployment) ? [attempt('scale a singleton to three', `kubectl scale ${ref(context)} --replicas=3`)] : []),
  ],
};

const identity = ({ namespace, name }: { namespace: string; name: string }) => ({ namespace, name });

/** A pod made from the template, with its labels, so that the Service finds it. */
function barePod({ target }: FaultContext): string {
  const program = `{apiVersion: "v1", kind: "Pod", metadata: {name: "${target.name}-0", labels: .spec.template.metadata.labels}, spec: .spec.template.spec}`;
  return `kubectl get deployment/${target.name} -n ${target.namespace} -o json | jq '${program}' | kubectl apply -n ${target.namespace} -f -`;
}
