import { DEFAULT_APP, type PerApp, perApp } from '../api/apps.ts';
import { findCondition } from '../api/conditions.ts';
import type { Curriculum } from '../api/curriculum.ts';
import type { Episode } from '../api/episode.ts';
import { API_VERSION, ARENA_LABEL } from '../api/group.ts';
import type { Incident } from '../api/incident.ts';
import { ConditionType, type DesignOutcome, Reason } from '../api/reasons.ts';
import { designed, type Happening } from '../curriculum/happening.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import type { ArenaTraffic } from '../health/traffic.ts';
import type { KubeClient } from '../kube/client.ts';
import { type Clock, systemClock } from '../kube/clock.ts';
import { Controller, ownerRequest, type Reconcile, type Request } from '../kube/controller.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Logger } from '../kube/logger.ts';
import type { KubeMetrics } from '../kube/metrics.ts';
import { Operator } from '../kube/operator.ts';
import { Resources } from '../kube/resource.ts';
import type { OpenLlm } from '../llm/open.ts';
import type { ArchiveSink } from './archive.ts';
import { type App, paperBaselines } from './arena/app.ts';
import { frontDoorOf } from './arena/front-door.ts';
import { ArenaReconciler, isUnschedulable, PoolReconciler } from './arena/reconcile.ts';
import { ArenaReader } from './arena-state.ts';
import type { OperatorConfig } from './config.ts';
import { composerFor } from './curriculum/composer.ts';
import { DesignReconciler } from './curriculum/designs.ts';
import { AssignmentDesk } from './curriculum/desk.ts';
import { isProof } from './curriculum/proof-incident.ts';
import { CurriculumReconciler } from './curriculum/reconcile.ts';
import type { Judges } from './episode/conclude.ts';
import { EpisodeReconciler } from './episode/reconcile.ts';
import { HealthWatch } from './incident/health-watch.ts';
import { isFinished } from './incident/plan.ts';
import { IncidentReconciler } from './incident/reconcile.ts';
import type { GymMetrics } from './metrics.ts';
import type { Nodes } from './nodes.ts';
import { openTraffic } from './traffic-desk.ts';
import { World } from './world.ts';

export interface GymOperatorOptions {
  client: KubeClient;
  apps: PerApp<App>;
  config: OperatorConfig;
  judges: Judges;
  llm: OpenLlm;
  archive: ArchiveSink;
  events: EventRecorder;
  log: Logger;
  metrics: KubeMetrics;
  gymMetrics: GymMetrics;
  nodes: Nodes;
  clock?: Clock;
  onLeadershipLost: () => void;
}

/** All reconcilers of the gym in one process. */
export class GymOperator extends Operator {
  readonly #o: GymOperatorOptions;
  #world: World | undefined;
  #traffic: ArenaTraffic | undefined;

  constructor(o: GymOperatorOptions) {
    super({
      client: o.client,
      log: o.log,
      metrics: o.metrics,
      leaderElection: { namespace: o.config.systemNamespace, name: 'kube-sre-gym-operator', identity: o.config.identity },
      onLeadershipLost: o.onLeadershipLost,
    });
    this.#o = o;
  }

  get world(): World | undefined {
    return this.#world;
  }

