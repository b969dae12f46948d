import { describe, expect, test } from '@jest/globals';
import type { Assignment, AssignmentSpec } from '../../api/assignment.ts';
import { type Curriculum, type CurriculumStatus, curriculumStatusSchema } from '../../api/curriculum.ts';
import type { Episode, EpisodeStatus } from '../../api/episode.ts';
import { nextCountingWrite } from '../../curriculum/counting.ts';
import { statusUnder } from '../../curriculum/fold.ts';
import { assignment, known, rulesWith, statusIn } from '../../curriculum/testing.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiError } from '../../kube/errors.ts';
import { type Resource, Resources } from '../../kube/resource.ts';
import { restart, store } from './restart.ts';

const RULES = rulesWith();
const REF = { namespace: 'gym', name: 'c' };
const OLD = statusIn('beginner', RULES, { stint: 3, trials: 9, mastery: [known('oom_kill', 0.9)], folding: ['a-folding'] });
const closed = { closedTime: '2026-01-01T00:00:00.000Z', success: 1, reward: 5 };

const episode = (name: string, status: EpisodeStatus, curriculum = REF.name): Episode => ({
  ...{ apiVersion: '', kind: 'Episode', metadata: { name, namespace: REF.namespace } },
  ...{ spec: { curriculumRef: { name: curriculum }, seed: 0 }, status: { assignment: 'a-new', ...status } },
});

/** A Curriculum, its Assignments and their Episodes, as an API server keeps them. `before(call)` runs before the call of that number, from 0. */
class Server {
  readonly assignments = new Map<string, Assignment>();
  episodes = [
    episode('over', { incident: 'over', outcome: 'Resolved' }),
    episode('refused', { outcome: 'InfrastructureFailed' }),
    episode('plays', { incident: 'plays' }),
    episode('waits', {}),
    episode('of-another', { incident: 'of-another' }, 'other'),
  ];
  curriculum: Curriculum | undefined = { apiVersion: '', kind: 'Curriculum', metadata: { ...REF, resourceVersion: '1' }, spec: RULES.spec };
  calls = 0;
  readonly #before: (call: number) => void;

  constructor(before: (call: number) => void = () => {}) {
    this.#before = before;
    if (this.curriculum) this.curriculum.status = OLD;
    for (const name of ['a-folding', 'a-new']) this.add(name, { stint: 3 }, closed);
    this.add('a-other', { curriculum: 'other' }, closed);
    this.add('a-eval', { split: 'eval' });
  }

  add(name: string, spec: Partial<AssignmentSpec>, status: Assignment['status'] = {}): void {
    const made = assignment(spec, status, name);
    this.assignments.set(name, { ...made, metadata: { name, namespace: REF.namespace, uid: name } });
  }

  write(given: Curriculum): Curriculum {
    const { resourceVersion } = this.curriculum?.metadata ?? {};
    if (given.metadata.resourceVersion !== resourceVersion) throw new ApiError('replace', 409, { reason: 'Conflict' });
    this.curriculum = { ...given, metadata: { ...given.metadata, resourceVersion: String(Number(resourceVersion) + 1) } };
    return this.curriculum;
  }

  /** What the operator's reconciler does until nothing is left to count. */
  count(): void {
    for (;;) {
      const read = this.curriculum as Curriculum;
      const status = statusUnder(read.status, RULES);
      const next = nextCountingWrite(status, this.own(), RULES);
      this.take(read, next);
      if (!next) return;
    }
  }

  own = (): Assignment[] => [...this.assignments.values()].filter(({ spec }) => spec.curriculum === REF.name);

  take(read: Curriculum, next: ReturnType<typeof nextCountingWrite>): void {
    if (next?.write === 'assignment') {
      const seen = this.assignments.get(next.name);
      if (seen) this.assignments.set(next.name, { ...seen, status: next.status });
    } else if (next) this.write({ ...read, status: next.status });
  }

  client(): KubeClient {
    const answer = async <T>(work: () => T): Promise<T> => {
      this.#before(this.calls++);
      return work();
    };
    return {
      list: (resource: Resource) =>
        answer(() => ({ items: resource.kind === Resources.episodes.kind ? this.episodes : [...this.assignments.values()] })),
      patchStatus: (_: unknown, { name }: { name: string }, { assignment: value }: { assignment: null }) =>
        answer(() => {
          this.episodes = this.episodes.map((e) =>
            e.metadata.name === name ? { ...e, status: { ...e.status, assignment: value ?? undefined } } : e,
          );
        }),
      delete: (_: unknown, { name }: { name: string }) => answer(() => this.assignments.delete(name)),
      find: () => answer(() => this.curriculum),
      get: () => answer(() => this.curriculum),
      create: (_: unknown, made: Curriculum) =>
        answer(() => {
          this.curriculum = { ...made, metadata: { ...made.metadata, resourceVersion: '1' } };
        }),
      replace: (_: unknown, given: Curriculum) => answer(() => this.write(given)),
    } as unknown as KubeClient;
  }
}

