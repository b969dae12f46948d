import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Assignment } from '../api/assignment.ts';
import { type CurriculumStatus, MAX_FOLDING } from '../api/curriculum.ts';
import { type CountingWrite, nextCountingWrite } from './counting.ts';
import { assignment, rulesWith, statusIn } from './testing.ts';

const rules = rulesWith();
const closed = (name: string, fields: { success?: number; second?: number; counted?: boolean; trial?: number } = {}): Assignment => {
  const { success = 1, second = 0, counted, trial = 0 } = fields;
  const closedTime = new Date(second * 1000).toISOString();
  return assignment({ trial }, { closedTime, success, reward: success, ...(counted ? { counted } : {}) }, name);
};
const fresh = statusIn('warmup', rules);

describe('the next write', () => {
  test('takes results and names of all closed groups, in the order in which they closed', () => {
    const next = nextCountingWrite(
      fresh,
      [closed('a-c', { second: 2 }), closed('a-b', { second: 1, success: 0 }), closed('a-a', { second: 2 })],
      rules,
    );
    expect(next).toMatchObject({ write: 'curriculum', status: { trials: 3, tierResults: [0, 1, 1], folding: ['a-b', 'a-a', 'a-c'] } });
  });
  test('those that closed at once follow the order in which they were drawn', () => {
    const next = nextCountingWrite(fresh, [closed('a-a', { trial: 8, success: 0 }), closed('a-b', { trial: 7 })], rules);
    expect(next).toMatchObject({ status: { folding: ['a-b', 'a-a'], tierResults: [1, 0] } });
  });
  test('then marks them', () => {
    expect(nextCountingWrite({ ...fresh, folding: ['a-a'] }, [closed('a-a')], rules)).toMatchObject({
      ...{ write: 'assignment', name: 'a-a', status: { counted: true, success: 1 } },
    });
  });
  test('then forgets their names, and takes what has closed meanwhile', () => {
    const next = nextCountingWrite({ ...fresh, folding: ['a-a'] }, [closed('a-a', { counted: true }), closed('a-b')], rules);
    expect(next).toMatchObject({ write: 'curriculum', status: { trials: 1, folding: ['a-b'] } });
  });
  test('forgets the name of one that is gone', () => {
    expect(nextCountingWrite({ ...fresh, folding: ['a-a'] }, [], rules)).toMatchObject({
      write: 'curriculum',
      status: { trials: 0, folding: [] },
    });
  });
  test('marks one that has nothing to tell, and the Curriculum never hears of it', () => {
    const nothing = assignment({}, { closedTime: new Date(0).toISOString() }, 'a-a');
    expect(nextCountingWrite(fresh, [nothing], rules)).toMatchObject({ write: 'assignment', name: 'a-a', status: { counted: true } });
  });
  test('takes no more at once than it may remember', () => {
    const many = Array.from({ length: 100 }, (_, i) => closed(`a-${i}`));
    const next = nextCountingWrite(fresh, many, rules);
    expect(next).toMatchObject({ status: { trials: MAX_FOLDING } });
  });
  test.each([
    ['an open group', [assignment({}, { members: [] })]],
    ['a counted group', [closed('a-a', { counted: true })]],
    ['an eval group', [assignment({ split: 'eval' }, { closedTime: new Date(0).toISOString(), success: 1 })]],
    ['nothing', []],
  ])('is none for %s', (_name, assignments) => expect(nextCountingWrite(fresh, assignments, rules)).toBeUndefined());
});

/** An API server with one Curriculum: writes of it are bound to its version, as are those of Assignments. */
class Store {
  status: CurriculumStatus = fresh;
  version = 0;
  readonly assignments = new Map<string, Assignment>();

  /** False: a conflict; nothing was written. */
  apply(write: CountingWrite, version: number): boolean {
    if (write.write === 'curriculum') {
      if (version !== this.version) return false;
      this.version++;
      this.status = write.status;
      return true;
    }
    const old = this.assignments.get(write.name);
    if (old) this.assignments.set(write.name, { ...old, status: write.status });
    return old !== undefined;
  }
}

/** What an operator has read since its last write. */
interface Mind {
  status?: CurriculumStatus;
  version?: number;
  assignments?: Assignment[];
}
type Deed =
  | { readonly operator: number; readonly does: 'read Curriculum' | 'read Assignments' | 'write' | 'die' | 'pass' }
  | { readonly does: 'close' };

describe('every trial is counted once', () => {
  const does = fc.constantFrom('read Curriculum' as const, 'read Assignments' as const, 'write' as const, 'die' as const, 'pass' as const);
  const deeds: fc.Arbitrary<Deed> = fc.oneof(
    { weight: 1, arbitrary: fc.constant({ does: 'close' as const }) },
    { weight: 9, arbitrary: fc.record({ operator: fc.integer({ min: 0, max: 1 }), does }) },
  );

  test('with two operators at work, both killed between any two of their reads and writes', () => {
    fc.assert(
      fc.property(fc.array(deeds, { maxLength: 80, size: 'max' }), (schedule) => {
        const store = new Store();
        const told = new Map<string, number>();
        const minds: Mind[] = [{}, {}];
        const write = (mind: Mind): void => {
          const next = mind.status && mind.assignments && nextCountingWrite(mind.status, mind.assignments, rules);
          if (!next || !store.apply(next, mind.version ?? -1) || next.write === 'assignment') return;
          for (const name of next.status.folding) told.set(name, (told.get(name) ?? 0) + 1);
        };
        const read = (): Mind => ({ status: store.status, version: store.version });
        const act = (deed: Deed): void => {
          if (deed.does === 'close') {
            const n = store.assignments.size;
            store.assignments.set(`a-${n}`, closed(`a-${n}`, { second: n, trial: n, success: n % 5 === 4 ? 0 : 1 }));
            return;
          }
          const mind = minds[deed.operator];
          if (deed.does === 'read Curriculum') minds[deed.operator] = read();
          if (deed.does === 'read Assignments' && mind.status) mind.assignments = [...store.assignments.values()];
          if (deed.does === 'write') write(mind);
          if (deed.does === 'write' || deed.does === 'die') minds[deed.operator] = {};
          if (deed.does === 'pass') write({ ...read(), assignments: [...store.assignments.values()] });
        };
        schedule.forEach(act);
        // Whoever is left goes on until there is nothing more to write: three writes a trial at most.
        for (let writes = 0; writes <= 3 * store.assignments.size; writes++) act({ operator: 0, does: 'pass' });
        expect([...told.values()].every((times) => times === 1)).toBe(true);
        expect(told.size).toBe(store.assignments.size);
        expect(store.status).toMatchObject({ trials: store.assignments.size, folding: [] });
        for (const { status } of store.assignments.values()) expect(status?.counted).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
