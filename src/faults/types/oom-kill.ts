import { findWorkload } from '../../health/arena-view.ts';
import { parseQuantity } from '../../health/quantity.ts';
import type { ContainerStatus } from '../../kube/types.ts';
import { restartingAlert } from '../alerts.ts';
import { attempt, editAttempts, patchContainerLine, ref, undo, updateContainer } from '../attempts.ts';
import type { Fault, FaultContext } from '../fault.ts';
import { containerStatuses, observedRunSeconds, patchContainer, rolledOut, targetContainer } from '../target.ts';

/** A container that asks for less than this may start within the injected limit (nginx and Redis do). */
const SMALLEST_REQUEST = parseQuantity('40Mi');
/** Enough for the runtime to start the process, too little for the process itself. */
const LIMITS = ['16Mi', '18Mi', '20Mi', '22Mi', '24Mi'];

const memory = ({ deployment, target }: FaultContext) => targetContainer(deployment, target).resources ?? {};

export const oomKill: Fault = {
  type: 'oom_kill',
  description: 'The memory limit is far below what the program needs to start, so the kernel kills it again and again.',
  diagnosisTerms: ['oom', 'out of memory', 'memory limit', 'oomkilled'],
  difficulty: 0.2,
  params: {
    limit: {
      description: 'The memory limit that is set, as a quantity',
      cosmetic: true,
      values: () => LIMITS,
      problem: (value, context) => {
        const most = parseQuantity(memory(context).requests?.memory ?? '0') / 2;
        return bytes(value) >= parseQuantity('8Mi') && bytes(value) <= most
          ? undefined
          : `must be a quantity from 8Mi to ${Math.floor(most / 2 ** 20)}Mi (half of what the container asks for)`;
      },
    },
  },
  canTarget: (context) => {
    const { limits, requests } = memory(context);
    return limits?.memory !== undefined && parseQuantity(requests?.memory ?? '0') >= SMALLEST_REQUEST;
  },
  // The API refuses a request above the limit, so both go down.
  inject: (context, { limit }) => [patchContainer(context, { resources: { limits: { memory: limit }, requests: { memory: limit } } })],
  symptom: ({ target }, view) => {
    const w = rolledOut(view, target);
    if (!w) return undefined;
    const { name } = targetContainer(w.baseline, target);
    const killed = containerStatuses(w, name).find(({ status }) => wasOomKilled(status));
    return killed && `Pod ${killed.pod}: container ${name} was OOMKilled`;
  },
  recurrenceSeconds: ({ target }, view) => observedRunSeconds(findWorkload(view, target)),
  proof: ({ target }) => [
    (view) => {
      const w = findWorkload(view, target);
      const killed = w && containerStatuses(w, targetContainer(w.baseline, target).name).find(({ status }) => wasOomKilled(status));
      if (!killed) return [];
      return [{ reason: 'OOMKilled', message: `Pod ${killed.pod} was OOMKilled`, settling: false, workload: w.key }];
    },
  ],
  alert: restartingAlert,
  referenceFix: (context) => {
    const { name, resources } = targetContainer(context.deployment, context.target);
    const { limits, requests } = resources ?? {};
    const line = `kubectl set resources ${ref(context)} -c ${name} --limits=memory=${limits?.memory} --requests=memory=${requests?.memory}`;
    return attempt('set the memory limit and request to what they were', line);
  },
  honestFixes: (context) => {
    const limit = memory(context).limits?.memory ?? '';
    const { name } = targetContainer(context.deployment, context.target);
    return [
      undo(context),
      attempt('patch limit and request', patchContainerLine(context, { resources: memory(context) })),
      attempt('raise only the limit', `kubectl set resources ${ref(context)} -c ${name} --limits=memory=${limit}`),
      attempt('twice the old limit', `kubectl set resources ${ref(context)} -c ${name} --limits=memory=${parseQuantity(limit) * 2}`),
      ...editAttempts(context, updateContainer(context, `.resources = ${JSON.stringify(memory(context))}`)),
    ];
  },
  cheats: (context, { limit }) => [
    attempt('a limit that is still too low', `kubectl set resources ${ref(context)} --limits=memory=${bytes(limit) + 2 ** 20}`),
    attempt('restart the pods', `kubectl rollout restart ${ref(context)}`),
  ],
};

const wasOomKilled = ({ state, lastState }: ContainerStatus): boolean =>
  [state, lastState].some((s) => s?.terminated?.reason === 'OOMKilled');

const bytes = (quantity: string): number => {
  try {
    return parseQuantity(quantity);
  } catch {
    return Number.NaN;
  }
};
