import type { Container, PodSpec } from '../../kube/types.ts';
import type { FaultContext, Mutation } from '../fault.ts';
import { oneOf } from '../params.ts';
import { targetContainer } from '../target.ts';

/** What the team's Jobs are called after. */
export const taskParam = oneOf('What the Job is for', () => ['backfill', 'cleanup', 'export', 'reindex']);

/**
 * A Job of the team's that runs the target's image once. It keeps the target's security context and resources, so that it fits the same walls
 * and quotas; its labels are its own, so that no Service finds its pod.
 */
export function batchJob(context: FaultContext, task: string, container: Partial<Container>, pod: Partial<PodSpec> = {}): Mutation {
  const { deployment, target } = context;
  // Not `<workload>-<task>`: that would read as a pod of the workload.
  const name = `${task}-${target.name}`;
  const labels = { ...deployment.metadata.labels, 'app.kubernetes.io/name': name };
  const { image, imagePullPolicy, resources, securityContext } = targetContainer(deployment, target);
  const template: PodSpec = {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    securityContext: deployment.spec.template.spec.securityContext,
    terminationGracePeriodSeconds: 3,
    ...pod,
    containers: [{ name: task, image, imagePullPolicy, resources, securityContext, ...container }],
  };
  const spec = { backoffLimit: 0, template: { metadata: { labels }, spec: template } };
  return { verb: 'create', namespace: target.namespace, object: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, labels }, spec } };
}
