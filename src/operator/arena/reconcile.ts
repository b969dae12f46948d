import { randomInt } from 'node:crypto';
import { appOf, DEFAULT_APP, ofApp, type PerApp } from '../../api/apps.ts';
import type { Arena } from '../../api/arena.ts';
import { findCondition } from '../../api/conditions.ts';
import { API_VERSION, ARENA_LABEL, FINALIZER } from '../../api/group.ts';
import type { Incident } from '../../api/incident.ts';
import { ConditionType } from '../../api/reasons.ts';
import { REVISION } from '../../health/arena-view.ts';
import type { ArenaTraffic } from '../../health/traffic.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Clock } from '../../kube/clock.ts';
import type { EventRecorder } from '../../kube/events.ts';
import { removeFinalizer } from '../../kube/finalizers.ts';
import type { Logger } from '../../kube/logger.ts';
import { type ObjectRef, Resources } from '../../kube/resource.ts';
import type { Deployment, Pod } from '../../kube/types.ts';
import type { OperatorConfig } from '../config.ts';
import { isPlayed } from '../incident/owner.ts';
import { isFinished } from '../incident/plan.ts';
import type { Nodes } from '../nodes.ts';
import { appeared, writeStatus } from '../status.ts';
import type { World } from '../world.ts';
import { type App, workloadKey } from './app.ts';
import { planOnDemand } from './on-demand.ts';
import { type ArenaObservation, planArena, planPool, waitingIncidents } from './plan.ts';
import { type ProvisionContext, provision } from './provision.ts';
import { tearDown } from './teardown.ts';

export interface ArenaDependencies {
  client: KubeClient;
  world: World;
  apps: PerApp<App>;
  config: OperatorConfig;
  clock: Clock;
  traffic: ArenaTraffic;
  events: EventRecorder;
  nodes: Nodes;
}

const ID_FIRST = 'abcdefghijklmnopqrstuvwxyz';
const ID_REST = `${ID_FIRST}0123456789`;

/** Ten characters, the first a letter: 2.6e15 names, so that two arenas never meet. */
export function newArenaId(): string {
  const pick = (from: string): string => from[randomInt(from.length)];
  return pick(ID_FIRST) + Array.from({ length: 9 }, () => pick(ID_REST)).join('');
}

/** Makes and removes copies of the app. */
export class ArenaReconciler {
  readonly #deps: ArenaDependencies;
  /** Arenas that this process has made, all objects of them; a restart makes them again, which changes nothing. */
  readonly #made = new Set<string>();

  constructor(deps: ArenaDependencies) {
    this.#deps = deps;
  }

