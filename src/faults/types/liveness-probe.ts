import { probeSeconds } from '../../health/template.ts';
import { restartingAlert } from '../alerts.ts';
import { attempt, editAttempts, jsonPatchLine, patchContainerLine, ref, undo, updateContainer } from '../attempts.ts';
import type { Fault, FaultContext } from '../fault.ts';
import { oneOf } from '../params.ts';
import { containerStatuses, liveContainer, patchContainer, rolledOut, targetContainer } from '../target.ts';

const PATHS = ['/live', '/health/live', '/api/health', '/status', '/ping'];
/** A port that no workload of the app listens on. */
const CLOSED_PORT = 9090;

const probe = ({ deployment, target }: FaultContext) => targetContainer(deployment, target).livenessProbe ?? {};

export const livenessProbe: Fault = {
  type: 'liveness_probe',
  description: 'The liveness probe asks for a path or a port that does not answer, so healthy containers are killed periodically.',
  diagnosisTerms: ['liveness', 'probe', 'health check'],
  difficulty: 0.3,
  params: {
    mode: oneOf('What is wrong in the probe: path or port', () => ['path', 'port']),
    path: {
      description: 'The wrong path (used by mode path)',
      cosmetic: true,
      values: (context) => PATHS.filter((p) => p !== probe(context).httpGet?.path),
      problem: (value, context) =>
        /^\/[\w/.-]{1,60}$/.test(value) && value !== probe(context).httpGet?.path && value !== '/'
          ? undefined
          : 'must be an absolute path of at most 60 characters that is not the one the probe asks for now',
    },
  },
  canTarget: (context) => probe(context).httpGet !== undefined,
  inject: (context, { mode, path }) => {
    const httpGet = mode === 'path' ? { path } : { port: CLOSED_PORT };
    return [patchContainer(context, { livenessProbe: { httpGet } })];
  },
  symptom: ({ target }, view) => {
    const w = rolledOut(view, target);
    if (!w) return undefined;
    const { name } = targetContainer(w.baseline, target);
    const restarted = containerStatuses(w, name).find(({ status }) => status.restartCount > 0 || status.state?.terminated);
    return restarted && `Pod ${restarted.pod}: container ${name} was killed and started again`;
  },
  // A probe that fails kills the container this long after its start, and the next start begins it anew.
  recurrenceSeconds: ({ target }, view) => {
    const live = liveContainer(view, target)?.livenessProbe;
    return live ? probeSeconds(live) : 0;
  },
  proof: () => [],
  alert: restartingAlert,
  referenceFix: (context) =>
    attempt('patch the probe to what it was', patchContainerLine(context, { livenessProbe: { httpGet: probe(context).httpGet } })),
  honestFixes: (context) => [
    undo(context),
    attempt('JSON patch of the whole probe', jsonPatchLine(context, [{ op: 'replace', path: '/livenessProbe', value: probe(context) }])),
    attempt(
      'the right probe, a little more patient',
      patchContainerLine(context, { livenessProbe: { ...probe(context), failureThreshold: (probe(context).failureThreshold ?? 3) + 1 } }),
    ),
    ...editAttempts(context, updateContainer(context, `.livenessProbe = ${JSON.stringify(probe(context))}`)),
  ],
  cheats: (context) => [
    attempt('no liveness probe', jsonPatchLine(context, [{ op: 'remove', path: '/livenessProbe' }])),
    attempt(
      'a probe of a port that is open',
      jsonPatchLine(context, [{ op: 'replace', path: '/livenessProbe', value: tcpProbe(context) }]),
    ),
    attempt('a probe that gives up after 1000 failures', patchContainerLine(context, { livenessProbe: { failureThreshold: 1000 } })),
    attempt('a wrong probe that waits a day', patchContainerLine(context, { livenessProbe: { initialDelaySeconds: 86400 } })),
    attempt('a probe that looks once an hour', patchContainerLine(context, { livenessProbe: { periodSeconds: 3600 } })),
    attempt('restart the pods', `kubectl rollout restart ${ref(context)}`),
  ],
};

function tcpProbe(context: FaultContext) {
  const { httpGet, ...timing } = probe(context);
  return { ...timing, tcpSocket: { port: httpGet?.port } };
}
