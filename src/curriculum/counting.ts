import type { Assignment, AssignmentStatus } from '../api/assignment.ts';
import { type CurriculumStatus, MAX_FOLDING } from '../api/curriculum.ts';
import { foldTrial } from './fold.ts';
import { trialOf } from './group.ts';
import type { Happening } from './happening.ts';
import type { Rules } from './rules.ts';

export type CountingWrite =
  | { readonly write: 'assignment'; readonly name: string; readonly status: AssignmentStatus }
  | { readonly write: 'curriculum'; readonly status: CurriculumStatus; readonly happenings: readonly Happening[] };

/**
 * The next write on the way to every closed train group being counted once; undefined when none is left. Three writes count a group: the
 * Curriculum takes its result and its name (`folding`) at once, the Assignment is marked counted, the name goes. Whoever dies between two of
 * them is replaced by this function called anew.
 *
 * It holds as long as the write of the Curriculum is bound to its resourceVersion, and `assignments` (all of the Curriculum) were read after
 * `status`, from the API server: a name leaves `folding` only after its Assignment was marked, so one that is read unmarked was never counted.
 */
export function nextCountingWrite(status: CurriculumStatus, assignments: readonly Assignment[], rules: Rules): CountingWrite | undefined {
  const unmarked = assignments.find((a) => !a.status?.counted && (status.folding.includes(a.metadata.name) || isNothing(a)));
  if (unmarked) return { write: 'assignment', name: unmarked.metadata.name, status: { ...unmarked.status, counted: true } };

  // Each name in folding is marked now, or its Assignment is gone.
  const trials = assignments
    .filter((assignment) => !assignment.status?.counted)
    .toSorted(byClosing)
    .flatMap((assignment) => trialOf(assignment) ?? [])
    .slice(0, MAX_FOLDING);
  if (trials.length === 0 && status.folding.length === 0) return undefined;
  let next: CurriculumStatus = { ...status, folding: trials.map(({ assignment }) => assignment) };
  const happenings: Happening[] = [];
  for (const trial of trials) {
    const folded = foldTrial(next, trial, rules);
    next = folded.status;
    happenings.push(...folded.happenings);
  }
  return { write: 'curriculum', status: next, happenings };
}

/** Closed, and nothing to tell: it is marked right away, so that it no longer is in flight. */
const isNothing = (assignment: Assignment): boolean =>
  assignment.spec.split === 'train' && assignment.status?.closedTime !== undefined && !trialOf(assignment);

const byClosing = (a: Assignment, b: Assignment): number =>
  (a.status?.closedTime ?? '').localeCompare(b.status?.closedTime ?? '') ||
  (a.spec.trial ?? 0) - (b.spec.trial ?? 0) ||
  (a.metadata.name < b.metadata.name ? -1 : 1);