  protected override async init(): Promise<void> {
    const { client, apps, config, judges, llm, archive, events, nodes, clock = systemClock } = this.#o;
    const world = new World({
      reflect: (resource, options) => this.reflect(resource, options),
      gymNamespace: config.gymNamespace,
      plainNamespaces: perApp((app) => apps[app].namespaces),
    });
    this.#world = world;
    const paper = paperBaselines(apps);
    const frontDoors = perApp((app) => frontDoorOf(paper[app]));
    const traffic = openTraffic({
      ...{ client, clock },
      names: (arena) => world.names(arena),
      frontDoor: (arena) => frontDoors[world.appOf(arena)],
      changed: (arena) => wake(arena),
    });
    this.#traffic = traffic;
    const reader = new ArenaReader(client, world);
    const health = new HealthWatch({ reader, world, traffic, clock });
    const arenaDeps = { client, world, apps, config, clock, traffic, events, nodes };
    const arenas = new ArenaReconciler(arenaDeps);
    const pool = new PoolReconciler(arenaDeps);
    const incidents = new IncidentReconciler({
      client,
      world,
      apps,
      reader,
      health,
      traffic,
      clock,
      onTransition: (after, before) => this.#tellIncident(after, before),
    });
    const onHappening = (curriculum: Curriculum, { reason, message }: Happening): void =>
      events.event(
        { ...curriculum, apiVersion: API_VERSION, kind: Resources.curricula.kind },
        { type: WARNINGS.has(reason) ? 'Warning' : 'Normal', reason, action: 'Training', note: message },
      );
    const onDesign = (curriculum: Curriculum, outcome: DesignOutcome, message: string): void => {
      this.#o.gymMetrics.design(outcome);
      onHappening(curriculum, designed(outcome, message));
    };
    const desk = new AssignmentDesk({
      client,
      world,
      composers: perApp((app) => composerFor(app, paper[app])),
      types: FAULT_TYPES,
      onHappening,
      onDesign,
    });
    const curricula = new CurriculumReconciler({ client, world, desk, clock, llmState: () => llm.state(), onHappening });
    const designs = new DesignReconciler({ client, world, desk, health, app: paper[DEFAULT_APP], llm, clock, onDesign });
    const episodes = new EpisodeReconciler({
      client,
      desk,
      world,
      apps,
      health,
      judges,
      archive,
      clock,
      onFinished: (episode, incident) => this.#tellEpisode(episode, incident),
    });

    const arenaController = this.#controller('arena', (request, { log }) => arenas.reconcile(request, log), 8);
    const poolController = this.#controller('pool', (request, { log }) => pool.reconcile(request, log), 1);
    const incidentController = this.#controller('incident', (request, { log }) => incidents.reconcile(request, log), 8);
    // A worker waits for the judge, seconds where it is an LLM, and nobody else's reset shall wait with it.
    const episodeController = this.#controller('episode', (request, { log }) => episodes.reconcile(request, log), 64);

    const curriculumController = this.#controller('curriculum', (request, { log }) => curricula.reconcile(request, log), 4);

    // Most of the time it waits for an LLM.
    const designController = this.#controller('design', (request, context) => designs.reconcile(request, context), 4);

    const inGym = (name: string): Request => ({ namespace: config.gymNamespace, name });
    const thePool = inGym('pool');
    const claimant = (arena: string): Request[] => {
      const claim = world.arenas.get(inGym(arena))?.spec.claimRef;
      return claim ? [inGym(claim.name)] : [];
    };
    const waiting = (): Request[] =>
      world.incidents
        .list()
        .filter((i) => !i.status?.arena)
        .map((i) => inGym(i.metadata.name));
    const wake = (arena: string): void => {
      // Of an arena that is going, only its namespaces tell when it is gone.
      if (!world.arenas.get(inGym(arena))?.metadata.deletionTimestamp) arenaController.enqueue(inGym(arena));
      for (const request of claimant(arena)) incidentController.enqueue(request);
    };
    world.onArenaChange(wake);

    arenaController
      .watch(world.arenas)
      .watch(world.namespaces, ({ metadata }) => (metadata.labels?.[ARENA_LABEL] ? [inGym(metadata.labels[ARENA_LABEL])] : []))
      .watch(world.incidents, (i) => (i.status?.arena ? [inGym(i.status.arena)] : []));
    poolController
      .watch(world.arenas, () => [thePool])
      .watch(world.incidents, () => [thePool])
      .watch(world.inArenas.pods, (pod) => (isUnschedulable(pod) ? [thePool] : []));
    poolController.enqueue(thePool);
    incidentController
      .watch(world.incidents)
      .watch(world.arenas, (arena) => (arena.spec.claimRef ? [inGym(arena.spec.claimRef.name)] : waiting()))
      // One that waited for an arena and left makes room for those behind it.
      .watch(world.incidents, (i) => (!i.status?.arena && (isFinished(i) || i.metadata.deletionTimestamp) ? waiting() : []))
      .watch(world.episodes, (episode) => (episode.status?.outcome ? [inGym(episode.metadata.name)] : []));
    episodeController
      .watch(world.episodes)
      .watch(world.incidents, (i) => [...ownerRequest(i, API_VERSION, 'Episode'), ...referencing(world, i)])
      .watch(world.steps, (s) => ownerRequest(s, API_VERSION, 'Episode'))
      .watch(world.leases, (lease) => playedBy(world, lease.metadata.name));
    curriculumController
      .watch(world.curricula)
      .watch(world.assignments, (a) => [inGym(a.spec.curriculum)])
      .watch(world.episodes, ({ spec, status }) => (spec.curriculumRef && status?.assignment ? [inGym(spec.curriculumRef.name)] : []));
    designController
      .watch(world.curricula)
      .watch(world.incidents, (i) => ownerRequest(i, API_VERSION, Resources.curricula.kind))
      .watch(world.arenas, (arena) => (arena.spec.claimRef ? [] : designing(world)))
      // Wakes nobody, but what was played has to be known from the start.
      .watch(world.assignments, () => []);
    const controllers = [arenaController, poolController, incidentController, episodeController, curriculumController, designController];
    for (const controller of controllers) this.addController(controller);
  }

