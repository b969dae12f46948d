import type { Command } from 'commander';
import { GYM_NAMESPACE } from '../api/group.ts';
import { KubeClient } from '../kube/client.ts';
import { loadKubeConfig } from '../kube/config.ts';

export interface ClientOptions {
  kubeconfig?: string;
  context?: string;
  namespace: string;
}

/** Adds the options that say which cluster, and which namespace of it. `kinds`: what lies in that namespace, for the help. */
export const withClientOptions = (command: Command, kinds: string): Command =>
  command
    .option('--kubeconfig <path>', 'kubeconfig (default: $KUBECONFIG, else ~/.kube/config)')
    .option('--context <name>', 'context of that kubeconfig')
    .option('--namespace <name>', `namespace of the ${kinds}`, GYM_NAMESPACE);

/** Runs `work` with a client of the cluster that the options name, and closes it. */
export async function withClient<T>({ kubeconfig, context }: ClientOptions, work: (client: KubeClient) => Promise<T>): Promise<T> {
  const client = new KubeClient(loadKubeConfig({ ...(kubeconfig ? { path: kubeconfig } : {}), ...(context ? { context } : {}) }));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
