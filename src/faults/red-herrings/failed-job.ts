import { batchJob, taskParam } from './batch-job.ts';
import type { RedHerring } from './red-herring.ts';

export const failedJob: RedHerring = {
  kind: 'failed_job',
  description: 'A Job of the team has failed with an error in its log; nothing needs what it would have done.',
  params: { task: taskParam },
  makesPods: true,
  canTarget: () => true,
  // The programs of the app refuse arguments that they do not know, or end where the rest of their settings is missing.
  mutations: (context, { task }) => [batchJob(context, task, { args: [`--${task}`, '--since=24h'] })],
};
