import { appOf, type PerApp } from '../../api/apps.ts';
import type { Curriculum } from '../../api/curriculum.ts';
import { DEFAULT_RUN, DEFAULT_SPLIT, GATEWAY_LEASE_SECONDS } from '../../api/defaults.ts';
import type { Episode, EpisodeStatus } from '../../api/episode.ts';
import { API_VERSION, FINALIZER } from '../../api/group.ts';
import type { Incident } from '../../api/incident.ts';
import { ownerReferenceTo } from '../../api/object.ts';
import type { Step } from '../../api/step.ts';
import { knowsEnd } from '../../curriculum/group.ts';
import { difficultyOf } from '../../designer/difficulty.ts';
import { scenarioHash } from '../../faults/engine.ts';
import { FAULTS } from '../../faults/index.ts';
import type { ArenaSnapshot } from '../../health/snapshot.ts';
import type { Judgement } from '../../judge/judge.ts';
import { JUDGE_CALL_MS } from '../../judge/llm-judge.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Clock } from '../../kube/clock.ts';
import { isAlreadyExists, isConflict } from '../../kube/errors.ts';
import type { Logger } from '../../kube/logger.ts';
import { type ObjectRef, Resources } from '../../kube/resource.ts';
import { sumLlmUse } from '../../llm/use.ts';
import { scoreDiagnosis } from '../../reward/diagnosis.ts';
import type { ArchiveSink } from '../archive.ts';
import type { App } from '../arena/app.ts';
import { type AssignmentDesk, AssignmentRefused } from '../curriculum/desk.ts';
import { baselineOf } from '../incident/baseline.ts';
import type { HealthWatch } from '../incident/health-watch.ts';
import { appeared, caughtUp, writeStatus } from '../status.ts';
import type { World } from '../world.ts';
import { conclude, type Judges, judgedEpisode, judgedLine, judgeOf, mayBeVetoed, type Said } from './conclude.ts';
import { awaitsVerdict, type EpisodeObservation, type EpisodePlan, type Health, planEpisode, SETTLE_GRACE_MS } from './plan.ts';
import { shrinkFinal } from './shrink.ts';
import { concluded } from './value.ts';

export interface EpisodeDependencies {
  client: KubeClient;
  world: World;
  apps: PerApp<App>;
  health: HealthWatch;
  judges: Judges;
  archive: ArchiveSink;
  clock: Clock;
  /** Told once for each Episode that got its outcome, for metrics and Events. */
  desk: AssignmentDesk;
  onFinished: (episode: Episode, incident: Incident | undefined) => void;
}

/** Who plays a referenced Incident; it stays its creator's, so an annotation and not an owner reference. */
const CLAIMED_BY = `${API_VERSION.split('/')[0]}/episode-uid`;

/** Milliseconds that a pass has left for asking a judge: all that it asks belongs to one frame, and that waits for the whole. */
type LeftMs = () => number;

/** Plays Episodes: makes their incidents, scores their steps, decides how they ended. */
export class EpisodeReconciler {
  readonly #deps: EpisodeDependencies;
  /** By name of the Episode, while it is played. */
  readonly #said = new Map<string, Said>();

  constructor(deps: EpisodeDependencies) {
    this.#deps = deps;
  }

  async reconcile(ref: ObjectRef, log: Logger): Promise<{ requeueAfterMs?: number } | undefined> {
    const { world, client } = this.#deps;
    const episode = world.episodes.get(ref);
    if (!episode || episode.metadata.deletionTimestamp) {
      this.#said.delete(ref.name);
      return undefined;
    }
    const { clock } = this.#deps;
    const judgedBy = clock.now().getTime() + JUDGE_CALL_MS;
    const leftMs = () => Math.max(0, judgedBy - clock.now().getTime());
    const observed = await this.#observe(episode, leftMs);
    const plan = planEpisode(observed);
    switch (plan.action) {
      case 'assign':
        return this.#assign(episode, observed, log);
      case 'createIncident':
        await this.#createIncident(episode, observed.assignment?.spec.incident ?? episode.spec.incident);
        return undefined;
      case 'claimIncident':
        await this.#claimIncident(episode, observed.incident as Incident);
        return undefined;
      case 'expire':
        await client.delete(Resources.episodes, episode.metadata, { uid: episode.metadata.uid as string });
        return undefined;
      case 'none': {
        const judged = await this.#concluded(observed, plan, leftMs);
        await this.#write(episode, observed, judged, log);
        return this.#next(episode, judged);
      }
    }
  }