  async reconcile(ref: ObjectRef, log: Logger): Promise<{ requeueAfterMs?: number } | undefined> {
    const { world, client, traffic } = this.#deps;
    const arena = world.arenas.get(ref);
    if (!arena) {
      this.#made.delete(ref.name);
      traffic.stop(ref.name);
      return undefined;
    }
    const observed = this.#observe(arena);
    const plan = planArena(observed);
    switch (plan.action.do) {
      case 'provision':
        await this.#provision(arena);
        break;
      case 'deleteArena':
        log.info({ claim: arena.spec.claimRef, why: plan.action.why }, 'Deleted an arena');
        await client.delete(Resources.arenas, arena.metadata, { uid: arena.metadata.uid as string });
        return undefined;
      case 'teardown':
        traffic.stop(arena.metadata.name);
        await writeStatus(client, Resources.arenas, world.arenas, arena, plan.status);
        await tearDown(client, plan.action);
        return { requeueAfterMs: plan.requeueAfterMs };
      case 'release':
        traffic.stop(arena.metadata.name);
        await removeFinalizer(client, Resources.arenas, arena, FINALIZER);
        return undefined;
    }
    const wasReady = findCondition(arena.status?.conditions, ConditionType.Ready)?.status === 'True';
    const written = await writeStatus(client, Resources.arenas, world.arenas, arena, plan.status);
    if (!wasReady && written.status?.readyTime) log.info('An arena became ready');
    return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: plan.requeueAfterMs };
  }

  #observe(arena: Arena): ArenaObservation {
    const { world, clock } = this.#deps;
    const claim = arena.spec.claimRef;
    const incident = claim && world.incidents.get({ namespace: arena.metadata.namespace as string, name: claim.name });
    const needed = (i: Incident) => !i.metadata.deletionTimestamp && (!isFinished(i) || isPlayed(i, world));
    const claimantAlive = !claim || (incident?.metadata.uid === claim.uid && needed(incident));
    const namespaces = world.namespaces
      .list()
      .filter((ns) => ns.metadata.labels?.[ARENA_LABEL] === arena.metadata.name)
      .map((ns) => ({ name: ns.metadata.name, terminating: ns.metadata.deletionTimestamp !== undefined }));
    return { arena, now: clock.now(), namespaces, claimantAlive, unhealthy: this.#unhealthy(arena) };
  }

  /** Why the copy is not healthy yet, or undefined. */
  #unhealthy(arena: Arena): string | undefined {
    if (!this.#made.has(arena.metadata.name)) return 'Its objects are being made';
    const live = this.#deployments(arena);
    const app = this.#deps.apps[appOf(arena.spec)];
    for (const wanted of app.deployments) {
      const key = workloadKey(wanted);
      const d = live.get(key);
      const replicas = wanted.spec.replicas ?? 1;
      const revisions = (app.olderRevisions.get(key)?.length ?? 0) + 1;
      if (!d || Number(d.metadata.annotations?.[REVISION] ?? 0) < revisions) return `${key} is being made`;
      const s = d.status ?? {};
      if (s.observedGeneration !== d.metadata.generation || s.updatedReplicas !== replicas || s.readyReplicas !== replicas) {
        return `${key} has ${s.readyReplicas ?? 0} of ${replicas} replicas ready`;
      }
    }
    const last = this.#deps.traffic.start(arena.metadata.name).at(-1);
    this.#deps.traffic.hurry(arena.metadata.name, !last?.ok);
    return last?.ok ? undefined : `No payment has gone through yet: ${last?.message ?? 'the first one is under way'}`;
  }

  #deployments(arena: Arena): Map<string, Deployment> {
    const { world } = this.#deps;
    const names = world.names(arena.metadata.name);
    return new Map(
      names.plain.flatMap((plain) =>
        world.inArenas.deployments.list(`${plain}-${names.id}`).map((d) => [`${plain}/${d.metadata.name}`, d] as const),
      ),
    );
  }

  async #provision(arena: Arena): Promise<void> {
    if (this.#made.has(arena.metadata.name)) return;
    const { client, apps, config, world, nodes } = this.#deps;
    const context: ProvisionContext = {
      client,
      app: apps[appOf(arena.spec)],
      arena: world.names(arena.metadata.name),
      arenaName: arena.metadata.name,
      operatorSubject: config.operatorSubject,
      gatewaySubject: config.gatewaySubject,
      nodeCidrs: nodes.cidrs,
    };
    await provision(context);
    this.#made.add(arena.metadata.name);
  }
}

export const isUnschedulable = (pod: Pod): boolean =>
  pod.status?.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'Unschedulable') ?? false;

/** Keeps the pool of arenas as large as demand and the cluster allow; one key for all. */
export class PoolReconciler {
  readonly #deps: ArenaDependencies;

  constructor(deps: ArenaDependencies) {
    this.#deps = deps;
  }

  async reconcile(_ref: ObjectRef, log: Logger): Promise<{ requeueAfterMs?: number }> {
    const { world, client, config, nodes, clock } = this.#deps;
    const arenas = world.arenas.list();
    const waiting = waitingIncidents(world.incidents.list(), arenas);
    const full = this.#full();
    const limits = { ...config.pool, atOnce: nodes.arenasAtOnce };
    const others = planOnDemand({ arenas, waiting, full, now: clock.now() }, limits);
    const plan = planPool({ arenas, waiting: ofApp(DEFAULT_APP, waiting).length, missing: others.missing, full }, limits);
    for (const arena of new Set([...others.surplus, ...plan.surplus])) {
      await client.delete(Resources.arenas, arena.metadata, {
        uid: arena.metadata.uid as string,
        resourceVersion: arena.metadata.resourceVersion as string,
      });
    }
    for (const app of [...others.create, ...Array(plan.create).fill(DEFAULT_APP)]) {
      const name = `arena-${newArenaId()}`;
      const arena: Arena = {
        apiVersion: API_VERSION,
        kind: 'Arena',
        metadata: { name, namespace: config.gymNamespace, finalizers: [FINALIZER] },
        spec: { app },
      };
      await appeared(world.arenas, await client.create(Resources.arenas, arena));
      log.info({ arena: name, app }, 'Began to make an arena');
    }
    return { requeueAfterMs: others.requeueAfterMs };
  }

  /** Some pod of an arena that nobody has claimed cannot be placed; in a claimed one that may be the agent's doing. */
  #full(): boolean {
    const { world } = this.#deps;
    const free = world.arenas.list().filter((a) => !a.spec.claimRef && !a.metadata.deletionTimestamp);
    return free.some((arena) => {
      const names = world.names(arena.metadata.name);
      const pods = names.plain.flatMap((plain) => world.inArenas.pods.list(`${plain}-${names.id}`));
      return pods.some(isUnschedulable);
    });
  }
}
