import { APPS, DEFAULT_APP, type PerApp, TRANSFER_APP } from '../../api/apps.ts';
import { type Assignment, type AssignmentKey, type AssignmentSpec, assignmentName } from '../../api/assignment.ts';
import type { Curriculum } from '../../api/curriculum.ts';
import { API_VERSION } from '../../api/group.ts';
import type { InlineIncident } from '../../api/incident.ts';
import { ownerReferenceTo } from '../../api/object.ts';
import type { DesignOutcome } from '../../api/reasons.ts';
import { evalAssignment, trainAssignment } from '../../curriculum/assign.ts';
import { chooseNext } from '../../curriculum/choose.ts';
import { isControl } from '../../curriculum/control-share.ts';
import { fittingDesign, withoutDesign } from '../../curriculum/designs.ts';
import { evalChoice } from '../../curriculum/eval-choice.ts';
import { statusUnder } from '../../curriculum/fold.ts';
import { faultsInFlight } from '../../curriculum/group.ts';
import type { Happening } from '../../curriculum/happening.ts';
import type { Rules } from '../../curriculum/rules.ts';
import { recalled, reserve, runOf } from '../../curriculum/runs.ts';
import type { Scenario, ScenarioSource } from '../../curriculum/scenario-source.ts';
import { seededRandom } from '../../faults/random.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import { Resources } from '../../kube/resource.ts';
import { appeared, writeStatus } from '../status.ts';
import type { World } from '../world.ts';
import { assignmentsOf } from './assignments-of.ts';

/** What an incident is made of: a scenario, or none where nothing is to be broken; harder than `maxDifficulty` it never gets. */
export interface Composition {
  readonly scenario?: Scenario;
  readonly maxDifficulty: number;
  readonly redHerrings: boolean;
}

/** Turns what was chosen into something that can be played; the designer does. Pure: the same choice and name give the same bytes. */
export interface Composer {
  source(tierMaxima: readonly number[]): ScenarioSource;
  compose(plan: Composition, name: string): InlineIncident;
}

export interface DeskDependencies {
  client: KubeClient;
  world: Pick<World, 'curricula' | 'assignments'>;
  composers: PerApp<Composer>;
  /** Fault types that this build knows. */
  types: readonly string[];
  onHappening: (curriculum: Curriculum, happening: Happening) => void;
  onDesign: OnDesign;
}

/** Told what became of a design, with a sentence for people. */
export type OnDesign = (curriculum: Curriculum, outcome: DesignOutcome, message: string) => void;

/** Why there is no assignment, for whoever asked. */
export class AssignmentRefused extends Error {
  override readonly name = 'AssignmentRefused';
}

/**
 * Gives each (curriculum, run, split, seed) its incident, once. What writes the status of a Curriculum goes through `serially`, so that draws and
 * counted trials never overtake each other; the writes are bound to resourceVersions all the same.
 */
export class AssignmentDesk {
  readonly #deps: DeskDependencies;
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(deps: DeskDependencies) {
    this.#deps = deps;
  }

