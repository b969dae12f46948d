import { ARENA_LABEL, GYM_NAMESPACE } from '../api/group.ts';
import type { KubeClient } from '../kube/client.ts';
import { isDeleting } from '../kube/finalizers.ts';
import type { Logger } from '../kube/logger.ts';
import { Reflector } from '../kube/reflector.ts';
import { type Resource, Resources } from '../kube/resource.ts';
import type { KubeObject } from '../kube/types.ts';

const QUOTA = { namespace: GYM_NAMESPACE, name: 'drain' };
const DRAINED: readonly Resource[] = [Resources.episodes, Resources.incidents, Resources.arenas];
const NOTHING = Object.fromEntries(DRAINED.map((r) => [`count/${r.plural}.${r.group}`, '0']));

export interface DrainOptions {
  client: KubeClient;
  log: Logger;
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Ends all episodes, incidents and arenas and resolves when the arenas' namespaces are gone. It needs a running operator, which removes them.
 * A quota of 0, which goes with its namespace, keeps new ones from being made. Throws with what is left, and lifts the quota, when time is up.
 */
export async function drain({ client, log, timeoutMs, signal }: DrainOptions): Promise<void> {
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal, AbortSignal.timeout(timeoutMs)]);
  await client.apply(Resources.resourceQuotas, { metadata: QUOTA, spec: { hard: NOTHING } });
  // A quota holds once its status says so; Kubernetes' controller would come to it in its own time.
  await client.patchStatus(Resources.resourceQuotas, QUOTA, { hard: NOTHING, used: NOTHING });
  const namespaces = new Reflector<KubeObject>({ client, resource: Resources.namespaces, labelSelector: ARENA_LABEL, log });
  const collections = DRAINED.map((resource) => new Reflector<KubeObject>({ client, resource, namespace: GYM_NAMESPACE, log }));
  const all = [...collections, namespaces];
  try {
    for (const collection of collections) {
      // One that was under way when the quota came is removed as it appears.
      collection.subscribe(({ type, object }) => {
        if (type === 'DELETED' || isDeleting(object)) return;
        client.delete(collection.resource, object.metadata).catch((error: unknown) => failed.abort(error));
      });
    }
    for (const reflector of all) reflector.start();
    do {
      for (const reflector of all) await reflector.waitFor(() => reflector.size === 0, until);
    } while (all.some((reflector) => reflector.size > 0));
    log.info('Drained');
  } catch (error) {
    await client.delete(Resources.resourceQuotas, QUOTA);
    const left = all.flatMap((r) => r.list().map((o) => `${r.resource.plural}/${o.metadata.name}`));
    throw new Error(
      `Not drained: ${left.slice(0, 20).join(', ') || 'nothing was read'} still there. Is the operator running? ` +
        'helm uninstall --no-hooks leaves them behind',
      { cause: error },
    );
  } finally {
    await Promise.all(all.map((r) => r.stop()));
  }
}
