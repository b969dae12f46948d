import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../api/group.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { Logger } from '../kube/logger.ts';
import { type ClusterRunnerOptions, clusterRunners } from './cluster-runners.ts';
import type { WorkplaceFactory } from './episode-client.ts';
import { tokenSource } from './oncall-token.ts';
import { startLocalRunner } from './runner/local.ts';
import { createUpstream } from './view/upstream.ts';
import { ViewHub } from './view-hub.ts';
import { ArenaWorkplaces } from './workplace.ts';

export interface WorkplacesOptions {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  /** Path of a statically linked kubectl, for runners on this machine. */
  kubectl: string;
  /** Runner pods instead, and the address of this process at which they reach the arena views. */
  cluster?: ClusterRunnerOptions & { hub: { host: string; port: number } };
}

/** Agent shells and all that stands behind them: the hub of the arena views, the way to the API server, the runners. */
export async function openWorkplaces(o: WorkplacesOptions): Promise<WorkplaceFactory & { close(): Promise<void> }> {
  const { client, clock, log, kubectl, cluster } = o;
  const folder = mkdtempSync(join(tmpdir(), 'arena-views-'));
  const viewSocket = join(folder, 'view.sock');
  const hub = new ViewHub();
  await hub.listen(cluster?.hub ?? { socketPath: viewSocket });
  const runners = cluster ? await clusterRunners(client, cluster, log) : undefined;
  const upstream = createUpstream({ server: (await client.config.connection()).server, ca: authority(client) });
  const workplaces = new ArenaWorkplaces({
    client,
    upstream,
    hub,
    clusterToken: tokenSource({ client, clock, namespace: SYSTEM_NAMESPACE, serviceAccount: 'arena-cluster-reader' }),
    startRunner: (kubeconfig) =>
      runners ? runners.pool.start({ kubeconfig, view: hub.address }) : startLocalRunner({ kubectl, viewSocket, kubeconfig }),
    clock,
    log,
  });
  return {
    open: (namespaces) => workplaces.open(namespaces),
    async close() {
      await hub.close();
      await runners?.stop();
      await upstream.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function authority(client: KubeClient): Buffer | string {
  const cluster = client.config.getCurrentCluster();
  if (cluster?.caData) return Buffer.from(cluster.caData, 'base64');
  if (cluster?.caFile) return readFileSync(cluster.caFile);
  throw new Error('The kubeconfig names no certificate authority for its cluster');
}
