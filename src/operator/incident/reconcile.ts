import { appOf, ofApp, type PerApp } from '../../api/apps.ts';
import type { Arena } from '../../api/arena.ts';
import { isTrue } from '../../api/conditions.ts';
import { FINALIZER } from '../../api/group.ts';
import type { Incident } from '../../api/incident.ts';
import { ownerReferenceTo } from '../../api/object.ts';
import { ConditionType } from '../../api/reasons.ts';
import { allSymptoms, makeAlert, planInjection, resolveFaults } from '../../faults/engine.ts';
import { planRedHerrings, resolveRedHerrings, validateComposition } from '../../faults/red-herrings/plan.ts';
import { baselineFromSecretData, baselineToSecretData, captureBaseline } from '../../health/baseline.ts';
import type { Baseline } from '../../health/snapshot.ts';
import type { ArenaTraffic } from '../../health/traffic.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Clock } from '../../kube/clock.ts';
import { isAlreadyExists, isConflict } from '../../kube/errors.ts';
import { ensureFinalizer, removeFinalizer } from '../../kube/finalizers.ts';
import type { Logger } from '../../kube/logger.ts';
import { type ObjectRef, Resources } from '../../kube/resource.ts';
import type { Secret } from '../../kube/types.ts';
import { type App, paperBaselines } from '../arena/app.ts';
import { arenaFor } from '../arena/plan.ts';
import { type ArenaReader, rememberedByName } from '../arena-state.ts';
import { caughtUp, writeStatus } from '../status.ts';
import type { World } from '../world.ts';
import { baselineName, baselineOf } from './baseline.ts';
import type { HealthWatch } from './health-watch.ts';
import { applyMutation } from './inject.ts';
import { episodeOf, isPlayed } from './owner.ts';
import { type IncidentObservation, type IncidentPlan, injectedStatus, isFinished, planIncident } from './plan.ts';

export interface IncidentDependencies {
  client: KubeClient;
  world: World;
  apps: PerApp<App>;
  reader: ArenaReader;
  health: HealthWatch;
  traffic: ArenaTraffic;
  clock: Clock;
  /** Told once for each Incident whose condition changed for good, for metrics and Events. */
  onTransition: (incident: Incident, before: Incident) => void;
}

/** An Incident goes from new to hurting in six passes; more than this many without waiting means two rules disagree. */
const MAX_PASSES = 12;

/** Breaks arenas, watches them being mended and says when they are. */
export class IncidentReconciler {
  readonly #deps: IncidentDependencies;
  readonly #paper: PerApp<Baseline>;

  constructor(deps: IncidentDependencies) {
    this.#deps = deps;
    this.#paper = paperBaselines(deps.apps);
  }

