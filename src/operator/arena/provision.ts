import { NEUTRAL_FIELD_MANAGER } from '../../api/group.ts';
import type { ArenaNames } from '../../kube/arena-names.ts';
import { realNamespace } from '../../kube/arena-names.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import { resourceOf } from '../../kube/resource.ts';
import type { KubeObject } from '../../kube/types.ts';
import { type App, forArena, workloadKey } from './app.ts';
import { arenaNamespace, gatewayBinding, guardObjects, operatorBinding, type RbacSubject } from './guard.ts';
import { DEPLOYMENT_CONTROLLER, pastRevision } from './revisions.ts';

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

/** Requests in flight for one arena; more only queue up in the API server. */
const WIDTH = 8;

/**
 * Makes a whole copy of the app. Every creation tolerates that the object is there, so a restart goes on where the last process stopped.
 * NetworkPolicies and limits come before anything that makes pods; quotas right before the Deployments, because the API server counts every object
 * that is made under one. The history of each Deployment is there first: its controller adopts it and goes on counting.
 */
export async function provision(c: ProvisionContext): Promise<void> {
  const reals = c.app.namespaces.map((plain) => realNamespace(plain, c.arena));
  const make = (objects: readonly KubeObject[], fieldManager?: string) =>
    inParallel(objects, (object) => createQuietly(c.client, object, fieldManager));
  await make(c.app.namespaces.map((plain, i) => arenaNamespace(reals[i], plain, c.arenaName)));
  await make(
    reals.flatMap((real) => [
      ...(c.operatorSubject ? [operatorBinding(real, c.operatorSubject)] : []),
      ...(c.gatewaySubject ? [gatewayBinding(real, c.gatewaySubject)] : []),
    ]),
  );
  const guards = reals.flatMap((real) => guardObjects(real, reals[0], { namespaces: reals, nodeCidrs: c.nodeCidrs }));
  const objects = c.app.objects.map((o) => forArena(o, c.arena));
  const isQuota = (o: KubeObject): boolean => o.kind === 'ResourceQuota';
  await make(guards.filter((o) => !isQuota(o)));
  await make(objects.filter((o) => !isQuota(o)));
  await make(
    c.app.deployments.flatMap((d) =>
      (c.app.olderRevisions.get(workloadKey(d)) ?? []).map((older, i) => pastRevision(forArena(older, c.arena), i + 1)),
    ),
    DEPLOYMENT_CONTROLLER,
  );
  await make([...guards, ...objects].filter(isQuota));
  await make(c.app.deployments.map((d) => forArena(d, c.arena)));
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
