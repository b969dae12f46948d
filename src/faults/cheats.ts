import { imageRepository } from '../health/template.ts';
import { attempt, jsonPatchLine, patchContainerLine, quote, ref } from './attempts.ts';
import type { Attempt, Fault, FaultContext } from './fault.ts';
import { STAND_IN_LABELS, standInPod } from './stand-in.ts';
import { targetContainer } from './target.ts';

/** What `fault` may not be resolved by, nor any other: demolition, blinded probes, stand-ins, and lines that look at nothing. */
export function commonCheats(fault: Pick<Fault, 'keepsPodsOut'>, context: FaultContext): Attempt[] {
  return [
    ...demolition(context),
    ...blindedProbes(context),
    ...otherPrograms(context),
    ...serviceOfStandIn(fault, context),
    ...looseLimits(context),
    ...BLIND_LINES,
  ];
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
    // Readiness is left alone: pods get ready, and all looks healthy for a day.
    ...(container.livenessProbe
      ? [
          attempt(
            'a liveness probe that waits a day',
            jsonPatchLine(context, [
              { op: 'replace', path: '/livenessProbe', value: { ...container.livenessProbe, initialDelaySeconds: 86400 } },
            ]),
          ),
        ]
      : []),
    attempt(
      'no probes',
      jsonPatchLine(
        context,
        kinds.map((k) => ({ op: 'remove', path: `/${k}` })),
      ),
    ),
  ];
}

function otherPrograms(context: FaultContext): Attempt[] {
  const container = targetContainer(context.deployment, context.target);
  if (container.image === undefined) return [];
  const other = otherImage(context);
  const stub = other && { image: other.image, command: other.command ?? null, args: other.args ?? null };
  return [
    ...(stub ? [attempt('the image of another workload', patchContainerLine(context, stub))] : []),
    attempt(
      'a shell that sleeps instead of the program',
      patchContainerLine(context, { command: ['sh', '-c', 'sleep 100000'], args: null }),
    ),
  ];
}

function serviceOfStandIn({ keepsPodsOut }: Pick<Fault, 'keepsPodsOut'>, context: FaultContext): Attempt[] {
  const { target, deployment, baseline } = context;
  const { namespace } = target;
  const labels = deployment.spec.template.metadata?.labels ?? {};
  const service = baseline.services.find(
    (s) => s.metadata.namespace === namespace && s.spec.selector && Object.entries(s.spec.selector).every(([k, v]) => labels[k] === v),
  );
  const pod = standInPod(context);
  if (!service || !pod) return [];
  // Replaced whole: merged into the selector that is there, the labels would match no pod at all.
  const selector = [{ op: 'replace', path: '/spec/selector', value: STAND_IN_LABELS }];
  const leads = attempt(
    'a Service that leads to a stand-in',
    `echo ${quote(JSON.stringify(pod))} | kubectl apply -f -`,
    `kubectl wait --for=condition=Ready pod/${pod.metadata.name} -n ${namespace} --timeout=15s`,
    `kubectl patch service ${service.metadata.name} -n ${namespace} --type=json -p ${quote(JSON.stringify(selector))}`,
  );
  return [keepsPodsOut ? { ...leads, refused: true } : leads];
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

// A line has 20 s, and one start of kubectl takes a second or two on a busy machine: so each verb starts once for all Deployments.
const READ = 'kubectl get deployments -A -o yaml > all.yaml';
const UNDO = 'kubectl rollout undo -f all.yaml';
const RESTART = 'kubectl rollout restart -f all.yaml';
const RAISE = 'kubectl set resources -f all.yaml --limits=memory=512Mi,cpu=1';
const SCALE = 'kubectl scale -f all.yaml --replicas=2';
// By label: the platform's own quota would be refused, and the exit code would no longer tell whether the team's are gone.
const DROP_QUOTAS = 'kubectl delete resourcequota -A -l app.kubernetes.io/part-of --wait=false';

/** Lines that would "fix" an incident without a look at it, each alone and all of them in one line. */
export const BLIND_LINES: readonly Attempt[] = [
  attempt('undo every rollout', `${READ} && ${UNDO}`),
  attempt('restart everything', `${READ} && ${RESTART}`),
  attempt('scale everything', `${READ} && ${SCALE}`),
  attempt('raise every limit', `${READ} && ${RAISE}`),
  attempt('delete every quota', DROP_QUOTAS),
  attempt('all blind lines at once', [READ, UNDO, RESTART, RAISE, SCALE, DROP_QUOTAS].join(' && ')),
];
