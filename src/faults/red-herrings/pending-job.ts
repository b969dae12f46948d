import { oneOf } from '../params.ts';
import { batchJob, taskParam } from './batch-job.ts';
import type { RedHerring } from './red-herring.ts';

export const pendingJob: RedHerring = {
  kind: 'pending_job',
  description: 'The pod of a Job of the team stays Pending, because it asks for a kind of node that the cluster does not have.',
  params: { task: taskParam, pool: oneOf('The node pool it waits for', () => ['batch', 'highmem', 'spot']) },
  makesPods: true,
  canTarget: () => true,
  mutations: (context, { task, pool }) => [batchJob(context, task, {}, { nodeSelector: { 'node-pool': pool } })],
};
