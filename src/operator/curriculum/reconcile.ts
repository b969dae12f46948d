import type { Assignment, AssignmentStatus } from '../../api/assignment.ts';
import type { Curriculum } from '../../api/curriculum.ts';
import type { Episode } from '../../api/episode.ts';
import { Reason } from '../../api/reasons.ts';
import { nextCountingWrite } from '../../curriculum/counting.ts';
import { statusUnder } from '../../curriculum/fold.ts';
import { closeGroup, withMembers } from '../../curriculum/group.ts';
import type { Happening } from '../../curriculum/happening.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Logger } from '../../kube/logger.ts';
import { type ObjectRef, Resources } from '../../kube/resource.ts';
import type { LlmState } from '../../llm/open.ts';
import { writeStatus } from '../status.ts';
import type { World } from '../world.ts';
import { assignmentsOf } from './assignments-of.ts';
import type { AssignmentDesk } from './desk.ts';
import { endedRuns, resetAgain } from './ended-runs.ts';
import { llmMs, withLlmState } from './llm-state.ts';

export interface CurriculumDependencies {
  client: KubeClient;
  world: Pick<World, 'curricula' | 'assignments' | 'episodes'>;
  desk: AssignmentDesk;
  clock: Clock;
  llmState: () => LlmState;
  onHappening: (curriculum: Curriculum, happening: Happening) => void;
}

/** Closes groups of Episodes and counts each of them once. */
export class CurriculumReconciler {
  readonly #deps: CurriculumDependencies;
  /** Versions of specs, by uid, that were told to be unplayable. */
  readonly #told = new Map<string, number | undefined>();

  constructor(deps: CurriculumDependencies) {
    this.#deps = deps;
  }

  async reconcile(ref: ObjectRef, log: Logger): Promise<{ requeueAfterMs?: number } | undefined> {
    if (!this.#deps.world.curricula.get(ref)) return undefined;
    return this.#deps.desk.serially(ref.name, async () => {
      const curriculum = this.#deps.world.curricula.get(ref);
      if (!curriculum || curriculum.metadata.deletionTimestamp) return undefined;
      this.#deps.desk.prepare(curriculum);
      if (this.#isUnplayable(curriculum)) return undefined;
      const groupMs = await this.#closeGroups(curriculum);
      await this.#count(curriculum, log);
      const endMs = await this.#endRuns(ref);
      const waits = [groupMs, endMs, llmMs(curriculum.spec, this.#deps.llmState())].filter((ms) => ms !== undefined);
      return waits.length ? { requeueAfterMs: Math.max(1, Math.min(...waits)) } : undefined;
    });
  }

  /** True for a spec under which nothing can be drawn; tells why in an Event, once for each version of it. What asks for a draw is told, too. */
  #isUnplayable(curriculum: Curriculum): boolean {
    const message = this.#deps.desk.whyUnplayable(curriculum);
    if (message === undefined) return false;
    const { uid = '', generation } = curriculum.metadata;
    if (this.#told.get(uid) !== generation) this.#deps.onHappening(curriculum, { reason: Reason.InvalidSpec, message });
    this.#told.set(uid, generation);
    return true;
  }

  /** Milliseconds until the next group closes by itself; undefined when none will. */
  async #closeGroups(curriculum: Curriculum): Promise<number | undefined> {
    const { world, clock } = this.#deps;
    const members = new Map<string, Episode[]>();
    for (const episode of world.episodes.list(curriculum.metadata.namespace)) {
      const { assignment } = episode.status ?? {};
      if (assignment) members.set(assignment, [...(members.get(assignment) ?? []), episode]);
    }
    let waitMs: number | undefined;
    for (const assignment of assignmentsOf(curriculum, this.#deps.world)) {
      const own = members.get(assignment.metadata.name) ?? [];
      if (assignment.status?.closedTime) {
        const again = resetAgain(assignment, own);
        if (again) await this.#write(assignment, again);
        continue;
      }
      const status = withMembers(assignment.status ?? {}, own);
      const closing = closeGroup(status, clock.now(), curriculum.spec);
      if (!('closed' in closing) && closing.waitMs !== undefined) waitMs = Math.min(waitMs ?? closing.waitMs, closing.waitMs);
      const next = 'closed' in closing ? closing.closed : status;
      await this.#write(assignment, next);
    }
    return waitMs;
  }

  async #write(assignment: Assignment, status: AssignmentStatus): Promise<void> {
    const { client, world } = this.#deps;
    await writeStatus(client, Resources.assignments, world.assignments, assignment, status);
  }

  /** Writes one thing after the other until every closed group is counted; see nextCountingWrite for why that happens once. */
  async #count(seen: Curriculum, log: Logger): Promise<void> {
    const { client, world, desk, clock, llmState, onHappening } = this.#deps;
    const rules = desk.rulesOf(seen);
    for (;;) {
      const curriculum = world.curricula.get(seen.metadata);
      if (!curriculum) return;
      const status = statusUnder(curriculum.status, rules);
      const closed = assignmentsOf(curriculum, this.#deps.world).filter(
        ({ spec, status: own }) => spec.split === 'train' && own?.closedTime && !own.counted,
      );
      const names = new Set([...closed.map(({ metadata }) => metadata.name), ...status.folding]);
      // From the API server, after the Curriculum: a cache that lags could show as uncounted what is counted, or as open what was folded.
      const { namespace } = curriculum.metadata;
      const fresh = await Promise.all([...names].map((name) => client.find(Resources.assignments, { namespace, name })));
      const assignments = fresh.filter((a) => a !== undefined);
      const next = nextCountingWrite(status, assignments, rules);
      if (next?.write === 'assignment') {
        const assignment = assignments.find((a) => a.metadata.name === next.name) as Assignment;
        await this.#write(assignment, next.status);
        continue;
      }
      const { spec, metadata } = curriculum;
      const { generation } = metadata;
      const written = await writeStatus(
        client,
        Resources.curricula,
        world.curricula,
        curriculum,
        withLlmState({ ...(next?.status ?? status), observedGeneration: generation }, spec, llmState(), clock.now()),
      );
      for (const happening of next?.happenings ?? []) {
        log.info({ reason: happening.reason }, happening.message);
        onHappening(written, happening);
      }
      if (!next) return;
    }
  }

  /** Removes runs that nobody has asked for in a day. Their names are kept, so that they are refused and not drawn anew. */
  async #endRuns(ref: ObjectRef): Promise<number | undefined> {
    const { client, world, clock } = this.#deps;
    const curriculum = world.curricula.get(ref);
    if (!curriculum?.status) return undefined;
    const ended = endedRuns(curriculum.status, assignmentsOf(curriculum, world), clock.now());
    await writeStatus(client, Resources.curricula, world.curricula, curriculum, ended.status);
    for (const { metadata } of ended.assignments) await client.delete(Resources.assignments, metadata, { uid: metadata.uid as string });
    return ended.nextMs;
  }
}
