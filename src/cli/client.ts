import type { Command } from 'commander';
import { GYM_NAMESPACE } from '../api/group.ts';
import { KubeClient } from '../kube/client.ts';
import { type KubeConfig, loadKubeConfig } from '../kube/config.ts';
import { openCluster } from '../local/choose.ts';
import { ClusterError } from '../local/provider.ts';

export interface KubeconfigOptions {
  kubeconfig?: string;
  context?: string;
}

export interface ClientOptions extends KubeconfigOptions {
  namespace: string;
}

/** Help of every `--kubeconfig` that `withClient` follows. */
export const KUBECONFIG_HELP = 'kubeconfig (default: $KUBECONFIG, else that of gymctl up, else ~/.kube/config)';

/** Adds the options that say which cluster, and which namespace of it. `kinds`: what lies in that namespace, for the help. */
export const withClientOptions = (command: Command, kinds: string): Command =>
  command
    .option('--kubeconfig <path>', KUBECONFIG_HELP)
    .option('--context <name>', 'context of that kubeconfig')
    .option('--namespace <name>', `namespace of the ${kinds}`, GYM_NAMESPACE);

/** Runs `work` with a client of the cluster that the options name, and closes it. Throws with what to do when there is no cluster. */
export async function withClient<T>(options: KubeconfigOptions, work: (client: KubeClient) => Promise<T>): Promise<T> {
  const client = new KubeClient(await findKubeConfig(options));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** A context is one of the user's own: the kubeconfig of `gymctl up` has but one. */
async function findKubeConfig({ kubeconfig, context }: KubeconfigOptions): Promise<KubeConfig> {
  const path = kubeconfig ?? (context || process.env.KUBECONFIG ? undefined : await pathOfGymctlUp());
  return loadKubeConfig({ ...(path && { path }), ...(context && { context }) });
}

/** Undefined when `gymctl up` made no cluster on this machine. */
async function pathOfGymctlUp(): Promise<string | undefined> {
  try {
    return await (await openCluster({ progress: () => {} })).kubeconfig();
  } catch (error) {
    if (error instanceof ClusterError) return undefined;
    throw error;
  }
}
