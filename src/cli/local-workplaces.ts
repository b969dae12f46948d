import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../api/group.ts';
import type { Workplace } from '../gateway/episode-client.ts';
import { tokenSource } from '../gateway/oncall-token.ts';
import { startLocalRunner } from '../gateway/runner/local.ts';
import { createUpstream } from '../gateway/view/upstream.ts';
import { ViewHub } from '../gateway/view-hub.ts';
import { ArenaWorkplaces } from '../gateway/workplace.ts';
import type { KubeClient } from '../kube/client.ts';
import { systemClock } from '../kube/clock.ts';
import type { Logger } from '../kube/logger.ts';

export interface LocalWorkplaces {
  /** An agent shell on the arena with these namespaces (plain -> real). */
  open(namespaces: Record<string, string>): Promise<Workplace>;
  close(): Promise<void>;
}

/** Agent shells for commands that run on this machine, without a gateway. `kubectl`: path of a statically linked one. */
export async function openLocalWorkplaces(o: { client: KubeClient; kubectl: string; log: Logger }): Promise<LocalWorkplaces> {
  const { client, kubectl, log } = o;
  const folder = mkdtempSync(join(tmpdir(), 'arena-views-'));
  const viewSocket = join(folder, 'view.sock');
  const hub = new ViewHub();
  await hub.listen({ socketPath: viewSocket });
  const cluster = client.config.getCurrentCluster();
  const ca = cluster?.caData ? Buffer.from(cluster.caData, 'base64') : readFileSync(cluster?.caFile ?? '');
  const upstream = createUpstream({ server: (await client.config.connection()).server, ca });
  const workplaces = new ArenaWorkplaces({
    client,
    upstream,
    hub,
    clusterToken: tokenSource({ client, clock: systemClock, namespace: SYSTEM_NAMESPACE, serviceAccount: 'arena-cluster-reader' }),
    startRunner: (kubeconfig) => startLocalRunner({ kubectl, viewSocket, kubeconfig }),
    clock: systemClock,
    log,
  });
  return {
    open: (namespaces) => workplaces.open(namespaces),
    async close() {
      await hub.close();
      await upstream.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
