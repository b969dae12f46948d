import type { Episode } from '../api/episode.ts';
import { API_VERSION } from '../api/group.ts';
import { ownerReferenceTo } from '../api/object.ts';
import { type Step, type StepSpec, stepName } from '../api/step.ts';
import type { KubeClient } from '../kube/client.ts';
import { type Clock, sleep } from '../kube/clock.ts';
import { ApiError, isAlreadyExists, TransportError } from '../kube/errors.ts';
import type { Logger } from '../kube/logger.ts';
import { Resources } from '../kube/resource.ts';
import { GatewayError } from './session-api.ts';

/** An API server that is well stores a Step in milliseconds; one that vanished is asked again after this. */
const TRY_MS = 5000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2000;

export interface StepStore {
  client: KubeClient;
  namespace: string;
  clock: Clock;
  log: Logger;
}

/**
 * Stores a Step of an Episode, with retries for `withinMs` milliseconds while the API server gives no answer or fails. A Detach takes a later index
 * where there is a Step already, and may be stored twice: what comes after the first counts for nothing.
 *
 * @throws GatewayError when it is refused, or not known to be stored in time; then only a Detach may follow
 */
export async function recordStep(o: StepStore, episode: Episode, spec: Omit<StepSpec, 'episode'>, withinMs: number): Promise<void> {
  const over = new AbortController();
  const cancel = o.clock.setTimeout(() => over.abort(), withinMs);
  let step = stepOf(o.namespace, episode, spec);
  let mayBeStored = false;
  let failure: unknown;
  try {
    for (let waitMs = FIRST_WAIT_MS; !over.signal.aborted; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        await o.client.create(Resources.steps, step, { signal: over.signal, timeoutMs: TRY_MS });
        return;
      } catch (error) {
        if (over.signal.aborted) break;
        failure = error;
        if (isAlreadyExists(error) && spec.action === 'Detach') {
          // It may be the line before, whose answer was lost.
          step = stepOf(o.namespace, episode, { ...spec, index: step.spec.index + 1 });
        } else if (isAlreadyExists(error) && mayBeStored) {
          // Nothing but a Detach follows a Step that may be stored or not: this is the one that was tried just now.
          return;
        } else if (isPassing(error)) {
          mayBeStored = true;
          await sleep(o.clock, waitMs, over.signal);
        } else break;
      }
    }
  } finally {
    cancel();
  }
  o.log.warn({ err: failure, step: step.metadata.name }, 'Could not record a step');
  const when = over.signal.aborted ? ` within ${Math.round(withinMs / 1000)} s` : '';
  const why = failure === undefined ? 'no answer from the API server' : (failure as Error).message;
  throw new GatewayError('EXECUTION_ERROR', `Step ${step.metadata.name} could not be recorded${when}: ${why}`);
}

function stepOf(namespace: string, episode: Episode, spec: Omit<StepSpec, 'episode'>): Step {
  const { name } = episode.metadata;
  return {
    apiVersion: API_VERSION,
    kind: 'Step',
    metadata: { name: stepName(name, spec.index), namespace, ownerReferences: [ownerReferenceTo(episode)] },
    spec: { episode: name, ...spec },
  };
}

/** The API server is away, starts (and then knows nobody for a moment) or has too much to do; asked again it may answer. */
function isPassing(error: unknown): boolean {
  return error instanceof TransportError || (error instanceof ApiError && (error.code >= 500 || [401, 403, 429].includes(error.code)));
}
