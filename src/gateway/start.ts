import { GYM_NAMESPACE } from '../api/group.ts';
import { KubeClient } from '../kube/client.ts';
import { sleep, systemClock } from '../kube/clock.ts';
import { loadKubeConfig } from '../kube/config.ts';
import { startHealthServer } from '../kube/health-server.ts';
import { createLogger, type Logger } from '../kube/logger.ts';
import { createMetrics } from '../kube/metrics.ts';
import { Reflector } from '../kube/reflector.ts';
import { Resources } from '../kube/resource.ts';
import { loadApps, paperBaselines } from '../operator/arena/app.ts';
import { chooser } from './choose.ts';
import { startHeartbeat } from './heartbeat.ts';
import { KubeEpisodes } from './kube-episodes.ts';
import { openWorkplaces, type WorkplacesOptions } from './open-workplaces.ts';
import { ownRuns } from './own-runs.ts';
import { build } from './server.ts';
import { EpisodeSession } from './session.ts';
import { taskSplits } from './task-splits.ts';

/** Sessions tell their Episodes goodbye; with the API server away that is not worth a pod's whole grace period (30 s), for the Lease lapses anyway. */
const STOP_MS = 15_000;

export interface GatewayConfig {
  /** Where agents, probes and scrapes are answered. */
  host: string;
  port: number;
  maxSessions: number;
  healthPort: number;
  metricsPort: number;
  /** Name of the Lease; unique among gateways. */
  identity: string;
  version: string;
  production: boolean;
  /** See WorkplacesOptions. */
  cluster?: WorkplacesOptions['cluster'];
  kubectl: string;
  kubeconfig?: string;
}

export interface RunningGateway {
  url: string;
  stop(): Promise<void>;
}

/** Assembles and starts a gateway. */
export async function startGateway(config: GatewayConfig, log: Logger = createLogger('gateway')): Promise<RunningGateway> {
  const clock = systemClock;
  const metrics = createMetrics({ process: true });
  const kubeConfig = loadKubeConfig(config.kubeconfig ? { path: config.kubeconfig } : {});
  const client = new KubeClient(kubeConfig, { metrics, log });
  const apps = paperBaselines(loadApps());
  const workplaces = await openWorkplaces({ client, clock, log, kubectl: config.kubectl, cluster: config.cluster });
  const episodes = new Reflector({
    client,
    resource: Resources.episodes,
    namespace: GYM_NAMESPACE,
    filter: (e) => e.spec.gateway === config.identity,
    log,
  });
  episodes.start();
  await episodes.waitForSync(AbortSignal.timeout(30_000));
  const heartbeat = await startHeartbeat({ client, clock, log, namespace: GYM_NAMESPACE, name: config.identity });
  const kubeEpisodes = new KubeEpisodes({ client, episodes, namespace: GYM_NAMESPACE, clock, log });
  const deps = {
    episodes: kubeEpisodes,
    workplaces,
    choose: chooser(
      apps,
      ownRuns(config.identity, () => clock.now()),
    ),
    gateway: config.identity,
    now: () => clock.now(),
  };
  const { app: server } = await build({
    factory: { create: () => Promise.resolve(new EpisodeSession(deps)) },
    log,
    version: config.version,
    maxSessions: config.maxSessions,
    production: config.production,
    splits: taskSplits(apps),
  });
  const health = await startHealthServer({
    host: config.host,
    port: config.healthPort,
    healthz: {},
    readyz: { watch: () => (episodes.synced ? undefined : 'the first list of Episodes is not in yet') },
  });
  const exposed = await startHealthServer({ host: config.host, port: config.metricsPort, metrics: metrics.registry });
  const url = await server.listen({ host: config.host, port: config.port });
  log.info({ url }, 'Started the gateway');
  return {
    url,
    async stop() {
      const left = server.close().catch((error) => log.warn({ err: error }, 'Could not end every session'));
      const ended = new AbortController();
      await Promise.race([left, sleep(clock, STOP_MS, ended.signal)]);
      ended.abort();
      await workplaces.close();
      await heartbeat.stop();
      await episodes.stop();
      await Promise.all([health.close(), exposed.close()]);
      await client.close();
      log.info('Stopped the gateway');
    },
  };
}
