import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GYM_NAMESPACE, SYSTEM_NAMESPACE } from '../api/group.ts';
import type { InlineIncident } from '../api/incident.ts';
import { inlineIncidentSchema } from '../api/incident.ts';
import { seededIncident } from '../designer/seeded.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import { RED_HERRING_KINDS } from '../faults/red-herrings/index.ts';
import { validateComposition } from '../faults/red-herrings/plan.ts';
import type { Baseline } from '../health/snapshot.ts';
import { KubeClient } from '../kube/client.ts';
import { systemClock } from '../kube/clock.ts';
import { loadKubeConfig } from '../kube/config.ts';
import { startHealthServer } from '../kube/health-server.ts';
import { createLogger, type Logger } from '../kube/logger.ts';
import { createMetrics } from '../kube/metrics.ts';
import { Reflector } from '../kube/reflector.ts';
import { Resources } from '../kube/resource.ts';
import { loadApp, paperBaseline } from '../operator/arena/app.ts';
import { type ClusterRunnerOptions, clusterRunners } from './cluster-runners.ts';
import { startHeartbeat } from './heartbeat.ts';
import { KubeEpisodes } from './kube-episodes.ts';
import { tokenSource } from './oncall-token.ts';
import type { KubectlRunner } from './runner/kubectl-runner.ts';
import { startLocalRunner } from './runner/local.ts';
import { build } from './server.ts';
import { EpisodeSession } from './session.ts';
import { GatewayError, type ResetOptions } from './session-api.ts';
import { createUpstream } from './view/upstream.ts';
import { type HubAddress, ViewHub } from './view-hub.ts';
import { ArenaWorkplaces } from './workplace.ts';

export interface GatewayConfig {
  host: string;
  port: number;
  maxSessions: number;
  healthPort: number;
  metricsPort: number;
  /** Name of the Lease; unique among gateways. */
  identity: string;
  version: string;
  production: boolean;
  /** Runner pods, and the address of this process at which they reach the arena views; runners on this machine with `kubectl` when absent. */
  cluster?: ClusterRunnerOptions & { hub: { host: string; port: number } };
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
  const app = paperBaseline(loadApp());
  const folder = mkdtempSync(join(tmpdir(), 'arena-views-'));
  const hub = new ViewHub();
  await hub.listen(config.cluster?.hub ?? { socketPath: join(folder, 'view.sock') });
  const runners = config.cluster ? await clusterRunners(client, config.cluster, log) : undefined;
  const startRunner = (kubeconfig: string): Promise<KubectlRunner> =>
    runners ? runners.pool.start({ kubeconfig, view: hub.address }) : startLocally(kubeconfig, hub.address, config.kubectl);
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
  const upstream = createUpstream({ server: (await kubeConfig.connection()).server, ca: authority(kubeConfig.getCurrentCluster()) });
  const workplaces = new ArenaWorkplaces({
    client,
    upstream,
    hub,
    clusterToken: tokenSource({ client, clock, namespace: SYSTEM_NAMESPACE, serviceAccount: 'arena-cluster-reader' }),
    startRunner,
    clock,
    log,
  });
  const kubeEpisodes = new KubeEpisodes({ client, episodes, namespace: GYM_NAMESPACE });
  const deps = { episodes: kubeEpisodes, workplaces, chooseIncident: chooser(app), gateway: config.identity, now: () => clock.now() };
  const { app: server } = await build({
    factory: { create: () => Promise.resolve(new EpisodeSession(deps)) },
    log,
    version: config.version,
    maxSessions: config.maxSessions,
    production: config.production,
  });
  const health = await startHealthServer({
    host: '0.0.0.0',
    port: config.healthPort,
    healthz: {},
    readyz: { watch: () => (episodes.synced ? undefined : 'the first list of Episodes is not in yet') },
  });
  const exposed = await startHealthServer({ host: '0.0.0.0', port: config.metricsPort, metrics: metrics.registry });
  const url = await server.listen({ host: config.host, port: config.port });
  log.info({ url }, 'Started the gateway');
  return {
    url,
    async stop() {
      await server.close();
      await hub.close();
      await heartbeat.stop();
      await episodes.stop();
      await runners?.stop();
      await Promise.all([health.close(), exposed.close(), upstream.close()]);
      await client.close();
      rmSync(folder, { recursive: true, force: true });
      log.info('Stopped the gateway');
    },
  };
}

function startLocally(kubeconfig: string, hub: HubAddress, kubectl: string): Promise<KubectlRunner> {
  if (!('socketPath' in hub)) throw new Error('Runners on this machine reach the arena view over a unix socket');
  return startLocalRunner({ kubectl, viewSocket: hub.socketPath, kubeconfig });
}

function authority(cluster: { caData?: string; caFile?: string } | null): Buffer | string {
  if (cluster?.caData) return Buffer.from(cluster.caData, 'base64');
  if (cluster?.caFile) return readFileSync(cluster.caFile);
  throw new Error('The kubeconfig names no certificate authority for its cluster');
}

/** Until there is a Curriculum: the caller's incident, or the seed's, restricted to a fault type where one is named. */
export function chooser(app: Baseline): (options: ResetOptions) => { incident: InlineIncident; seed: number } {
  let drawn = 0;
  return (options) => {
    const seed = options.seed ?? drawn++;
    try {
      if (!options.incident) return { incident: seededIncident(seed, app, options.fault), seed };
      const incident = inlineIncidentSchema(FAULT_TYPES, RED_HERRING_KINDS).parse(options.incident) as InlineIncident;
      const problem = validateComposition(incident, app);
      if (problem) throw new Error(problem);
      return { incident, seed };
    } catch (error) {
      throw new GatewayError('VALIDATION_ERROR', describe(error));
    }
  };
}

function describe(error: unknown): string {
  const issues = (error as { issues?: { path: PropertyKey[]; message: string }[] }).issues;
  if (!issues) return (error as Error).message;
  return issues.map((i) => `incident.${i.path.map(String).join('.')}: ${i.message}`).join('; ');
}
