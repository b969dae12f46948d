import { type Assignment, assignmentName } from '../api/assignment.ts';
import type { CurriculumStatus } from '../api/curriculum.ts';
import type { Episode } from '../api/episode.ts';
import { API_VERSION } from '../api/group.ts';
import { trainAssignment } from './assign.ts';
import { chooseNext } from './choose.ts';
import { nextCountingWrite } from './counting.ts';
import { statusUnder } from './fold.ts';
import { closeGroup, faultsInFlight, withMembers } from './group.ts';
import type { Happening } from './happening.ts';
import type { Learner } from './learners.ts';
import { type Rules, tierIndex } from './rules.ts';
import { reserve, runOf } from './runs.ts';
import { seededDelay, stillRunning, syntheticEpisode } from './synthetic-episodes.ts';

export interface Simulation {
  readonly learner: Learner;
  readonly episodes: number;
  readonly seed: number;
  readonly rules: Rules;
  /** Milliseconds from the start of a group to a member's result; seeded when absent. */
  readonly delay?: (trial: number, member: number) => number;
}

export interface SimulationReport {
  /** Played. */
  readonly episodes: number;
  readonly highestTier: string;
  /** Where the Curriculum stands at the end. */
  readonly status: CurriculumStatus;
  readonly scenarios: {
    readonly drawn: number;
    readonly distinct: number;
    /** Drawn again because nothing new was left. */
    readonly usedUp: number;
    /** Trials in which nothing was broken. */
    readonly controls: number;
  };
  /** What was worth an Event, with the number of trials counted by then. */
  readonly happenings: readonly (Happening & { readonly trials: number })[];
}

const CURRICULUM = 'simulation';
const RUN = 'simulation';
/** Groups that the trainer keeps going: their results come late, and in another order than they were started. */
const GROUPS_AT_ONCE = 4;

/** A result, or without `member` the timeout of its group. */
interface Coming {
  readonly at: number;
  readonly trial: number;
  readonly member?: number;
}

/**
 * Trains a synthetic learner with the Curriculum's own functions; only episodes, scenarios and the clock are made up. The same input gives the
 * same report, byte for byte.
 *
 * @param simulation episodes: at least one group; what does not fill a group is not played
 */
export function simulate(simulation: Simulation): SimulationReport {
  return new Training(simulation).run();
}

class Training {
  readonly #input: Simulation;
  readonly #delay: (trial: number, member: number) => number;
  readonly #groups: Assignment[] = [];
  readonly #results: Episode[][] = [];
  readonly #keys = new Set<string>();
  readonly #happenings: (Happening & { trials: number })[] = [];
  #coming: Coming[] = [];
  #status: CurriculumStatus;
  #highest: number;

  constructor(input: Simulation) {
    this.#input = input;
    this.#delay = input.delay ?? seededDelay(input.seed);
    this.#status = statusUnder(undefined, input.rules);
    this.#highest = tierIndex(input.rules.spec, this.#status.tier);
  }

  run(): SimulationReport {
    const { episodes, rules } = this.#input;
    const wanted = Math.floor(episodes / rules.spec.groupSize);
    while (this.#groups.length < Math.min(GROUPS_AT_ONCE, wanted)) this.#start(0);
    while (this.#coming.length > 0) {
      const next = this.#coming.reduce((first, other) => (other.at < first.at ? other : first));
      this.#coming = this.#coming.filter((other) => other !== next);
      const closed = this.#closes(next);
      if (closed && this.#groups.length < wanted) this.#start(next.at);
    }
    const drawn = this.#groups.filter(({ spec }) => spec.pool);
    return {
      episodes: this.#groups.length * rules.spec.groupSize,
      highestTier: rules.spec.tiers[this.#highest].name,
      status: this.#status,
      scenarios: {
        drawn: drawn.length,
        distinct: this.#keys.size,
        usedUp: drawn.filter(({ spec }) => spec.usedUp).length,
        controls: this.#groups.length - drawn.length,
      },
      happenings: this.#happenings,
    };
  }

  /** Draws the next trial and lets all its members begin. */
  #start(at: number): void {
    const { rules, seed } = this.#input;
    const trial = runOf(this.#status, RUN).trials;
    const choice = chooseNext(this.#status, faultsInFlight(this.#groups), rules, { curriculum: CURRICULUM, run: RUN, trial });
    const reserved = reserve(this.#status, RUN, choice);
    this.#take(reserved.status, reserved.happenings);
    if (choice.draw) this.#keys.add(choice.draw.scenario.key);

    const faults = [...(choice.draw?.scenario.faults ?? [])];
    const difficulty = choice.draw?.scenario.difficulty ?? 0;
    const chance = this.#input.learner.chance(faults.map(({ type }) => type));
    const startedTime = new Date(at).toISOString();
    const results = Array.from({ length: rules.spec.groupSize }, (_, member) =>
      syntheticEpisode({ seed, trial, member, chance, startedTime }),
    );
    const key = { curriculum: CURRICULUM, run: RUN, split: 'train', seed: trial } as const;
    this.#results.push(results);
    this.#groups.push({
      ...{ apiVersion: API_VERSION, kind: 'Assignment', metadata: { name: assignmentName(key) } },
      spec: trainAssignment(key, { choice, trial, incident: { faults }, difficulty }, rules.spec),
      status: withMembers({}, results.map(stillRunning)),
    });
    this.#coming.push(...results.map((_, member) => ({ at: at + this.#delay(trial, member), trial, member })));
    this.#coming.push({ at: at + rules.spec.groupTimeoutSeconds * 1000, trial });
  }

  /** Takes in what came; true when that closed its group, which then was counted and learned from. */
  #closes({ at, trial, member }: Coming): boolean {
    const group = this.#groups[trial];
    const { rules } = this.#input;
    if (group.status?.closedTime) return false;
    const status = withMembers(group.status ?? {}, member === undefined ? [] : [this.#results[trial][member]]);
    const closing = closeGroup(status, new Date(at), rules.spec);
    group.status = 'closed' in closing ? closing.closed : status;
    if (!('closed' in closing)) return false;
    this.#count();
    this.#input.learner.practise(group.spec.incident.faults.map(({ type }) => type));
    return true;
  }

  #count(): void {
    for (;;) {
      const next = nextCountingWrite(this.#status, this.#groups, this.#input.rules);
      if (!next) return;
      if (next.write === 'curriculum') this.#take(next.status, next.happenings);
      else {
        const group = this.#groups.find(({ metadata }) => metadata.name === next.name);
        if (group) group.status = next.status;
      }
    }
  }

  #take(status: CurriculumStatus, happenings: readonly Happening[]): void {
    this.#status = status;
    this.#highest = Math.max(this.#highest, tierIndex(this.#input.rules.spec, status.tier));
    this.#happenings.push(...happenings.map((happening) => ({ trials: status.trials, ...happening })));
  }
}
