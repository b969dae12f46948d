import { DEFAULT_APP, ofApp } from '../../api/apps.ts';
import type { Curriculum, CurriculumStatus, ReadyDesign } from '../../api/curriculum.ts';
import { FIXING_ANNOTATION } from '../../api/group.ts';
import type { Incident } from '../../api/incident.ts';
import type { DesignOutcome } from '../../api/reasons.ts';
import { type DesignWish, nextDesign, withDesign } from '../../curriculum/designs.ts';
import { statusUnder } from '../../curriculum/fold.ts';
import type { Rules } from '../../curriculum/rules.ts';
import { type Ask, designIncident } from '../../designer/llm-designer.ts';
import { inShort } from '../../designer/llm-prompt.ts';
import { type Proof, planProof } from '../../designer/proof.ts';
import { restoreMutations } from '../../faults/restore.ts';
import type { Baseline } from '../../health/snapshot.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Clock } from '../../kube/clock.ts';
import type { ReconcileContext, Result } from '../../kube/controller.ts';
import { type ObjectRef, Resources } from '../../kube/resource.ts';
import type { Llm } from '../../llm/llm.ts';
import type { OpenLlm } from '../../llm/open.ts';
import { spareArenas, waitingIncidents } from '../arena/plan.ts';
import { baselineOf } from '../incident/baseline.ts';
import type { HealthWatch } from '../incident/health-watch.ts';
import { applyMutation } from '../incident/inject.ts';
import { appeared, caughtUp, vanished, writeStatus } from '../status.ts';
import type { World } from '../world.ts';
import { assignmentsOf } from './assignments-of.ts';
import type { AssignmentDesk, OnDesign } from './desk.ts';
import { designName, isProof, proofIncident, provenDesign } from './proof-incident.ts';

export interface DesignDependencies {
  client: KubeClient;
  world: Pick<World, 'curricula' | 'assignments' | 'incidents' | 'arenas' | 'names'>;
  desk: AssignmentDesk;
  health: HealthWatch;
  /** The healthy default app. */
  app: Baseline;
  llm: OpenLlm;
  clock: Clock;
  onDesign: OnDesign;
}

/** Nobody waits for a design. */
const ANSWER_MS = 60_000;
/** After a design that came to nothing, and while there is nobody to ask: what failed will mostly fail again at once, and every try costs money. */
const PAUSE_MS = 60_000;
/** Designs that the model is told of, so that it does not propose them again. */
const REMEMBERED = 50;

/**
 * Keeps proven designs ready, one after the other, for each Curriculum that wants them. Its own controller: draws and counted trials never wait
 * for an LLM or for a proof, only for its status writes. A proof lives in its Incident; whoever comes after a killed process goes on with it.
 */
export class DesignReconciler {
  readonly #deps: DesignDependencies;
  /** Uids of the Incidents whose arena this process has put back; a restart does it again, which changes nothing. */
  readonly #fixed = new Set<string>();
  /** By uid of the Curriculum, in epoch milliseconds. */
  readonly #pausedUntil = new Map<string, number>();

  constructor(deps: DesignDependencies) {
    this.#deps = deps;
  }

  async reconcile(ref: ObjectRef, { log, signal }: ReconcileContext): Promise<Result | undefined> {
    const curriculum = this.#deps.world.curricula.get(ref);
    if (!curriculum || curriculum.metadata.deletionTimestamp) return undefined;
    const owned = (i: Incident): boolean => isProof(i) && i.metadata.ownerReferences?.[0]?.uid === curriculum.metadata.uid;
    const [proof] = this.#deps.world.incidents.list(ref.namespace).filter(owned);
    if (!proof) return this.#design(curriculum, { log, signal });
    return proof.metadata.deletionTimestamp ? undefined : this.#prove(curriculum, proof, log);
  }

