import { randomBytes } from 'node:crypto';
import type { Episode, EpisodeSpec } from '../api/episode.ts';
import { API_VERSION } from '../api/group.ts';
import type { Incident } from '../api/incident.ts';
import type { StepSpec } from '../api/step.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Reflector } from '../kube/reflector.ts';
import { Resources } from '../kube/resource.ts';
import type { EpisodeClient } from './episode-client.ts';
import { recordStep, type StepStore } from './record-step.ts';
import { GatewayError } from './session-api.ts';

/** Episodes and Steps in the cluster; one watch for all sessions of a gateway. */
export class KubeEpisodes implements EpisodeClient {
  readonly #store: StepStore;
  readonly #client: KubeClient;
  readonly #episodes: Reflector<Episode>;
  readonly #namespace: string;

  constructor(o: StepStore & { episodes: Reflector<Episode> }) {
    this.#store = o;
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

  recordStep(episode: Episode, spec: Omit<StepSpec, 'episode'>, withinMs: number): Promise<void> {
    return recordStep(this.#store, episode, spec, withinMs);
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
      return last ?? this.#read(ref);
    }
  }

  async #read(ref: { namespace: string; name: string }): Promise<Episode> {
    try {
      return await this.#client.get(Resources.episodes, ref);
    } catch (error) {
      throw new GatewayError('EXECUTION_ERROR', `Episode ${ref.name} could not be read: ${(error as Error).message}`);
    }
  }

  incident(name: string): Promise<Incident> {
    return this.#client.get(Resources.incidents, { namespace: this.#namespace, name });
  }
}
