import { isReady, lastPodChange } from '../../health/arena-view.ts';
import { probeSeconds } from '../../health/template.ts';
import type { EnvVar } from '../../kube/types.ts';
import { failingAlert } from '../alerts.ts';
import { attempt, editAttempts, jsonPatchLine, patchContainerLine, quote, ref, undo, updateContainer } from '../attempts.ts';
import type { Fault, FaultContext } from '../fault.ts';
import { oneOf } from '../params.ts';
import { parseServiceUrl, sameServiceUrl } from '../service-url.ts';
import { containerStatuses, liveContainer, patchContainer, rolledOut, targetContainer } from '../target.ts';

const SUFFIXES = ['-v2', '-primary', '-internal', '-new'];
/** A request that failed this soon after a pod changed may only have met the rollout. */
const ROLLOUT_SECONDS = 2;

const env = ({ deployment, target }: FaultContext): EnvVar[] => targetContainer(deployment, target).env ?? [];
const urls = (context: FaultContext): EnvVar[] => env(context).filter((e) => e.value !== undefined && parseServiceUrl(e.value));
const currentValue = (context: FaultContext, variable: string): string => env(context).find((e) => e.name === variable)?.value ?? '';

function wrongValue(context: FaultContext, { variable, mode, suffix }: Record<string, string>): string {
  const was = parseServiceUrl(currentValue(context, variable));
  if (!was) throw new Error(`${variable} of ${context.target.namespace}/${context.target.name} holds no URL`);
  const [host, ...domain] = was.host.split('.');
  return mode === 'host'
    ? `${was.before}${[host + suffix, ...domain].join('.')}:${was.port}${was.after}`
    : `${was.before}${was.host}:${Number(was.port) + 1}${was.after}`;
}

export const badConfig: Fault = {
  type: 'bad_config',
  description: 'An environment variable names a host or port of a dependency that does not exist, so the workload runs but cannot work.',
  diagnosisTerms: ['config', 'configuration', 'env', 'environment variable', 'url', 'hostname', 'wrong host', 'wrong port'],
  difficulty: 0.35,
  params: {
    variable: oneOf('Environment variable that holds the URL of a dependency', (context) => urls(context).map((e) => e.name)),
    mode: oneOf('What is wrong in the URL: host or port', () => ['host', 'port']),
    suffix: {
      description: 'What is appended to the host name (used by mode host)',
      cosmetic: true,
      values: () => SUFFIXES,
      problem: (value) => (/^-[a-z0-9]{1,20}$/.test(value) ? undefined : 'must be a dash and 1 to 20 small letters or digits'),
    },
  },
  canTarget: (context) => urls(context).length > 0,
  inject: (context, params) => [patchContainer(context, { env: [{ name: params.variable, value: wrongValue(context, params) }] })],
  symptom: ({ target }, view) => {
    const w = rolledOut(view, target);
    if (!w?.newest || w.pods.length === 0 || w.oldPods.length > 0) return undefined;
    const { name } = targetContainer(w.baseline, target);
    const crashed = containerStatuses(w, name).find(({ status }) => status.restartCount > 0 && !status.ready);
    if (crashed) return `Pod ${crashed.pod}: container ${name} ends because it cannot reach what it needs`;
    const changed = lastPodChange(view);
    const failed = view.snapshot.transactions.find((t) => !t.ok && t.startedAt.getTime() > changed + ROLLOUT_SECONDS * 1000);
    if (!failed) return undefined;
    const waiting = w.pods.find((p) => !isReady(p));
    // Not started yet is not a symptom: any pod is not ready then.
    if (waiting && !waiting.status?.containerStatuses?.every((c) => c.started)) return undefined;
    return waiting
      ? `Pod ${waiting.metadata.name} runs but is not ready; customers see: ${failed.message}`
      : `Customers see: ${failed.message}`;
  },
  recurrenceSeconds: ({ target }, view) => {
    const probe = liveContainer(view, target)?.readinessProbe;
    return probe ? probeSeconds(probe) : 0;
  },
  proof: () => [],
  sameEnv: (live, baseline, namespace) =>
    live.value !== undefined && baseline.value !== undefined && sameServiceUrl(live.value, baseline.value, namespace),
  alert: failingAlert,
  referenceFix: (context, { variable }) =>
    attempt(
      'set the variable to what it was',
      `kubectl set env ${ref(context)} ${quote(`${variable}=${currentValue(context, variable)}`)}`,
    ),
  honestFixes: (context, { variable }) => {
    const value = currentValue(context, variable);
    const index = env(context).findIndex((e) => e.name === variable);
    const shorter = value.replace('.svc.cluster.local', '.svc');
    return [
      undo(context),
      attempt('patch the variable', patchContainerLine(context, { env: [{ name: variable, value }] })),
      attempt('JSON patch of the variable', jsonPatchLine(context, [{ op: 'replace', path: `/env/${index}/value`, value }])),
      attempt('the same host by a shorter name', `kubectl set env ${ref(context)} ${quote(`${variable}=${shorter}`)}`),
      ...editAttempts(
        context,
        updateContainer(context, `.env |= map(if .name == ${JSON.stringify(variable)} then .value = ${JSON.stringify(value)} else . end)`),
      ),
    ];
  },
  cheats: (context, { variable }) => [
    attempt('restart the pods', `kubectl rollout restart ${ref(context)}`),
    attempt('remove the variable', `kubectl set env ${ref(context)} ${variable}-`),
    attempt(
      'another wrong host',
      `kubectl set env ${ref(context)} ${quote(`${variable}=${wrongValue(context, { variable, mode: 'host', suffix: '-0' })}`)}`,
    ),
    attempt(
      'ready by its own word',
      jsonPatchLine(context, [{ op: 'replace', path: '/readinessProbe', value: { exec: { command: ['/bin/true'] }, periodSeconds: 2 } }]),
    ),
  ],
};
