import { randomBytes } from 'node:crypto';
import type { Episode, EpisodeSpec } from '../api/episode.ts';
import { API_VERSION } from '../api/group.ts';
import type { Incident } from '../api/incident.ts';
import { ownerReferenceTo } from '../api/object.ts';
import { type Step, type StepSpec, stepName } from '../api/step.ts';
import type { KubeClient } from '../kube/client.ts';
import { isAlreadyExists } from '../kube/errors.ts';
import type { Reflector } from '../kube/reflector.ts';
import { Resources } from '../kube/resource.ts';
import type { EpisodeClient } from './episode-client.ts';
import { GatewayError } from './session-api.ts';

/** Episodes and Steps in the cluster; one watch for all sessions of a gateway. */
export class KubeEpisodes implements EpisodeClient {
  readonly #client: KubeClient;
  readonly #episodes: Reflector<Episode>;
  readonly #namespace: string;

  constructor(o: { client: KubeClient; episodes: Reflector<Episode>; namespace: string }) {
    this.#client = o.client;
    this.#episodes = o.episodes;
    this.#namespace = o.namespace;
  }

  create(spec: EpisodeSpec): Promise<Episode> {
    const name = `episode-${randomBytes(6).toString('hex')}`;
    return this.#client.create(Resources.episodes, {
      apiVersion: API_VERSION,
      kind: 'Episode',
      metadata: { name, namespace: this.#namespace },
      spec,
    });
  }

  async recordStep(episode: Episode, spec: Omit<StepSpec, 'episode'>): Promise<void> {
    const { name } = episode.metadata;
    const step: Step = {
      apiVersion: API_VERSION,
      kind: 'Step',
      metadata: { name: stepName(name, spec.index), namespace: this.#namespace, ownerReferences: [ownerReferenceTo(episode)] },
      spec: { episode: name, ...spec },
    };
    try {
      await this.#client.create(Resources.steps, step);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async waitFor(name: string, predicate: (episode: Episode) => boolean, timeoutMs: number): Promise<Episode> {
    const ref = { namespace: this.#namespace, name };
    let last: Episode | undefined;
    const probe = (): Episode | undefined => {
      const seen = this.#episodes.get(ref);
      if (last && !seen) throw new GatewayError('EXECUTION_ERROR', `Episode ${name} was deleted; call reset for a new one`);
      last = seen ?? last;
      return seen && predicate(seen) ? seen : undefined;
    };
    try {
      return await this.#episodes.waitFor(probe, AbortSignal.timeout(timeoutMs));
    } catch (error) {
      if ((error as Error).name !== 'TimeoutError') throw error;
      return last ?? this.#client.get(Resources.episodes, ref);
    }
  }

  incident(name: string): Promise<Incident> {
    return this.#client.get(Resources.incidents, { namespace: this.#namespace, name });
  }
}
