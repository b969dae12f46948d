import type { Command } from 'commander';
import { KubeClient } from '../kube/client.ts';
import { loadKubeConfig } from '../kube/config.ts';
import { cacheDir } from '../local/cache.ts';
import { uninstallChart } from '../local/chart.ts';
import { openCluster } from '../local/choose.ts';
import { forwardStateFile, stopForwarder } from '../local/forward.ts';
import type { ProviderKind } from '../local/provider.ts';
import { removeSystemNamespace } from './installed.ts';
import { addClusterOptions, program as findProgram, type GymOptions } from './up.ts';

/** `gymctl down`: removes what `gymctl up` made. */
export function register(program: Command): void {
  addClusterOptions(program.command('down'))
    .description('end the forwarder and remove the cluster; from the cluster of a context, remove the gym')
    .action((flags: { provider?: ProviderKind; name?: string }) => down({ ...flags, progress: (line) => console.error(line) }));
}

/** Ends the forwarder, then removes the cluster, or the gym from a cluster that is not ours. Does nothing where there is nothing. */
export async function down(o: GymOptions): Promise<void> {
  const cluster = await openCluster(o);
  await stopForwarder(forwardStateFile(cacheDir(), cluster));
  if (cluster.kind !== 'context') return cluster.down();
  const kubeconfig = await cluster.kubeconfig();
  o.progress('Ending all incidents and removing operator, gateway and runners');
  await uninstallChart({ helm: await findProgram('helm'), kubeconfig });
  const client = new KubeClient(loadKubeConfig({ path: kubeconfig }));
  try {
    await removeSystemNamespace(client);
  } finally {
    await client.close();
  }
  o.progress('The kinds stay in the cluster (kubectl get crd)');
}