  /** Looks again when the plan says so, and when the gateway's Lease would lapse: nothing happens then that a watch could show. */
  #next(episode: Episode, plan: EpisodePlan): { requeueAfterMs?: number } | undefined {
    const lapses = episode.spec.gateway && !plan.status.outcome ? [this.#leaseLeftMs(episode)] : [];
    const waits = [...lapses, ...(plan.requeueAfterMs === undefined ? [] : [plan.requeueAfterMs])];
    return waits.length ? { requeueAfterMs: Math.max(1, Math.min(...waits)) } : undefined;
  }

  async #observe(episode: Episode, leftMs: LeftMs): Promise<EpisodeObservation> {
    const { world, clock } = this.#deps;
    const namespace = episode.metadata.namespace as string;
    const name = episode.spec.incidentRef?.name ?? episode.metadata.name;
    const incident = world.incidents.get({ namespace, name });
    const owned = episode.spec.incidentRef || incident?.metadata.ownerReferences?.some((r) => r.uid === episode.metadata.uid);
    const steps = world.steps
      .list(namespace)
      .filter((s) => s.spec.episode === episode.metadata.name && s.metadata.ownerReferences?.some((r) => r.uid === episode.metadata.uid))
      .sort((a, b) => a.spec.index - b.spec.index);
    const base = {
      episode,
      now: clock.now(),
      incident: owned ? incident : undefined,
      ...this.#assigned(episode),
      claimedBy: incident?.metadata.annotations?.[CLAIMED_BY],
      steps,
      judgements: new Map<number, Judgement>(),
      gatewayAlive: !episode.spec.gateway || this.#leaseLeftMs(episode) > 0,
      difficulty: difficultyFor(episode, incident),
    };
    if (!incident?.status?.alert || episode.status?.outcome) return base;
    const diagnosisScore = this.#diagnosisScore(steps, incident);
    const judging = this.#judge(episode, incident, steps, leftMs);
    const [judgements, health] = await Promise.all([judging, this.#health(episode, incident, steps)]);
    return {
      ...base,
      // Judging takes seconds; what was resolved meanwhile is resolved.
      incident: world.incidents.get(incident.metadata) ?? incident,
      judgements,
      ...(health ? { health } : {}),
      now: clock.now(),
      ...(diagnosisScore === undefined ? {} : { diagnosisScore }),
    };
  }

  #assigned(episode: Episode): Pick<EpisodeObservation, 'assignment' | 'told'> {
    const { metadata, status } = episode;
    if (!status?.assignment) return {};
    const assignment = this.#deps.world.assignments.get({ namespace: metadata.namespace as string, name: status.assignment });
    if (!assignment) return { told: true };
    return { assignment, told: knowsEnd(assignment.status ?? {}, episode) };
  }

  /** Asks for the arena's health only where an answer depends on it: a change whose effect is not known yet. */
  async #health(episode: Episode, incident: Incident, steps: readonly Step[]): Promise<Health | undefined> {
    // After a veto the Incident is over and nobody watches it any more; what was done since must still hold.
    const decided = episode.status?.decidedSteps ?? 0;
    const next = steps.find((s) => s.spec.index === decided + 1);
    const { veto } = episode.status ?? {};
    if (veto && incident.status?.resolvedTime) {
      if (!next && decided <= veto.step) return undefined;
      await baselineOf(incident, this.#deps);
      return this.#deps.health.again(incident);
    }
    const pending = next ? awaitsVerdict(next, steps, episode.status ?? {}) : episode.status?.settling;
    if (!pending) return undefined;
    const since = next ?? steps.find((s) => s.spec.index === decided);
    const graceOver = !since || this.#deps.clock.now().getTime() >= Date.parse(since.spec.completedTime) + SETTLE_GRACE_MS;
    return this.#deps.health.verdict(incident, graceOver);
  }