  async reconcile(ref: ObjectRef, log: Logger): Promise<{ requeueAfterMs?: number } | undefined> {
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const incident = this.#deps.world.incidents.get(ref);
      if (!incident) return undefined;
      const plan = await this.#pass(incident, log);
      if (!plan) return undefined;
      if (plan.requeueAfterMs !== 0) return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: plan.requeueAfterMs };
    }
    throw new Error(`Incident ${ref.name} did not come to rest`);
  }

  /** One look, one thing done. Undefined when there is nothing to wait for but the next event. */
  async #pass(seen: Incident, log: Logger): Promise<IncidentPlan | undefined> {
    const { client, world, health } = this.#deps;
    const incident = await ensureFinalizer(client, Resources.incidents, seen, FINALIZER);
    if (incident !== seen) await caughtUp(world.incidents, incident);
    const observed = await this.#observe(incident);
    const plan = planIncident(observed);
    switch (plan.action) {
      case 'claimArena':
        return this.#claim(incident, plan, log);
      case 'storeBaseline':
        await this.#storeBaseline(incident);
        return { ...plan, requeueAfterMs: 0 };
      case 'inject':
        await this.#inject(incident, log);
        await this.#write(incident, injectedStatus({ ...observed, now: this.#deps.clock.now() }));
        return { ...plan, requeueAfterMs: 0 };
      case 'releaseArena':
        await client.delete(Resources.arenas, { namespace: incident.metadata.namespace as string, name: observed.arena?.name as string });
        return { ...plan, requeueAfterMs: undefined };
      case 'letGo':
        health.forget(incident.metadata.uid as string);
        await removeFinalizer(client, Resources.incidents, incident, FINALIZER);
        return undefined;
      case 'expire':
        await client.delete(Resources.incidents, incident.metadata, { uid: incident.metadata.uid as string });
        return undefined;
      case 'none':
        await this.#write(incident, plan.status);
        return plan;
    }
  }

  async #observe(incident: Incident): Promise<IncidentObservation> {
    const { world, clock, health } = this.#deps;
    const uid = incident.metadata.uid as string;
    const arena = world.arenas.list().find((a) => a.spec.claimRef?.uid === uid);
    const base = {
      incident,
      now: clock.now(),
      invalid: validateComposition(incident.spec, this.#paper[appOf(incident.spec)]),
      arena: arena && this.#arenaOf(arena),
      baselineStored: false,
      holdSeconds: incident.spec.resolution?.holdSeconds ?? 0,
      episodeFinal: episodeOf(incident, world)?.status?.outcome !== undefined,
      played: isPlayed(incident, world),
    };
    if (!arena || isFinished(incident) || incident.metadata.deletionTimestamp) return base;
    const baseline = await baselineOf(incident, this.#deps);
    if (!baseline) return base;
    if (!incident.status?.faults) {
      const faults = resolveFaults(incident.spec.faults, baseline);
      const redHerrings = resolveRedHerrings(incident.spec.redHerrings ?? [], baseline);
      return { ...base, baselineStored: true, resolved: { faults, redHerrings, alert: incident.spec.alert ?? makeAlert(faults) } };
    }
    const faults = incident.status.faults;
    if (faults.length === 0 || faults.some((f) => f.state !== 'Injected')) return { ...base, baselineStored: true };
    if (!isTrue(incident.status.conditions, ConditionType.SymptomObserved)) {
      // Some symptoms show only to customers, and those come seldom unless somebody waits for them.
      this.#deps.traffic.hurry(arena.metadata.name, true);
      const symptoms = allSymptoms(faults, health.snapshot(arena.metadata.name), baseline);
      return { ...base, baselineStored: true, symptoms };
    }
    return { ...base, baselineStored: true, ...(await health.look(incident, faults)), now: clock.now() };
  }

  #arenaOf(arena: Arena): IncidentObservation['arena'] {
    const { id, plain } = this.#deps.world.names(arena.metadata.name);
    const namespaces = Object.fromEntries(plain.map((p) => [p, `${p}-${id}`]));
    return { name: arena.metadata.name, deleting: arena.metadata.deletionTimestamp !== undefined, namespaces };
  }

  /** Claims a Ready arena with its resourceVersion, so that two Incidents never get the same. */
  async #claim(incident: Incident, plan: IncidentPlan, log: Logger): Promise<IncidentPlan> {
    const { client, world } = this.#deps;
    const app = appOf(incident.spec);
    const arena = arenaFor(incident, ofApp(app, world.incidents.list()), ofApp(app, world.arenas.list()));
    if (!arena) {
      await this.#write(incident, plan.status);
      return plan;
    }
    const { resourceVersion } = arena.metadata;
    const claimRef = { name: incident.metadata.name, uid: incident.metadata.uid as string };
    try {
      const claimed = await client.mergePatch(Resources.arenas, arena.metadata, { metadata: { resourceVersion }, spec: { claimRef } });
      await caughtUp(world.arenas, claimed);
      log.info({ arena: arena.metadata.name }, 'Claimed an arena');
    } catch (error) {
      if (!isConflict(error)) throw error;
      return { ...plan, requeueAfterMs: 20 };
    }
    return { ...plan, requeueAfterMs: 0 };
  }

  /**
   * Remembers the healthy arena before anything is changed in it. What the caches hold is enough: they showed it healthy, and nobody else has touched
   * it; only what ConfigMaps and Secrets hold no cache keeps. The Secret is immutable: whoever comes second reads the first.
   */
  async #storeBaseline(incident: Incident): Promise<void> {
    const { client, world, apps, health, reader, clock, traffic } = this.#deps;
    const arena = world.arenas.list().find((a) => a.spec.claimRef?.uid === incident.metadata.uid) as Arena;
    const names = world.names(arena.metadata.name);
    const seen = reader.cached(names, clock.now(), traffic.start(arena.metadata.name));
    const others = rememberedByName(apps[appOf(incident.spec)], await reader.holders(names));
    const baseline = captureBaseline({ ...seen, others }, clock.now());
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: baselineName(incident),
        namespace: incident.metadata.namespace as string,
        ownerReferences: [ownerReferenceTo(incident)],
      },
      immutable: true,
      data: baselineToSecretData(baseline),
    };
    try {
      await client.create(Resources.secrets, secret);
      // As it will be read after a restart, so that both see the same.
      health.remember(incident.metadata.uid as string, baselineFromSecretData(secret.data));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #inject(incident: Incident, log: Logger): Promise<void> {
    const { client, world, health } = this.#deps;
    const { faults = [], redHerrings = [], arena = '' } = incident.status ?? {};
    const baseline = health.baseline(incident.metadata.uid as string) as Baseline;
    const names = world.names(arena);
    // Red herrings first: a fault may leave them no room.
    for (const mutation of [...planRedHerrings(redHerrings, baseline), ...planInjection(faults, baseline)]) {
      await applyMutation(client, mutation, names);
    }
    log.info({ faults: faults.map((f) => f.type), redHerrings: redHerrings.map((h) => h.kind), arena }, 'Injected faults');
  }

  async #write(incident: Incident, status: Incident['status']): Promise<void> {
    const written = await writeStatus(this.#deps.client, Resources.incidents, this.#deps.world.incidents, incident, status);
    if (written !== incident) this.#deps.onTransition(written, incident);
  }
}
