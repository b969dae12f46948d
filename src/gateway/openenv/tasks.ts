import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { checked, HttpError, json } from './http.ts';

/** A set of tasks that a trainer or an evaluation walks through. */
export interface TaskSplit {
  name: string;
  /** OpenEnv's own word for what it is for. */
  type: 'train' | 'validation' | 'test';
  /** Tasks in all; index i of a split is the incident of seed i. */
  count: number;
}

/** Name of the environment in the paths, as /list_environments says it. */
export const ENVIRONMENT = 'kube_sre_gym';
/** `tasks` of a bigger split answers a preview; `num_tasks` always says the true number. */
export const MAX_LISTED = 1000;

const listSchema = z.strictObject({ split: z.string() });
const oneSchema = z.strictObject({ split: z.string(), index: z.int() });
const rangeSchema = z.strictObject({ split: z.string(), start: z.int().nullish(), stop: z.int().nullish() });

/** What a task says of itself: enough to reset it, nothing of what is broken in it. */
const taskOf = (split: TaskSplit, index: number) => ({ id: `${split.name}-${index}`, split: split.name, index });

/** The Task API of OpenEnv (0.4.1 and later): what there is to play. A task is chosen by `reset(split=..., index=...)`. */
export function registerTasks(app: FastifyInstance, splits: readonly TaskSplit[]): void {
  const found = (name: string): TaskSplit => {
    const split = splits.find((s) => s.name === name);
    if (split) return split;
    throw new HttpError(400, { detail: `Unknown split ${name}; the splits are ${splits.map((s) => s.name).join(', ')}` });
  };
  const slice = (split: TaskSplit, start: number, stop: number) =>
    Array.from({ length: Math.min(MAX_LISTED, Math.max(0, stop - start)) }, (_, i) => taskOf(split, start + i));

  app.get('/list_environments', async () => [ENVIRONMENT]);
  app.get<{ Params: { env: string } }>('/:env/splits', async ({ params }) => {
    checkName(params.env);
    return splits.map(({ name, type }) => ({ name, type }));
  });
  app.post<{ Params: { env: string } }>('/:env/tasks', async ({ params, body }) => {
    checkName(params.env);
    const split = found(checked(['body'], () => listSchema.parse(json(body))).split);
    return { tasks: slice(split, 0, split.count), env_name: ENVIRONMENT };
  });
  app.post<{ Params: { env: string } }>('/:env/num_tasks', async ({ params, body }) => {
    checkName(params.env);
    return { num_tasks: found(checked(['body'], () => listSchema.parse(json(body))).split).count };
  });
  app.post<{ Params: { env: string } }>('/:env/task', async ({ params, body }) => {
    checkName(params.env);
    const { split, index } = checked(['body'], () => oneSchema.parse(json(body)));
    const { count } = found(split);
    if (index < 0 || index >= count) throw new HttpError(400, { detail: `Invalid task index ${index}: split ${split} has ${count} tasks` });
    return { task: taskOf(found(split), index) };
  });
  app.post<{ Params: { env: string } }>('/:env/task_range', async ({ params, body }) => {
    checkName(params.env);
    const { split, start, stop } = checked(['body'], () => rangeSchema.parse(json(body)));
    const { count } = found(split);
    return { tasks: slice(found(split), bound(start ?? 0, count), bound(stop ?? count, count)) };
  });
}

function checkName(name: string): void {
  if (name.toLowerCase() !== ENVIRONMENT) throw new HttpError(404, { detail: `Unknown environment ${name}; this is ${ENVIRONMENT}` });
}

/** As Python reads a slice's bound: negative ones count from the end, and none reaches past it. */
const bound = (value: number, count: number): number => Math.min(count, Math.max(0, value < 0 ? count + value : value));