  async #judge(episode: Episode, incident: Incident, steps: readonly Step[], leftMs: LeftMs): Promise<Map<number, Judgement>> {
    const scored = new Set((episode.status?.steps ?? []).map((s) => s.index));
    const found = new Map<number, Judgement>();
    const { judgements: known } = this.#saidOf(episode);
    const { name } = judgeOf(this.#curriculum(episode));
    const judge = this.#deps.judges[name];
    // The rules look at lines alone.
    const asked = judgedEpisode(episode, incident, name === 'heuristic' ? undefined : this.#snapshot(incident));
    for (const step of steps) {
      if (scored.has(step.spec.index) || step.spec.action === 'Detach') continue;
      const key = step.metadata.uid as string;
      const history = steps.filter((s) => s.spec.index < step.spec.index).map(judgedLine);
      const judgement = known.get(key) ?? (await judge.score({ ...asked, step: judgedLine(step), history, timeoutMs: leftMs() }));
      known.set(key, judgement);
      found.set(step.spec.index, judgement);
    }
    return found;
  }

  /**
   * The plan as the judge's last word leaves it: with its scores, or, where it takes a resolution back, the plan of the same pass in which that
   * resolution does not count. At most one veto a pass.
   */
  async #concluded(observed: EpisodeObservation, plan: EpisodePlan, leftMs: LeftMs, first = true): Promise<EpisodePlan> {
    const { episode, incident, steps, difficulty } = observed;
    const { status } = plan;
    const { name, mayVeto } = judgeOf(this.#curriculum(episode));
    if (!plan.finished || !status.scorable || name === 'heuristic' || !incident?.status?.alert) return plan;
    const asked = { ...judgedEpisode(episode, incident, this.#snapshot(incident)), timeoutMs: leftMs() };
    const vetoable = first && mayVeto && mayBeVetoed(incident, status);
    const { lastWords: said } = this.#saidOf(episode);
    const last = await conclude({ judge: this.#deps.judges[name], asked, episode, steps, status, mayVeto: vetoable, said });
    if (!last.veto) return { ...plan, status: concluded(status, difficulty, last) };
    // From what was written before this pass.
    const veto = { step: status.decidedSteps ?? 0, reason: last.veto.slice(0, 512) };
    const before = { ...episode.status, veto, llm: sumLlmUse([episode.status?.llm, last.llm]) };
    const again = { ...observed, episode: { ...episode, status: before } };
    return this.#concluded(again, planEpisode(again), leftMs, false);
  }

  #saidOf({ metadata: { name } }: Episode): Said {
    const said = this.#said.get(name) ?? { judgements: new Map(), lastWords: new Map() };
    this.#said.set(name, said);
    return said;
  }

  #curriculum({ metadata, spec }: Episode): Curriculum | undefined {
    const { curriculumRef } = spec;
    return curriculumRef && this.#deps.world.curricula.get({ namespace: metadata.namespace as string, name: curriculumRef.name });
  }

  #snapshot({ status }: Incident): ArenaSnapshot | undefined {
    const arena = status?.arena && this.#deps.world.arenas.list().find((a) => a.metadata.name === status.arena);
    return arena && !arena.metadata.deletionTimestamp ? this.#deps.health.snapshot(arena.metadata.name) : undefined;
  }

  #diagnosisScore(steps: readonly Step[], incident: Incident): number | undefined {
    const last = steps.filter((s) => s.spec.action === 'Diagnose').at(-1);
    if (!last) return undefined;
    const faults = (incident.status?.faults ?? []).map((f) => ({ workload: f.target.name, type: f.type }));
    const terms = Object.fromEntries([...FAULTS.values()].map((f) => [f.type, f.diagnosisTerms]));
    const workloads = this.#deps.apps[appOf(incident.spec)].deployments.map((d) => d.metadata.name);
    return scoreDiagnosis(last.spec.command, { faults, terms, workloads });
  }

  /** Milliseconds until the gateway counts as gone: it renews its Lease, and one that stopped for a whole lease duration is gone. */
  #leaseLeftMs(episode: Episode): number {
    const { world, clock } = this.#deps;
    const lease = world.leases.get({ namespace: episode.metadata.namespace as string, name: episode.spec.gateway as string });
    const renewed = Date.parse(lease?.spec?.renewTime ?? episode.metadata.creationTimestamp ?? '');
    return renewed + GATEWAY_LEASE_SECONDS * 1000 - clock.now().getTime();
  }

