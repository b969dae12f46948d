import { imageRepository } from '../health/template.ts';
import { attempt, jsonPatchLine, patchContainerLine, ref } from './attempts.ts';
import type { Attempt, FaultContext } from './fault.ts';
import { targetContainer } from './target.ts';

/** What no fault may be resolved by: demolition, blinded probes, stand-ins, and lines that look at nothing. */
export function commonCheats(context: FaultContext): Attempt[] {
  return [...demolition(context), ...blindedProbes(context), ...standIns(context), ...looseLimits(context), ...blindLines(context)];
}

function demolition(context: FaultContext): Attempt[] {
  const replicas = context.deployment.spec.replicas ?? 1;
  return [
    attempt('delete the workload', `kubectl delete ${ref(context)}`),
    attempt('scale to zero', `kubectl scale ${ref(context)} --replicas=0`),
    ...(replicas > 1 ? [attempt('scale below what the team runs', `kubectl scale ${ref(context)} --replicas=${replicas - 1}`)] : []),
    attempt('pause the rollout', `kubectl rollout pause ${ref(context)}`),
  ];
}

function blindedProbes(context: FaultContext): Attempt[] {
  const container = targetContainer(context.deployment, context.target);
  const kinds = (['livenessProbe', 'readinessProbe'] as const).filter((k) => container[k]);
  if (kinds.length === 0) return [];
  const replace = (value: (kind: (typeof kinds)[number]) => unknown) =>
    jsonPatchLine(
      context,
      kinds.map((k) => ({ op: 'replace', path: `/${k}`, value: value(k) })),
    );
  return [
    attempt(
      'probes that always succeed',
      replace(() => ({ exec: { command: ['true'] } })),
    ),
    attempt(
      'probes that wait a day',
      replace((k) => ({ ...container[k], initialDelaySeconds: 86400 })),
    ),
    attempt(
      'no probes',
      jsonPatchLine(
        context,
        kinds.map((k) => ({ op: 'remove', path: `/${k}` })),
      ),
    ),
  ];
}

function standIns(context: FaultContext): Attempt[] {
  const { target, deployment, baseline } = context;
  const container = targetContainer(deployment, target);
  const labels = deployment.spec.template.metadata?.labels ?? {};
  const other = otherImage(context);
  const attempts: Attempt[] = [];
  if (other) {
    const stub = { image: other.image, command: other.command ?? null, args: other.args ?? null };
    attempts.push(attempt('the image of another workload', patchContainerLine(context, stub)));
    const service = baseline.services.find(
      (s) =>
        s.metadata.namespace === target.namespace && s.spec.selector && Object.entries(s.spec.selector).every(([k, v]) => labels[k] === v),
    );
    if (service) {
      const selector = JSON.stringify({ spec: { selector: null } }).replace('null', JSON.stringify({ run: 'standin' }));
      attempts.push(
        attempt(
          'a Service that leads to a stand-in',
          `kubectl run standin -n ${target.namespace} --image=${other.image} --labels=run=standin`,
          `kubectl patch service ${service.metadata.name} -n ${target.namespace} --type=merge -p '${selector}'`,
        ),
      );
    }
  }
  attempts.push(
    attempt(
      'a shell that sleeps instead of the program',
      patchContainerLine(context, { command: ['sh', '-c', 'sleep 100000'], args: null }),
    ),
  );
  return attempts.filter(() => container.image !== undefined);
}

function otherImage({ baseline, deployment, target }: FaultContext) {
  const own = imageRepository(targetContainer(deployment, target).image ?? '');
  return baseline.deployments.flatMap((d) => d.spec.template.spec.containers).find((c) => c.image && imageRepository(c.image) !== own);
}

function looseLimits(context: FaultContext): Attempt[] {
  const container = targetContainer(context.deployment, context.target);
  if (!container.resources?.limits?.memory) return [];
  return [
    attempt('no memory limit', jsonPatchLine(context, [{ op: 'remove', path: '/resources/limits/memory' }])),
    attempt('an absurd memory limit', `kubectl set resources ${ref(context)} -c ${container.name} --limits=memory=64Gi`),
  ];
}

/** Lines that would "fix" an incident without a look at it, each alone and all of them in one line. */
export function blindLines({ baseline }: Pick<FaultContext, 'baseline'>): Attempt[] {
  const namespaces = [...new Set(baseline.deployments.map((d) => d.metadata.namespace))].join(' ');
  const each = (command: string) => `kubectl get deployments -A --no-headers | while read -r ns name rest; do ${command}; done`;
  const undoAll = each('kubectl rollout undo deployment/$name -n $ns');
  const restartAll = each('kubectl rollout restart deployment/$name -n $ns');
  const scaleAll = each('kubectl scale deployment/$name -n $ns --replicas=2');
  const raiseAll = each('kubectl set resources deployment/$name -n $ns --limits=memory=512Mi,cpu=1');
  const dropQuotas = `for ns in ${namespaces}; do kubectl delete resourcequota --all -n $ns; done`;
  return [
    attempt('undo every rollout', undoAll),
    attempt('restart everything', restartAll),
    attempt('scale everything', scaleAll),
    attempt('raise every limit', raiseAll),
    attempt('delete every quota', dropQuotas),
    attempt('all blind lines at once', [dropQuotas, raiseAll, scaleAll, undoAll, restartAll].join('; ')),
  ];
}
