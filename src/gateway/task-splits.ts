import { DEFAULT_APP, type PerApp, TRANSFER_APP } from '../api/apps.ts';
import { curriculumSpecSchema } from '../api/curriculum.ts';
import { scenarioSource } from '../designer/scenarios.ts';
import type { Baseline } from '../health/snapshot.ts';
import type { TaskSplit } from './openenv/tasks.ts';

/** A Curriculum never runs out of tasks; trainers that want a number get this one. */
const TRAIN_TASKS = 100_000;

/**
 * The splits that the Task API offers. As many eval and transfer tasks as there are scenarios held out for them; kinds take turns, so those of a rare
 * kind come again.
 */
export function taskSplits(apps: PerApp<Baseline>): TaskSplit[] {
  const maxima = curriculumSpecSchema()
    .parse({})
    .tiers.map((tier) => tier.maxDifficulty);
  const heldOut = (app: Baseline, allHeldOut: boolean): number => {
    const source = scenarioSource(app, maxima, { allHeldOut });
    return source.pools('eval').reduce((sum, pool) => sum + source.count(pool), 0);
  };
  return [
    { name: 'train', type: 'train', count: TRAIN_TASKS },
    { name: 'eval', type: 'test', count: heldOut(apps[DEFAULT_APP], false) },
    { name: 'transfer', type: 'test', count: heldOut(apps[TRANSFER_APP], true) },
  ];
}