  override async stop(): Promise<void> {
    await super.stop();
    this.#traffic?.stopAll();
    await this.#o.events.flush();
  }

  #controller(name: string, reconcile: Reconcile, concurrency: number): Controller {
    const { log, metrics, clock = systemClock } = this.#o;
    return new Controller({ name, reconcile, concurrency, log, metrics, clock });
  }

  #tellIncident(after: Incident, before: Incident): void {
    if (!isProof(after)) this.#o.gymMetrics.incident(after, before);
    for (const type of [ConditionType.SymptomObserved, ConditionType.Resolved, ConditionType.Succeeded]) {
      const now = findCondition(after.status?.conditions, type);
      const then = findCondition(before.status?.conditions, type);
      if (!now || now.status === 'Unknown' || now.status === then?.status || (now.status === 'False' && type !== ConditionType.Succeeded))
        continue;
      const warning = type === ConditionType.Succeeded && now.status === 'False';
      this.#o.events.event(incidentObject(after), {
        type: warning ? 'Warning' : 'Normal',
        reason: now.reason,
        action: type,
        note: now.message,
      });
    }
  }

  #tellEpisode(episode: Episode, incident: Incident | undefined): void {
    this.#o.gymMetrics.episode(episode, incident);
    const { outcome, reward, decidedSteps } = episode.status ?? {};
    const note = `${outcome} after ${decidedSteps ?? 0} step(s)${reward === undefined ? '' : `, reward ${reward}`}`;
    this.#o.events.event(
      { ...episode, apiVersion: API_VERSION, kind: Resources.episodes.kind },
      {
        type: outcome === 'InfrastructureFailed' ? 'Warning' : 'Normal',
        reason: outcome ?? 'Unknown',
        action: 'EpisodeEnded',
        note,
      },
    );
  }
}

/** Happenings of a Curriculum that somebody should look into. */
const WARNINGS: ReadonlySet<Reason> = new Set([Reason.InvalidSpec, Reason.DesignFailed]);

const incidentObject = (incident: Incident) => ({ ...incident, apiVersion: API_VERSION, kind: Resources.incidents.kind });

function referencing(world: World, incident: Incident): Request[] {
  return world.episodes
    .list()
    .filter((e) => e.spec.incidentRef?.name === incident.metadata.name)
    .map((e) => ({ namespace: e.metadata.namespace as string, name: e.metadata.name }));
}

function playedBy(world: World, gateway: string): Request[] {
  return world.episodes
    .list()
    .filter((e) => e.spec.gateway === gateway && !e.status?.outcome)
    .map((e) => ({ namespace: e.metadata.namespace as string, name: e.metadata.name }));
}

/** Curricula that an arena to spare is good for. */
function designing(world: World): Request[] {
  return world.curricula
    .list()
    .filter(({ spec }) => spec.designer.kind === 'llm')
    .map(({ metadata }) => ({ namespace: metadata.namespace as string, name: metadata.name }));
}
