import { contentHash, type Holder } from '../health/content.ts';
import { type ArenaSnapshot, contentsOf, type NamedObject, objectKey, type Transaction } from '../health/snapshot.ts';
import { type ArenaNames, realNamespace } from '../kube/arena-names.ts';
import type { KubeClient } from '../kube/client.ts';
import { type Resource, Resources } from '../kube/resource.ts';
import type { KubeObject } from '../kube/types.ts';
import type { App } from './arena/app.ts';
import { isGuard, ONCALL } from './arena/guard.ts';
import type { World } from './world.ts';

/** Kinds whose objects hold something that counts. */
const HOLDERS: readonly Resource[] = [Resources.configMaps, Resources.secrets];
/** Kinds that a baseline remembers by name, and of holders a hash of what they hold. */
const NAMED_KINDS: readonly Resource[] = [
  ...HOLDERS,
  Resources.podDisruptionBudgets,
  Resources.cronJobs,
  Resources.serviceAccounts,
  Resources.statefulSets,
  Resources.horizontalPodAutoscalers,
];

/** Made by the gym or by Kubernetes itself in every namespace: not the app's. */
const NOT_THE_APPS = new Set([ONCALL, 'kube-root-ca.crt', 'default']);

/**
 * Objects of the app that its baseline remembers by kind and name: what the manifests bring, and nothing that a cluster adds of its own. `held`: the
 * holders of the arena, for what they hold.
 */
export function rememberedByName(app: Pick<App, 'objects'>, held: readonly NamedObject[]): NamedObject[] {
  const kinds = new Set(NAMED_KINDS.map((resource) => resource.kind));
  const contents = new Map(contentsOf(held));
  return app.objects
    .filter((o) => kinds.has(o.kind ?? ''))
    .map(({ kind = '', metadata: { namespace = '', name } }) => {
      const content = contents.get(objectKey(kind, namespace, name));
      return { kind, namespace, name, ...(content === undefined ? {} : { content }) };
    });
}

type Lists = Pick<ArenaSnapshot, 'deployments' | 'replicaSets' | 'pods' | 'services' | 'endpointSlices' | 'quotas'>;

/** Reads arenas: from the watch caches (free, may lag a few milliseconds) or from the API server itself (what was acknowledged is in it). */
export class ArenaReader {
  readonly #client: KubeClient;
  readonly #world: World;

  constructor(client: KubeClient, world: World) {
    this.#client = client;
    this.#world = world;
  }

  cached(arena: ArenaNames, now: Date, transactions: readonly Transaction[]): ArenaSnapshot {
    const { deployments, replicaSets, pods, services, endpointSlices, resourceQuotas } = this.#world.inArenas;
    const lists = mapPlain(arena, (real) => ({
      deployments: deployments.list(real),
      replicaSets: replicaSets.list(real),
      pods: pods.list(real),
      services: services.list(real),
      endpointSlices: endpointSlices.list(real),
      quotas: resourceQuotas.list(real),
    }));
    return { time: now, transactions, ...lists };
  }

  /** Consistent lists of what is watched; `time` is taken before the first of them. */
  async live(arena: ArenaNames, now: Date, transactions: readonly Transaction[]): Promise<ArenaSnapshot> {
    const list = async <T extends KubeObject>(resource: Resource<T>, namespace: string): Promise<T[]> =>
      (await this.#client.list(resource, { namespace })).items;
    const parts = await Promise.all(
      arena.plain.map(async (plain) => {
        const real = realNamespace(plain, arena);
        const [deployments, replicaSets, pods, services, endpointSlices, quotas] = await Promise.all([
          list(Resources.deployments, real),
          list(Resources.replicaSets, real),
          list(Resources.pods, real),
          list(Resources.services, real),
          list(Resources.endpointSlices, real),
          list(Resources.resourceQuotas, real),
        ]);
        return [real, { deployments, replicaSets, pods, services, endpointSlices, quotas }] as const;
      }),
    );
    const byNamespace = new Map(parts);
    return { time: now, transactions, ...mapPlain(arena, (real) => byNamespace.get(real) as Lists) };
  }

  /** ConfigMaps and Secrets of the arena, each with a hash of what it holds. */
  holders(arena: ArenaNames): Promise<NamedObject[]> {
    return this.#named(arena, HOLDERS);
  }

  async #named(arena: ArenaNames, kinds: readonly Resource[]): Promise<NamedObject[]> {
    const found = await Promise.all(
      arena.plain.flatMap((plain) =>
        kinds.map(async (resource) => {
          const { items } = await this.#client.list(resource, { namespace: realNamespace(plain, arena) });
          return items
            .filter((o) => !NOT_THE_APPS.has(o.metadata.name))
            .map((o) => ({
              ...{ kind: resource.kind, namespace: plain, name: o.metadata.name },
              ...(HOLDERS.includes(resource) ? { content: contentHash(o as Holder) } : {}),
            }));
        }),
      ),
    );
    return found.flat();
  }

  /** The same snapshot with every object looked for. */
  async complete(arena: ArenaNames, snapshot: ArenaSnapshot): Promise<ArenaSnapshot> {
    const keys = (kind: string, objects: readonly KubeObject[]) =>
      objects.map((o) => objectKey(kind, o.metadata.namespace ?? '', o.metadata.name));
    const named = await this.#named(arena, NAMED_KINDS);
    const others = named.map((o) => objectKey(o.kind, o.namespace, o.name));
    const watched = [
      ...keys('Deployment', snapshot.deployments),
      ...keys('Service', snapshot.services),
      ...keys('ResourceQuota', snapshot.quotas),
    ];
    return { ...snapshot, present: new Set([...watched, ...others]), contents: new Map(contentsOf(named)) };
  }
}

/** Lists of all namespaces of the arena, with plain namespaces and without what the gym itself put there. */
function mapPlain(arena: ArenaNames, read: (real: string) => Lists): Lists {
  const out: Record<keyof Lists, KubeObject[]> = {
    deployments: [],
    replicaSets: [],
    pods: [],
    services: [],
    endpointSlices: [],
    quotas: [],
  };
  for (const plain of arena.plain) {
    const lists = read(realNamespace(plain, arena));
    for (const kind of Object.keys(out) as (keyof Lists)[]) {
      const objects = (lists[kind] as readonly KubeObject[]).filter((o) => kind !== 'quotas' || !isGuard(o));
      out[kind].push(...objects.map((o) => ({ ...o, metadata: { ...o.metadata, namespace: plain } })));
    }
  }
  return out as unknown as Lists;
}
