import { APPS, type AppName, appOf, type PerApp } from '../api/apps.ts';
import type { Arena } from '../api/arena.ts';
import type { Assignment } from '../api/assignment.ts';
import type { Curriculum } from '../api/curriculum.ts';
import type { Episode } from '../api/episode.ts';
import type { Incident } from '../api/incident.ts';
import type { Step } from '../api/step.ts';
import type { ArenaNames } from '../kube/arena-names.ts';
import type { Reflector } from '../kube/reflector.ts';
import { type LeaseObject, type Resource, Resources } from '../kube/resource.ts';
import type { Deployment, EndpointSlice, KubeObject, Namespace, Pod, ReplicaSet, ResourceQuota, Service } from '../kube/types.ts';

/** Kinds of the arenas that are watched; everything else of an arena is read when it is needed. */
export interface ArenaCaches {
  deployments: Reflector<Deployment>;
  replicaSets: Reflector<ReplicaSet>;
  pods: Reflector<Pod>;
  services: Reflector<Service>;
  endpointSlices: Reflector<EndpointSlice>;
  resourceQuotas: Reflector<ResourceQuota>;
}

/** Arena of a real namespace, told by its name alone, so that no cache has to be filled first. */
export function arenaOfNamespace(real: string, plain: readonly string[]): { id: string; plain: string } | undefined {
  const match = /^(.+)-([a-z][a-z0-9]{9,31})$/.exec(real);
  return match && plain.includes(match[1]) ? { id: match[2], plain: match[1] } : undefined;
}

/** Makes a watch that lives as long as the operator. */
export type Reflect = <T extends KubeObject>(
  resource: Resource<T>,
  options: { namespace?: string; filter?: (object: T) => boolean },
) => Reflector<T>;

/** Every watch of the operator: the gym's own kinds in their namespace, the arenas' kinds over the cluster, filtered to arenas. */
export class World {
  readonly incidents: Reflector<Incident>;
  readonly episodes: Reflector<Episode>;
  readonly steps: Reflector<Step>;
  readonly curricula: Reflector<Curriculum>;
  readonly assignments: Reflector<Assignment>;
  readonly arenas: Reflector<Arena>;
  /** Leases of the gateways. */
  readonly leases: Reflector<LeaseObject>;
  readonly namespaces: Reflector<Namespace>;
  readonly inArenas: ArenaCaches;
  readonly #gymNamespace: string;
  readonly #plain: PerApp<readonly string[]>;
  readonly #allPlain: readonly string[];

  constructor(o: { reflect: Reflect; gymNamespace: string; plainNamespaces: PerApp<readonly string[]> }) {
    this.#gymNamespace = o.gymNamespace;
    this.#plain = o.plainNamespaces;
    this.#allPlain = APPS.flatMap((app) => o.plainNamespaces[app]);
    const gym = <T extends KubeObject>(resource: Resource<T>) => o.reflect(resource, { namespace: o.gymNamespace });
    this.incidents = gym(Resources.incidents);
    this.episodes = gym(Resources.episodes);
    this.steps = gym(Resources.steps);
    this.curricula = gym(Resources.curricula);
    this.assignments = gym(Resources.assignments);
    this.arenas = gym(Resources.arenas);
    this.leases = gym(Resources.leases);
    const isArena = (namespace: string | undefined): boolean => this.#arenaOf(namespace) !== undefined;
    const inArenas = <T extends KubeObject>(resource: Resource<T>) =>
      o.reflect(resource, { filter: (object) => isArena(object.metadata.namespace) });
    this.namespaces = o.reflect(Resources.namespaces, { filter: (ns) => isArena(ns.metadata.name) });
    this.inArenas = {
      deployments: inArenas(Resources.deployments),
      replicaSets: inArenas(Resources.replicaSets),
      pods: inArenas(Resources.pods),
      services: inArenas(Resources.services),
      endpointSlices: inArenas(Resources.endpointSlices),
      resourceQuotas: inArenas(Resources.resourceQuotas),
    };
  }

  /** Calls `changed` with the arena's name for each change of an object inside an arena. */
  onArenaChange(changed: (arena: string) => void): void {
    const tell = (namespace: string | undefined): void => {
      const arena = this.#arenaOf(namespace);
      if (arena) changed(`arena-${arena.id}`);
    };
    for (const reflector of Object.values(this.inArenas) as Reflector<KubeObject>[]) {
      reflector.subscribe((change) => tell(change.object.metadata.namespace));
    }
  }

  /** The namespaces of an arena, which are those of its app. */
  names(arena: string): ArenaNames {
    return { id: arena.replace(/^arena-/, ''), plain: this.#plain[this.appOf(arena)] };
  }

  /** What an arena is a copy of; one that is gone counts as the default's. */
  appOf(arena: string): AppName {
    return appOf(this.arenas.get({ namespace: this.#gymNamespace, name: arena })?.spec ?? {});
  }

  #arenaOf(namespace: string | undefined): { id: string } | undefined {
    return arenaOfNamespace(namespace ?? '', this.#allPlain);
  }
}
