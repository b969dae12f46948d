import type { Curriculum } from '../../src/api/curriculum.ts';
import type { EpisodeSpec } from '../../src/api/episode.ts';
import { API_VERSION, GYM_NAMESPACE } from '../../src/api/group.ts';
import type { Incident } from '../../src/api/incident.ts';
import { seededIncident } from '../../src/designer/seeded.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { Resources } from '../../src/kube/resource.ts';
import { loadApp, paperBaseline } from '../../src/operator/arena/app.ts';
import { installBase } from '../../src/operator/install.ts';
import { startControlPlane } from '../support/control-plane.ts';
import { startOperatorHere } from '../support/operator-here.ts';
import { median, round } from './stats.ts';

/** What a draw may add to a reset. */
const TARGET_MS = 20;
/** Not counted: code is compiled and connections are made. */
const WARM_UP = 5;
const WAIT_MS = 30_000;
const CURRICULUM = 'bench';

/**
 * From the creation of an Episode to its Incident, chosen by a Curriculum (a new seed each time, so that each is drawn) and given, in turns, on an
 * API server of its own. What comes after is the same for both.
 */
export async function measureChoice(o: { pairs: number; say: (line: string) => void }): Promise<object> {
  const app = paperBaseline(loadApp());
  const plane = await startControlPlane();
  const client = new KubeClient(loadKubeConfig({ path: plane.kubeconfigPath }));
  const incidents = new Reflector<Incident>({ client, resource: Resources.incidents, namespace: GYM_NAMESPACE });
  await installBase(client);
  const operator = startOperatorHere({ kubeconfig: plane.kubeconfigPath, identity: 'bench' });
  incidents.start();
  try {
    const metadata = { namespace: GYM_NAMESPACE, name: CURRICULUM };
    await client.create(Resources.curricula, { apiVersion: API_VERSION, kind: 'Curriculum', metadata, spec: {} as Curriculum['spec'] });
    const play = async (name: string, spec: EpisodeSpec): Promise<number> => {
      const ref = { namespace: GYM_NAMESPACE, name };
      const began = performance.now();
      await client.create(Resources.episodes, { apiVersion: API_VERSION, kind: 'Episode', metadata: ref, spec });
      await incidents.waitFor(() => incidents.get(ref) !== undefined, AbortSignal.timeout(WAIT_MS));
      const took = performance.now() - began;
      await client.delete(Resources.episodes, ref);
      return took;
    };
    const pairs: { chosen_ms: number; given_ms: number }[] = [];
    for (let seed = 0; seed < WARM_UP + o.pairs; seed++) {
      const chosen_ms = await play(`chosen-${seed}`, { curriculumRef: { name: CURRICULUM }, run: 'bench', seed });
      const given_ms = await play(`given-${seed}`, { incident: seededIncident(seed, app), seed });
      if (seed >= WARM_UP) pairs.push({ chosen_ms, given_ms });
    }
    const value = round(median(pairs.map((p) => p.chosen_ms - p.given_ms)), 1);
    o.say(`choosing an incident: ${value} ms more than a given one (median of ${pairs.length})`);
    return {
      target: TARGET_MS,
      met: value <= TARGET_MS,
      median_difference_ms: value,
      pairs: pairs.length,
      chosen_ms: round(median(pairs.map((p) => p.chosen_ms)), 1),
      given_ms: round(median(pairs.map((p) => p.given_ms)), 1),
    };
  } finally {
    await operator.close();
    await incidents.stop();
    await client.close();
    await plane.stop();
  }
}
