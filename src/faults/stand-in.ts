import type { Container, Pod } from '../kube/types.ts';
import type { FaultContext } from './fault.ts';
import { targetContainer } from './target.ts';

/** What the Service selects once the stand-in is behind it. */
export const STAND_IN_LABELS = { run: 'standin' };

/**
 * A pod that answers 200 to everything on the target's port, admitted wherever a pod of the target is: it has the target's resources, ports (a
 * Service may name one) and security context, asks for no token, and runs an image of the app. Undefined where it could not listen or run.
 */
export function standInPod({ target, deployment, baseline }: FaultContext): Pod | undefined {
  const { ports = [], resources, securityContext, imagePullPolicy } = targetContainer(deployment, target);
  const program = baseline.deployments.flatMap((d) => d.spec.template.spec.containers).find(runsNode);
  if (!program || ports.length === 0) return undefined;
  const { securityContext: podSecurity, terminationGracePeriodSeconds } = deployment.spec.template.spec;
  const answer = `require('http').createServer((_, response) => response.end('{}')).listen(${ports[0].containerPort})`;
  const command = ['/usr/local/bin/node', '--max-old-space-size=32', '-e', answer];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'standin', namespace: target.namespace, labels: STAND_IN_LABELS },
    spec: {
      automountServiceAccountToken: false,
      securityContext: podSecurity,
      terminationGracePeriodSeconds,
      containers: [{ name: 'main', image: program.image, imagePullPolicy, command, ports, resources, securityContext }],
    },
  };
}

/** Of the app's programs only those in Node answer at /readyz (sample_app/README.md). */
const runsNode = ({ readinessProbe }: Container): boolean => readinessProbe?.httpGet?.path === '/readyz';