  /** Asks the Curriculum what to play, and freezes what it says in the status; a refusal ends the Episode. */
  async #assign(episode: Episode, observed: EpisodeObservation, log: Logger): Promise<{ requeueAfterMs?: number } | undefined> {
    const { client, world, desk } = this.#deps;
    const { curriculumRef, split = DEFAULT_SPLIT, run = DEFAULT_RUN, seed = 0 } = episode.spec;
    try {
      const assignment = await desk.assign(episode.metadata.namespace as string, {
        curriculum: curriculumRef?.name as string,
        ...{ run, split, seed },
      });
      const { tier, difficulty, persona, weights } = assignment.spec;
      const frozen = { assignment: assignment.metadata.name, ...(tier ? { tier } : {}), difficulty, persona, weights };
      const status: EpisodeStatus = { ...episode.status, ...frozen };
      await writeStatus(client, Resources.episodes, world.episodes, episode, status);
      return { requeueAfterMs: 1 };
    } catch (error) {
      if (!(error instanceof AssignmentRefused)) throw error;
      const refused = { ...observed, refusal: error.message };
      const plan = planEpisode(refused);
      await this.#write(episode, refused, plan, log);
      return this.#next(episode, plan);
    }
  }

  async #createIncident(episode: Episode, spec: Episode['spec']['incident']): Promise<void> {
    const { client, world } = this.#deps;
    const incident: Incident = {
      apiVersion: API_VERSION,
      kind: 'Incident',
      metadata: {
        name: episode.metadata.name,
        namespace: episode.metadata.namespace as string,
        ownerReferences: [ownerReferenceTo(episode)],
        finalizers: [FINALIZER],
      },
      spec: { ...(spec as NonNullable<Episode['spec']['incident']>) },
    };
    try {
      await appeared(world.incidents, await client.create(Resources.incidents, incident));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #claimIncident(episode: Episode, incident: Incident): Promise<void> {
    const { resourceVersion } = incident.metadata;
    const annotations = { [CLAIMED_BY]: episode.metadata.uid as string };
    try {
      const claimed = await this.#deps.client.mergePatch(Resources.incidents, incident.metadata, {
        metadata: { resourceVersion, annotations },
      });
      await caughtUp(this.#deps.world.incidents, claimed);
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }

  async #write(episode: Episode, observed: EpisodeObservation, plan: EpisodePlan, log: Logger): Promise<void> {
    const { client, world, archive, onFinished } = this.#deps;
    const { incident } = observed;
    const status = { ...plan.status };
    if (!status.scenarioHash && incident?.status?.faults && incident.status.alert) {
      const maxSteps = status.maxSteps;
      status.scenarioHash = scenarioHash({
        app: appOf(incident.spec),
        faults: incident.status.faults,
        redHerrings: incident.status.redHerrings,
        alert: incident.status.alert,
        ...(maxSteps ? { maxSteps } : {}),
      });
    }
    // The archive first: a process that dies in between appends the same episode again, and readers keep one by uid.
    if (plan.finished) await archive.append({ episode: { ...episode, status }, incident, steps: observed.steps });
    const written = await writeStatus(client, Resources.episodes, world.episodes, episode, plan.finished ? shrinkFinal(status) : status);
    this.#said.get(episode.metadata.name)?.lastWords.clear();
    if (!plan.finished) return;
    this.#said.delete(episode.metadata.name);
    log.info({ outcome: status.outcome, reward: status.reward, steps: status.decidedSteps }, 'Finished an episode');
    onFinished(written, incident);
  }
}

/** As the incident says; else what the designer would have said of its faults. */
function difficultyFor(episode: Episode, incident: Incident | undefined): number {
  const spec = incident?.spec ?? episode.spec.incident ?? { faults: [] };
  const faults = spec.faults.filter((f) => FAULTS.has(f.type));
  return spec.difficulty ?? difficultyOf({ faults, redHerrings: spec.redHerrings?.length });
}
