import { batchJob, taskParam } from './batch-job.ts';
import type { RedHerring } from './red-herring.ts';

export const noisyJob: RedHerring = {
  kind: 'noisy_job',
  description: 'A Job of the team has completed, with an error line in its log that it was written to ignore.',
  params: { task: taskParam },
  makesPods: true,
  canTarget: () => true,
  mutations: (context, { task }) => [
    batchJob(context, task, { command: ['sh', '-c', `cat /var/lib/${context.target.name}/${task}.json || true`] }),
  ],
};