  async #prove(curriculum: Curriculum, proof: Incident, log: ReconcileContext['log']): Promise<Result | undefined> {
    const design = provenDesign(proof);
    if (!design || curriculum.spec.designer.kind !== 'llm' || this.#deps.desk.whyUnplayable(curriculum)) {
      log.info({ incident: proof.metadata.name }, 'Removed the proof of a design that nobody wants');
      await this.#remove(proof);
      return undefined;
    }
    const step = planProof(this.#observe(proof));
    switch (step.do) {
      case 'wait':
        return { requeueAfterMs: Math.ceil(step.seconds * 1000) };
      case 'fix':
        await this.#fix(proof);
        return { requeueAfterMs: 0 };
      case 'end':
        return this.#conclude(curriculum, proof, design, step.proof);
    }
  }

  #observe({ metadata, status }: Incident) {
    const { world, clock } = this.#deps;
    const { uid = '', annotations, creationTimestamp = '' } = metadata;
    const fixingSince = annotations?.[FIXING_ANNOTATION];
    return {
      status,
      fixing: fixingSince !== undefined,
      fixed: this.#fixed.has(uid),
      spareArena: world.arenas.list().some((arena) => arena.spec.claimRef?.uid === uid) || this.#hasSpareArena(uid),
      seconds: (clock.now().getTime() - Date.parse(fixingSince ?? creationTimestamp)) / 1000,
    };
  }

  /** True when more arenas are ready than Incidents other than this one wait for. Designs are for the default app. */
  #hasSpareArena(uid?: string): boolean {
    const incidents = ofApp(DEFAULT_APP, this.#deps.world.incidents.list());
    const arenas = ofApp(DEFAULT_APP, this.#deps.world.arenas.list());
    const others = incidents.filter((i) => i.metadata.uid !== uid);
    return spareArenas(arenas, waitingIncidents(others, arenas).length) > 0;
  }

  /** Puts back what is broken. That it begins is written down first: resolved without that, a design has resolved itself. */
  async #fix(proof: Incident): Promise<void> {
    const { client, world, clock } = this.#deps;
    const { metadata, status } = proof;
    if (!metadata.annotations?.[FIXING_ANNOTATION]) {
      const annotations = { [FIXING_ANNOTATION]: clock.now().toISOString() };
      await caughtUp(world.incidents, await client.mergePatch(Resources.incidents, metadata, { metadata: { annotations } }));
    }
    const baseline = await baselineOf(proof, this.#deps);
    if (!baseline) throw new Error(`Incident ${metadata.name} hurts, but its baseline is gone; delete the Incident`);
    const arena = world.names(status?.arena ?? '');
    for (const mutation of restoreMutations(status?.faults ?? [], baseline)) await applyMutation(client, mutation, arena);
    this.#fixed.add(metadata.uid as string);
  }

  async #conclude(curriculum: Curriculum, proof: Incident, design: ReadyDesign, { outcome, message }: Proof): Promise<Result> {
    if (outcome === 'proven') await this.#keep(curriculum, design);
    await this.#remove(proof);
    return this.#tell(curriculum, outcome, `${design.name}, ${inShort(design.incident.faults)}: ${message}`);
  }

  /** Once: killed before the Incident is removed, it is not kept again after it was played. */
  async #keep(curriculum: Curriculum, design: ReadyDesign): Promise<void> {
    await this.#write(curriculum, (status, rules) => {
      const used = assignmentsOf(curriculum, this.#deps.world).some(({ spec }) => spec.design === design.name);
      return used ? status : withDesign(status, design, rules);
    });
  }

  async #remove(proof: Incident): Promise<void> {
    const { client, world } = this.#deps;
    await client.delete(Resources.incidents, proof.metadata, { uid: proof.metadata.uid as string });
    await vanished(world.incidents, proof);
    this.#fixed.delete(proof.metadata.uid as string);
  }

  #tell(curriculum: Curriculum, outcome: DesignOutcome, message: string): Result {
    this.#deps.onDesign(curriculum, outcome, message);
    if (outcome === 'proven') return { requeueAfterMs: 0 };
    this.#pausedUntil.set(curriculum.metadata.uid as string, this.#deps.clock.now().getTime() + PAUSE_MS);
    return { requeueAfterMs: PAUSE_MS };
  }

  async #design(curriculum: Curriculum, { log, signal }: ReconcileContext): Promise<Result | undefined> {
    const { client, world, app, clock } = this.#deps;
    const { llm, isAsked } = this.#deps.llm;
    if (!llm || curriculum.spec.designer.kind !== 'llm') return undefined;
    const pauseMs = (this.#pausedUntil.get(curriculum.metadata.uid as string) ?? 0) - clock.now().getTime();
    if (pauseMs > 0) return { requeueAfterMs: pauseMs };
    // A design that cannot be proved is money for nothing; an arena that becomes ready asks again.
    if (!this.#hasSpareArena()) return undefined;
    // The Curriculum's own controller says so in an Event; a new spec comes here by itself.
    if (this.#deps.desk.whyUnplayable(curriculum)) return undefined;
    if (!isAsked()) return { requeueAfterMs: PAUSE_MS };
    const wish = await this.#reserve(curriculum);
    if (!wish) return undefined;
    log.info({ about: wish.about, number: wish.number }, 'Asking for a design');
    const made = await designIncident({ ...wish, app, known: this.#known(curriculum) }, asking(llm, signal));
    // The process ends: what came of it is nobody's fault.
    if (signal.aborted) return undefined;
    if ('problem' in made) return this.#tell(curriculum, made.outcome, `Design ${wish.number} about ${wish.about}: ${made.problem}`);
    const { number, about, tier } = wish;
    const design: ReadyDesign = { name: designName(curriculum, number), fault: about, tier, ...made };
    if (!this.#hasSpareArena()) return this.#tell(curriculum, 'undecided', `${design.name}: no arena is to spare for its proof`);
    const proof = await client.create(Resources.incidents, proofIncident(curriculum, design));
    await appeared(world.incidents, proof);
    return { requeueAfterMs: 0 };
  }

  /** What to ask for, numbered before it is asked: killed in between, a number is passed over and none comes twice. */
  async #reserve(curriculum: Curriculum): Promise<DesignWish | undefined> {
    let wish: DesignWish | undefined;
    await this.#write(curriculum, (status, rules) => {
      wish = nextDesign(curriculum.metadata.name, status, rules);
      return wish ? { ...status, designed: wish.number + 1 } : status;
    });
    return wish;
  }

  /** Designs that are ready or were played, the newest last. */
  #known(curriculum: Curriculum): string[] {
    const played = assignmentsOf(curriculum, this.#deps.world)
      .filter(({ spec }) => spec.design !== undefined)
      .sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''));
    const incidents = [...played.map(({ spec }) => spec.incident), ...(curriculum.status?.designs ?? []).map(({ incident }) => incident)];
    return [...new Set(incidents.map(({ faults }) => inShort(faults)))].slice(-REMEMBERED);
  }

  async #write({ metadata }: Curriculum, change: (status: CurriculumStatus, rules: Rules) => CurriculumStatus): Promise<void> {
    const { client, world, desk } = this.#deps;
    await desk.serially(metadata.name, async () => {
      const curriculum = world.curricula.get({ namespace: metadata.namespace as string, name: metadata.name });
      if (curriculum?.metadata.uid !== metadata.uid) return;
      const rules = desk.rulesOf(curriculum as Curriculum);
      const status = change(statusUnder(curriculum?.status, rules), rules);
      await writeStatus(client, Resources.curricula, world.curricula, curriculum as Curriculum, status);
    });
  }
}

const asking =
  (llm: Llm, signal: AbortSignal): Ask =>
  async (request) =>
    (await llm.complete({ ...request, timeoutMs: ANSWER_MS, signal })).value;