const ignoringConflicts = (write: () => void): void => {
  try {
    write();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
};

describe('a restart', () => {
  test('removes every Assignment of the Curriculum and no other, and says how many', async () => {
    const server = new Server();
    expect(await restart(server.client(), REF)).toBe(3);
    expect([...server.assignments.keys()]).toEqual(['a-other']);
    expect(server.curriculum?.status).toEqual(curriculumStatusSchema.parse(server.curriculum?.status));
    server.count();
    expect(statusUnder(server.curriculum?.status, RULES)).toMatchObject({ tier: 'warmup', trials: 0, stint: 5, mastery: [], folding: [] });
  });

  test('parts what was begun from its Assignment before the new status is there, since the next one may have the same name', async () => {
    const attached = (): string[] => server.episodes.filter(({ status }) => status?.assignment).map(({ metadata }) => metadata.name);
    const afterWrite: string[][] = [];
    const server = new Server(() => {
      if (server.curriculum?.status !== OLD) afterWrite.push(attached());
    });
    await restart(server.client(), REF);
    expect(afterWrite).toEqual([['waits', 'of-another']]);
  });

  test('goes on from an imported status, with a stint that no earlier draw has', async () => {
    const server = new Server();
    const status: CurriculumStatus = statusIn('beginner', RULES, { trials: 40, stint: 1, folding: ['gone'] });
    await restart(server.client(), REF, status);
    expect(server.curriculum?.status).toEqual({ ...status, stint: 4, folding: [] });
  });

  test.each([
    ['after a reset', undefined, 7],
    ['with an imported status that asked for fewer', statusIn('beginner', RULES, { designed: 2 }), 7],
    ['with one that asked for more', statusIn('beginner', RULES, { designed: 9 }), 9],
  ])('counts designs on %s: the Incident of one that is being proved bears its name', async (_, status, designed) => {
    const server = new Server();
    if (server.curriculum) server.curriculum.status = { ...OLD, designed: 7 };
    await restart(server.client(), REF, status);
    expect(server.curriculum?.status?.designed).toBe(designed);
    expect(statusUnder(server.curriculum?.status, RULES).designed).toBe(designed);
  });

  test('lets nothing old into the new status, wherever an operator that counts comes in between', async () => {
    const probe = new Server();
    await restart(probe.client(), REF);
    for (let reads = 0; reads <= probe.calls; reads++) {
      for (let looks = reads; looks <= probe.calls; looks++) {
        for (let writes = looks; writes <= probe.calls; writes++) {
          let read: Curriculum;
          let next: ReturnType<typeof nextCountingWrite>;
          const server = new Server((call) => {
            if (call === reads) read = server.curriculum as Curriculum;
            if (call === looks) next = nextCountingWrite(statusUnder(read.status, RULES), server.own(), RULES);
            if (call === writes) ignoringConflicts(() => server.take(read, next));
          });
          await restart(server.client(), REF);
          server.count();
          expect(server.curriculum?.status).toMatchObject({ trials: 0, mastery: [], recent: [] });
        }
      }
    }
  });

  test('lets a draw that came in between promote nobody', async () => {
    const probe = new Server();
    await restart(probe.client(), REF);
    for (let draws = 0; draws < probe.calls; draws++) {
      for (let makes = draws; makes <= probe.calls; makes++) {
        let stint: number | undefined;
        const make = (): void => {
          if (stint !== undefined) server.add('a-drawn', { stint }, closed);
        };
        const server = new Server((call) => {
          if (call === draws) {
            const read = server.curriculum as Curriculum;
            stint = statusUnder(read.status, RULES).stint;
            server.write({ ...read, status: { ...(read.status as CurriculumStatus), lastRewards: 'drawn' } });
          }
          if (call === makes) make();
        });
        await restart(server.client(), REF);
        const late = makes >= server.calls;
        if (late) make();
        server.count();
        // One that was drawn after the restart is a draw like any other.
        if (stint === server.curriculum?.status?.stint) continue;
        expect(server.curriculum?.status?.tierResults).toEqual([]);
        expect(server.assignments.has('a-drawn')).toBe(late);
      }
    }
  });

  test('gives up with a sentence when somebody else writes all the time', async () => {
    const server = new Server(() => server.write(server.curriculum as Curriculum));
    await expect(restart(server.client(), REF)).rejects.toThrow(/Curriculum c was changed 10 times in between/);
  });
});

describe('store', () => {
  test('gives a Curriculum that exists the spec, though it was written in between', async () => {
    let writes = 0;
    const server = new Server((call) => {
      if (call === 1 && writes++ === 0) server.write(server.curriculum as Curriculum);
    });
    expect(await store(server.client(), REF, rulesWith({ groupSize: 2 }).spec)).toBe(false);
    expect(server.curriculum).toMatchObject({ spec: { groupSize: 2 }, status: { trials: 9 } });
  });

  test('makes one that does not', async () => {
    const server = new Server();
    server.curriculum = undefined;
    expect(await store(server.client(), REF, RULES.spec)).toBe(true);
    expect(server.curriculum).toMatchObject({ metadata: REF, spec: RULES.spec });
  });
});
