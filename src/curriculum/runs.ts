import type { Assignment } from '../api/assignment.ts';
import { type CurriculumStatus, MAX_RUNS, type Run } from '../api/curriculum.ts';
import type { Choice } from './choose.ts';
import { type Happening, usedUp } from './happening.ts';
import { pushed } from './rate.ts';

/** Names a train pool; pools are counted per run under this name. */
export const poolKey = ({ type, size, band }: { readonly type: string; readonly size: number; readonly band: number }): string =>
  `${type}/${size}/${band}`;

/** What a run has drawn; nothing yet when the Curriculum does not know it. */
export const runOf = (status: Pick<CurriculumStatus, 'runs'>, name: string): Run =>
  status.runs.find((run) => run.name === name) ?? { name, trials: 0, drawn: {} };

/**
 * The status in which the run is known again, should it have been forgotten and draw now: what it had its Assignments say, which stay for as long
 * as it may ask.
 */
export function recalled(status: CurriculumStatus, runName: string, assignments: readonly Assignment[]): CurriculumStatus {
  if (status.runs.some(({ name }) => name === runName)) return status;
  const own = assignments.filter(({ spec }) => spec.split === 'train' && spec.run === runName);
  if (own.length === 0) return status;
  const drawn: Record<string, number> = {};
  for (const { pool } of own.map(({ spec }) => spec)) {
    if (!pool) continue;
    const key = poolKey(pool);
    drawn[key] = Math.max(drawn[key] ?? 0, pool.ordinal + 1);
  }
  const trials = Math.max(...own.map(({ spec }) => (spec.trial ?? 0) + 1));
  return { ...status, runs: [...status.runs, { name: runName, trials, drawn }] };
}

/**
 * The status in which `choice` is taken. It has to be written before the Assignment is made: killed in between, a scenario is passed over, but
 * none is ever drawn twice. With too many runs, the one that drew longest ago is forgotten; see recalled().
 */
export function reserve(status: CurriculumStatus, runName: string, choice: Choice): { status: CurriculumStatus; happenings: Happening[] } {
  const run = runOf(status, runName);
  const draw = choice.draw;
  const drawn = draw ? { ...run.drawn, [poolKey(draw.pool)]: draw.ordinal + 1 } : run.drawn;
  const others = status.runs.filter(({ name }) => name !== runName);
  return {
    status: { ...status, runs: pushed(others, { name: runName, trials: run.trials + 1, drawn }, MAX_RUNS) },
    happenings: draw?.startsOver ? [usedUp(runName, draw.pool.type, draw.pool.size)] : [],
  };
}
