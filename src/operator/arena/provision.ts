import { NEUTRAL_FIELD_MANAGER } from '../../api/group.ts';
import type { ArenaNames } from '../../kube/arena-names.ts';
import { realNamespace } from '../../kube/arena-names.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists, isConflict } from '../../kube/errors.ts';
import { Resources, resourceOf } from '../../kube/resource.ts';
import type { Deployment, KubeObject } from '../../kube/types.ts';
import { type App, forArena, workloadKey } from './app.ts';
import { arenaNamespace, gatewayBinding, guardObjects, operatorBinding, type RbacSubject } from './guard.ts';

export interface ProvisionContext {
  client: KubeClient;
  app: App;
  arena: ArenaNames;
  arenaName: string;
  operatorSubject?: RbacSubject;
  gatewaySubject?: RbacSubject;
  /** CIDRs of the nodes: the API server's proxy and the kubelet's probes come from there. */
  nodeCidrs: readonly string[];
}

const REVISION = 'deployment.kubernetes.io/revision';
/** Requests in flight for one arena; more only queue up in the API server. */
const WIDTH = 8;

/**
 * Makes namespaces, walls and the app's objects. Every creation tolerates that the object is there, so a restart goes on where the last
 * process stopped. NetworkPolicies come before anything that makes pods.
 */
export async function provisionBase(c: ProvisionContext): Promise<void> {
  const reals = c.app.namespaces.map((plain) => realNamespace(plain, c.arena));
  await Promise.all(c.app.namespaces.map((plain, i) => createQuietly(c.client, arenaNamespace(reals[i], plain, c.arenaName))));
  await inParallel(
    reals.flatMap((real) => [
      ...(c.operatorSubject ? [operatorBinding(real, c.operatorSubject)] : []),
      ...(c.gatewaySubject ? [gatewayBinding(real, c.gatewaySubject)] : []),
    ]),
    (o) => createQuietly(c.client, o),
  );
  const guards = reals.flatMap((real) => guardObjects(real, reals[0], { namespaces: reals, nodeCidrs: c.nodeCidrs }));
  await inParallel(guards, (o) => createQuietly(c.client, o));
  await inParallel(
    c.app.objects.map((o) => forArena(o, c.arena)),
    (o) => createQuietly(c.client, o),
  );
}

/**
 * Drives each Deployment one revision on: the older templates are written while it has no replicas, so that they cost no pod; the newest one
 * comes with the replicas. Level-triggered: what to do follows from the revision that the Deployment has now. `live` are the arena's
 * Deployments by plain `namespace/name`. Returns how many are not at their newest template yet.
 */
export async function advanceRevisions(c: ProvisionContext, live: ReadonlyMap<string, Deployment>): Promise<number> {
  let open = 0;
  await inParallel(c.app.deployments, async (target) => {
    const key = workloadKey(target);
    const templates = [...(c.app.olderRevisions.get(key) ?? []), target];
    const current = live.get(key);
    const revision = Number(current?.metadata.annotations?.[REVISION] ?? 0);
    if (current && revision >= templates.length) return;
    open++;
    // The controller has not seen the last template yet: its ReplicaSet would be missing from the history.
    if (current && (revision === 0 || current.status?.observedGeneration !== current.metadata.generation)) return;
    const next = forArena(templates[revision], c.arena);
    const final = revision === templates.length - 1;
    const spec = { ...forArena(target, c.arena).spec, template: next.spec.template, replicas: final ? (target.spec.replicas ?? 1) : 0 };
    const desired: Deployment = { ...forArena(target, c.arena), spec };
    if (!current) return createQuietly(c.client, desired);
    desired.metadata = { ...desired.metadata, resourceVersion: current.metadata.resourceVersion };
    desired.metadata.annotations = { ...desired.metadata.annotations, ...current.metadata.annotations };
    try {
      await c.client.replace(Resources.deployments, desired, { fieldManager: NEUTRAL_FIELD_MANAGER });
    } catch (error) {
      if (!isConflict(error)) throw error; // its status moved; the watch brings the newer one
    }
  });
  return open;
}

/** Creates an object; one of the same name that is there already is left as it is. */
export async function createQuietly(client: KubeClient, object: KubeObject, fieldManager = NEUTRAL_FIELD_MANAGER): Promise<void> {
  try {
    await client.create(resourceOf(object), object, { fieldManager });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, items.length) }, worker));
}
