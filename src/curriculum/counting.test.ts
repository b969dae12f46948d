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

type Deed =
  | { readonly operator: number; readonly does: 'read Curriculum' | 'read Assignments' | 'write' | 'die' }
  | { readonly does: 'close' };

describe('every trial is counted once', () => {
  const operators = fc.integer({ min: 0, max: 1 });
  const deeds: fc.Arbitrary<Deed> = fc.oneof(
    { weight: 2, arbitrary: fc.constant({ does: 'close' as const }) },
    {
      weight: 9,
      arbitrary: fc.record({
        operator: operators,
        does: fc.constantFrom('read Curriculum' as const, 'read Assignments' as const, 'write' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ operator: operators, does: fc.constant('die' as const) }) },
  );

  test('with two operators at work, each killed between any two of its reads and writes', () => {
    fc.assert(
      fc.property(fc.array(deeds, { maxLength: 120 }), (schedule) => {
        const store = new Store();
        const told = new Map<string, number>();
        const minds: { status?: CurriculumStatus; version?: number; assignments?: Assignment[] }[] = [{}, {}];
        const act = (deed: Deed): void => {
          if (deed.does === 'close') {
            const n = store.assignments.size;
            store.assignments.set(`a-${n}`, closed(`a-${n}`, { second: n, trial: n, success: n % 5 === 4 ? 0 : 1 }));
            return;
          }
          const mind = minds[deed.operator];
          if (deed.does === 'read Curriculum') minds[deed.operator] = { status: store.status, version: store.version };
          if (deed.does === 'read Assignments' && mind.status) mind.assignments = [...store.assignments.values()];
          if (deed.does === 'write' && mind.status && mind.assignments) {
            const write = nextCountingWrite(mind.status, mind.assignments, rules);
            if (write && store.apply(write, mind.version ?? -1) && write.write === 'curriculum') {
              for (const name of write.status.folding) told.set(name, (told.get(name) ?? 0) + 1);
            }
            minds[deed.operator] = {};
          }
          if (deed.does === 'die') minds[deed.operator] = {};
        };
        schedule.forEach(act);
        // Whoever is left goes on until there is nothing more to write.
        for (;;) {
          const write = nextCountingWrite(store.status, [...store.assignments.values()], rules);
          if (!write) break;
          if (write.write === 'curriculum') for (const name of write.status.folding) told.set(name, (told.get(name) ?? 0) + 1);
          store.apply(write, store.version);
        }
        expect([...told.values()].every((times) => times === 1)).toBe(true);
        expect(told.size).toBe(store.assignments.size);
        expect(store.status).toMatchObject({ trials: store.assignments.size, folding: [] });
        for (const { status } of store.assignments.values()) expect(status?.counted).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
