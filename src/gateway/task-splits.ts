import { curriculumSpecSchema } from '../api/curriculum.ts';
import { scenarioSource } from '../designer/scenarios.ts';
import type { Baseline } from '../health/snapshot.ts';
import type { TaskSplit } from './openenv/tasks.ts';

/** A Curriculum never runs out of tasks; trainers that want a number get this one. */
const TRAIN_TASKS = 100_000;

/** The splits that the Task API offers. As many eval tasks as there are held-out scenarios; kinds take turns, so those of a rare kind come again. */
export function taskSplits(app: Baseline): TaskSplit[] {
  const source = scenarioSource(
    app,
    curriculumSpecSchema()
      .parse({})
      .tiers.map((tier) => tier.maxDifficulty),
  );
  const held = source.pools('eval').reduce((sum, pool) => sum + source.count(pool), 0);
  return [
    { name: 'train', type: 'train', count: TRAIN_TASKS },
    { name: 'eval', type: 'test', count: held },
  ];
}
