import { type CurriculumStatus, MAX_RUNS, type Run } from '../api/curriculum.ts';
import type { Choice } from './choose.ts';
import { type Happening, usedUp } from './happening.ts';
import { pushed } from './rate.ts';
import type { Pool } from './scenario-source.ts';

/** Names a train pool; pools are counted per run under this name. */
export const poolKey = ({ type, size, band }: Pick<Pool, 'type' | 'size' | 'band'>): string => `${type}/${size}/${band}`;

/** What a run has drawn; nothing yet when the Curriculum does not know it. */
export const runOf = (status: Pick<CurriculumStatus, 'runs'>, name: string): Run =>
  status.runs.find((run) => run.name === name) ?? { name, trials: 0, drawn: {} };

/**
 * The status in which `choice` is taken. It has to be written before the Assignment is made: killed in between, a scenario is passed over, but
 * none is ever drawn twice. With too many runs, the one that drew longest ago is forgotten.
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
