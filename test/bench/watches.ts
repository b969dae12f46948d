import type { Arena } from '../../src/api/arena.ts';
import { isTrue } from '../../src/api/conditions.ts';
import type { Episode } from '../../src/api/episode.ts';
import { GYM_NAMESPACE } from '../../src/api/group.ts';
import type { Incident } from '../../src/api/incident.ts';
import { ConditionType } from '../../src/api/reasons.ts';
import type { ArenaSnapshot, Transaction } from '../../src/health/snapshot.ts';
import type { ArenaNames } from '../../src/kube/arena-names.ts';
import { realNamespace } from '../../src/kube/arena-names.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { type Resource, Resources } from '../../src/kube/resource.ts';
import type { Deployment, KubeObject, Pod } from '../../src/kube/types.ts';

const SYNC_MS = 30_000;
/** Making a copy of the app behind others that are being made. */
const WARM_MS = 240_000;
const FOUND_MS = 60_000;

/** What the bench sees of the gym's own objects, by watches of its own. */
export class GymWatch {
  readonly #incidents: Reflector<Incident>;
  readonly #episodes: Reflector<Episode>;
  readonly #arenas: Reflector<Arena>;

  private constructor(client: KubeClient) {
    const watch = <T extends KubeObject>(resource: Resource<T>) => new Reflector<T>({ client, resource, namespace: GYM_NAMESPACE });
    this.#incidents = watch(Resources.incidents);
    this.#episodes = watch(Resources.episodes);
    this.#arenas = watch(Resources.arenas);
  }

  static async start(client: KubeClient): Promise<GymWatch> {
    const watch = new GymWatch(client);
    for (const reflector of watch.#all()) reflector.start();
    await Promise.all(watch.#all().map((reflector) => reflector.waitForSync(AbortSignal.timeout(SYNC_MS))));
    return watch;
  }

  /** Arenas that exist, whatever their state. */
  get arenas(): number {
    return this.#arenas.size;
  }

  /** Resolves when so many arenas are Ready and free, and none is being made or deleted: nothing else uses the processors then. */
  async warm(count: number): Promise<void> {
    const ready = (a: Arena): boolean => isTrue(a.status?.conditions, ConditionType.Ready) && !a.metadata.deletionTimestamp;
    const calm = (): boolean => {
      const all = this.#arenas.list();
      return all.every(ready) && all.filter((a) => !a.spec.claimRef).length >= count;
    };
    await this.#arenas.waitFor(calm, AbortSignal.timeout(WARM_MS));
  }

  /** The Incident that satisfies `reached`, once it does. */
  incident(name: string, reached: (incident: Incident) => boolean): Promise<Incident> {
    return this.#incidents.waitFor(() => {
      const incident = this.#incidents.get({ namespace: GYM_NAMESPACE, name });
      return incident && reached(incident) ? incident : undefined;
    }, AbortSignal.timeout(FOUND_MS));
  }

  /** The Episode with this seed, once it is there; the bench uses each seed once. */
  episodeOfSeed(seed: number): Promise<Episode> {
    return this.#episodes.waitFor(() => this.#episodes.list().find((e) => e.spec.seed === seed), AbortSignal.timeout(FOUND_MS));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.stop()));
  }

  #all(): (Reflector<Incident> | Reflector<Episode> | Reflector<Arena>)[] {
    return [this.#incidents, this.#episodes, this.#arenas];
  }
}

const WATCHED = { deployments: Resources.deployments, replicaSets: Resources.replicaSets, pods: Resources.pods } as const;
type Watched = { [K in keyof typeof WATCHED]: (typeof WATCHED)[K] extends Resource<infer T> ? T[] : never };

/** What a script with an administrator's kubeconfig sees of one arena's workloads. */
export class ArenaWatch {
  readonly #arena: ArenaNames;
  readonly #reflectors: Map<string, Map<string, Reflector<KubeObject>>>;

  private constructor(client: KubeClient, arena: ArenaNames) {
    this.#arena = arena;
    const watch = (resource: Resource, namespace: string) =>
      new Reflector<KubeObject>({ client, resource: resource as Resource<KubeObject>, namespace });
    this.#reflectors = new Map(
      Object.entries(WATCHED).map(([kind, resource]) => [
        kind,
        new Map(arena.plain.map((plain) => [plain, watch(resource as Resource, realNamespace(plain, arena))])),
      ]),
    );
  }

  static async start(client: KubeClient, arena: ArenaNames): Promise<ArenaWatch> {
    const watch = new ArenaWatch(client, arena);
    for (const reflector of watch.#all()) reflector.start();
    await Promise.all(watch.#all().map((reflector) => reflector.waitForSync(AbortSignal.timeout(SYNC_MS))));
    return watch;
  }

  onChange(listener: () => void): void {
    for (const reflector of this.#all()) reflector.subscribe(listener);
  }

  /** As the arena is now, with plain namespaces; only workloads are in it. */
  snapshot(transactions: readonly Transaction[]): ArenaSnapshot {
    return { time: new Date(), ...this.#lists(), services: [], endpointSlices: [], quotas: [], transactions };
  }

  /** Every Deployment has all its replicas, of its newest template and ready, and no other pod is left. */
  isHealthy(): boolean {
    const { deployments, pods } = this.#lists();
    const wanted = deployments.reduce((sum, d) => sum + (d.spec.replicas ?? 1), 0);
    const live = pods.filter((p) => p.metadata.ownerReferences?.some((r) => r.kind === 'ReplicaSet'));
    return deployments.every(isRolledOut) && live.length === wanted && live.every(isServing);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.stop()));
  }

  #lists(): Watched {
    const of = (kind: keyof Watched): KubeObject[] =>
      [...(this.#reflectors.get(kind) as Map<string, Reflector<KubeObject>>)].flatMap(([plain, reflector]) =>
        reflector.list().map((o) => ({ ...o, metadata: { ...o.metadata, namespace: plain } })),
      );
    return { deployments: of('deployments'), replicaSets: of('replicaSets'), pods: of('pods') } as Watched;
  }

  #all(): Reflector<KubeObject>[] {
    return [...this.#reflectors.values()].flatMap((byNamespace) => [...byNamespace.values()]);
  }

  get names(): ArenaNames {
    return this.#arena;
  }
}

function isRolledOut(d: Deployment): boolean {
  const wanted = d.spec.replicas ?? 1;
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = d.status ?? {};
  return (
    wanted > 0 && observedGeneration === d.metadata.generation && [replicas, updatedReplicas, readyReplicas].every((n) => n === wanted)
  );
}

const isServing = (pod: Pod): boolean =>
  !pod.metadata.deletionTimestamp && (pod.status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True');
