import type { Assignment } from '../../api/assignment.ts';
import type { Curriculum } from '../../api/curriculum.ts';
import type { World } from '../world.ts';

/** Every Assignment that a Curriculum made and that is still there, of all its runs and splits. */
export const assignmentsOf = ({ metadata }: Curriculum, { assignments }: Pick<World, 'assignments'>): Assignment[] =>
  assignments.list(metadata.namespace).filter(({ spec }) => spec.curriculum === metadata.name);
