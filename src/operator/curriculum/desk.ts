import { type Assignment, type AssignmentKey, type AssignmentSpec, assignmentName } from '../../api/assignment.ts';
import type { Curriculum, CurriculumStatus } from '../../api/curriculum.ts';
import { API_VERSION } from '../../api/group.ts';
import { trainAssignment } from '../../curriculum/assign.ts';
import { type Choice, chooseNext } from '../../curriculum/choose.ts';
import { evalChoice } from '../../curriculum/eval-choice.ts';
import { statusUnder } from '../../curriculum/fold.ts';
import { faultsInFlight } from '../../curriculum/group.ts';
import type { Happening } from '../../curriculum/happening.ts';
import { personaOf, type Rules } from '../../curriculum/rules.ts';
import { reserve, runOf } from '../../curriculum/runs.ts';
import type { ScenarioSource } from '../../curriculum/scenario-source.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import { Resources } from '../../kube/resource.ts';
import { DEFAULT_WEIGHTS } from '../../reward/weights.ts';
import { appeared, writeStatus } from '../status.ts';
import type { World } from '../world.ts';

/** Turns what was chosen into something that can be played; the designer does. Pure: the same choice and name give the same bytes. */
export interface Composer {
  source(tierMaxima: readonly number[]): ScenarioSource;
  compose(choice: Choice, name: string): AssignmentSpec['incident'];
}

export interface DeskDependencies {
  client: KubeClient;
  world: Pick<World, 'curricula' | 'assignments'>;
  composer: Composer;
  /** Fault types that this build knows. */
  types: readonly string[];
  onHappening: (curriculum: Curriculum, happening: Happening) => void;
}

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

  rulesOf({ spec }: Curriculum): Rules {
    return { spec, types: this.#deps.types };
  }

  async #make(ref: { namespace: string; name: string }, key: AssignmentKey): Promise<Assignment> {
    const { client, world } = this.#deps;
    const curriculum = world.curricula.get({ namespace: ref.namespace, name: key.curriculum });
    if (!curriculum) {
      const names = world.curricula.list(ref.namespace).map((c) => c.metadata.name);
      throw new AssignmentRefused(`Curriculum ${key.curriculum} does not exist; there is ${names.join(', ') || 'none'}`);
    }
    if (curriculum.status?.endedRuns?.includes(key.run)) {
      throw new AssignmentRefused(`Run ${key.run} ended a day after its last reset; take another name for a new one`);
    }
    const spec = key.split === 'train' ? await this.#draw(curriculum, key) : this.#heldOut(curriculum, key);
    try {
      const created = await client.create(Resources.assignments, {
        apiVersion: API_VERSION,
        kind: 'Assignment',
        metadata: { ...ref, labels: { [`${API_VERSION.split('/')[0]}/curriculum`]: key.curriculum } },
        spec,
      });
      await appeared(world.assignments, created);
      return created;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return client.get(Resources.assignments, ref);
    }
  }

  /** Draws, and writes down that it was drawn before anything is made of it: killed in between, a scenario is passed over, never drawn twice. */
  async #draw(curriculum: Curriculum, key: AssignmentKey): Promise<AssignmentSpec> {
    const { client, world, composer, onHappening } = this.#deps;
    const rules = this.rulesOf(curriculum);
    const status = statusUnder(curriculum.status, rules);
    const { trials: trial } = runOf(status, key.run);
    const own = world.assignments.list(curriculum.metadata.namespace).filter((a) => a.spec.curriculum === key.curriculum);
    const source = composer.source(rules.spec.tiers.map((tier) => tier.maxDifficulty));
    const choice = refusing(() =>
      chooseNext(status, faultsInFlight(own), rules, source, { curriculum: key.curriculum, run: key.run, trial }),
    );
    const incident = composer.compose(choice, JSON.stringify([key.curriculum, key.run, trial]));
    const reserved = reserve(status, key.run, choice);
    const written = await writeStatus<CurriculumStatus | undefined, Curriculum>(
      client,
      Resources.curricula,
      world.curricula,
      curriculum,
      reserved.status,
    );
    for (const happening of reserved.happenings) onHappening(written, happening);
    return trainAssignment(key, { choice, trial, incident, difficulty: incident.difficulty ?? 0 }, rules);
  }

  /** What is held out depends on the seed alone: no state is read, none is written. */
  #heldOut({ spec }: Curriculum, key: AssignmentKey): AssignmentSpec {
    if (key.split === 'transfer')
      throw new AssignmentRefused('Split transfer needs a second copy of the app, which this version does not have');
    const { composer } = this.#deps;
    const source = composer.source(spec.tiers.map((tier) => tier.maxDifficulty));
    const { pool, ordinal, scenario, usedUp } = refusing(() => evalChoice(key.seed, source, spec.minDifficulty));
    const persona = personaOf(scenario.difficulty, spec.judge.persona);
    const draw = { pool, ordinal, scenario, usedUp, startsOver: false };
    const tier = spec.tiers[pool.band].name;
    const choice = { draw, tier, stint: 0, persona, maxDifficulty: 1, redHerrings: false, llmDesign: false, adversarial: false };
    const incident = composer.compose(choice, JSON.stringify([key.split, key.seed]));
    return {
      ...key,
      pool: { type: pool.type, size: pool.size, band: pool.band, ordinal },
      ...{ usedUp, incident, difficulty: incident.difficulty ?? scenario.difficulty, persona },
      maxSteps: spec.maxSteps,
      weights: { ...DEFAULT_WEIGHTS, ...spec.reward },
    };
  }
}

function refusing<T>(choose: () => T): T {
  try {
    return choose();
  } catch (error) {
    throw new AssignmentRefused((error as Error).message);
  }
}