  /** Runs `work` after whatever else is under way for this Curriculum. */
  serially<T>(curriculum: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(curriculum) ?? Promise.resolve();
    const result = before.then(work, work);
    const settled = result.then(
      () => {},
      () => {},
    );
    this.#queues.set(curriculum, settled);
    void settled.then(() => {
      if (this.#queues.get(curriculum) === settled) this.#queues.delete(curriculum);
    });
    return result;
  }

  /** The assignment of a key: the first asker's, or a new one. @throws AssignmentRefused with a sentence */
  async assign(namespace: string, key: AssignmentKey): Promise<Assignment> {
    const ref = { namespace, name: assignmentName(key) };
    const known = this.#deps.world.assignments.get(ref);
    if (known) return known;
    return this.serially(key.curriculum, async () => this.#deps.world.assignments.get(ref) ?? this.#make(ref, key));
  }

  rulesOf(curriculum: Curriculum): Rules {
    const source = this.#deps.composers[DEFAULT_APP].source(maximaOf(curriculum));
    return { spec: curriculum.spec, types: this.#deps.types, source };
  }

  /** Works out what resets may get under this spec, tens of milliseconds for each app, so that the first of them does not wait for it. */
  prepare(curriculum: Curriculum): void {
    for (const app of APPS) this.#deps.composers[app].source(maximaOf(curriculum));
  }

  /** Why nothing can be drawn under this spec, as a sentence; undefined when something can. Only another spec changes it. */
  whyUnplayable(curriculum: Curriculum): string | undefined {
    try {
      statusUnder(curriculum.status, this.rulesOf(curriculum));
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async #make(ref: { namespace: string; name: string }, key: AssignmentKey): Promise<Assignment> {
    const { client, world } = this.#deps;
    const curriculum = world.curricula.get({ namespace: ref.namespace, name: key.curriculum });
    if (!curriculum) {
      const names = world.curricula.list(ref.namespace).map((c) => c.metadata.name);
      throw new AssignmentRefused(`Curriculum ${key.curriculum} does not exist; there is ${names.join(', ') || 'none'}`);
    }
    // What is held out is never drawn, so it cannot be drawn anew.
    if (key.split === 'train' && curriculum.status?.endedRuns?.includes(key.run)) {
      throw new AssignmentRefused(`Run ${key.run} ended a day after its last reset; take another name for a new one`);
    }
    const spec = key.split === 'train' ? await this.#draw(curriculum, key) : this.#heldOut(curriculum, key);
    try {
      const created = await client.create(Resources.assignments, {
        apiVersion: API_VERSION,
        kind: 'Assignment',
        metadata: {
          ...ref,
          labels: { [`${API_VERSION.split('/')[0]}/curriculum`]: key.curriculum },
          ownerReferences: [ownerReferenceTo({ ...curriculum, apiVersion: API_VERSION, kind: 'Curriculum' })],
        },
        spec,
      });
      await appeared(world.assignments, created);
      return created;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const first = await client.get(Resources.assignments, ref);
      await appeared(world.assignments, first);
      return first;
    }
  }

  /** Draws, and writes down that it was drawn before anything is made of it: killed in between, a scenario is passed over, never drawn twice. */
  async #draw(curriculum: Curriculum, key: AssignmentKey): Promise<AssignmentSpec> {
    const { client, world, composers, onHappening, onDesign } = this.#deps;
    const rules = this.rulesOf(curriculum);
    const assignments = assignmentsOf(curriculum, world);
    const status = recalled(
      refusing(() => statusUnder(curriculum.status, rules)),
      key.run,
      assignments,
    );
    const { trials: trial } = runOf(status, key.run);
    const asker = { curriculum: key.curriculum, run: key.run, trial };
    const choice = refusing(() => chooseNext(status, faultsInFlight(assignments), rules, asker));
    const { draw, maxDifficulty, redHerrings } = choice;
    const plan = { ...(draw ? { scenario: draw.scenario } : {}), maxDifficulty, redHerrings };
    const design = fittingDesign(choice, status, rules);
    const incident = design?.incident ?? composers[DEFAULT_APP].compose(plan, JSON.stringify([key.curriculum, key.run, trial]));
    const reserved = reserve(status, key.run, choice);
    const next = design ? withoutDesign(reserved.status, design.name) : reserved.status;
    const written = await writeStatus(client, Resources.curricula, world.curricula, curriculum, next);
    for (const happening of reserved.happenings) onHappening(written, happening);
    if (design) onDesign(written, 'used', `${design.name} about ${design.fault} is played for seed ${key.seed} of run ${key.run}`);
    return trainAssignment(key, { choice, trial, incident, difficulty: incident.difficulty ?? 0, design: design?.name }, curriculum.spec);
  }

  /** What is held out depends on the seed alone: no state is read, none is written. */
  #heldOut(curriculum: Curriculum, key: AssignmentKey): AssignmentSpec {
    const { spec } = curriculum;
    const name = JSON.stringify([key.split, key.seed]);
    const transfer = key.split === 'transfer';
    const composer = this.#deps.composers[transfer ? TRANSFER_APP : DEFAULT_APP];
    const control = transfer && isControl(spec.designer.noFaultShare, seededRandom(name));
    const source = composer.source(maximaOf(curriculum));
    const choice = control ? undefined : refusing(() => evalChoice(key.seed, source, spec.minDifficulty));
    const scenario = choice?.scenario;
    const incident = composer.compose({ scenario, maxDifficulty: scenario?.difficulty ?? 1, redHerrings: false }, name);
    return evalAssignment(key, { choice, incident, difficulty: incident.difficulty ?? scenario?.difficulty ?? 0 }, spec);
  }
}

const maximaOf = ({ spec }: Curriculum): number[] => spec.tiers.map((tier) => tier.maxDifficulty);

function refusing<T>(choose: () => T): T {
  try {
    return choose();
  } catch (error) {
    throw new AssignmentRefused((error as Error).message);
  }
}
