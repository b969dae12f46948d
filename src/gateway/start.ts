import { GYM_NAMESPACE } from '../api/group.ts';
import type { InlineIncident } from '../api/incident.ts';
import { inlineIncidentSchema } from '../api/incident.ts';
import { seededIncident } from '../designer/seeded.ts';
import { validateFaults } from '../faults/engine.ts';
import { FAULT_TYPES } from '../faults/index.ts';
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
import { startHeartbeat } from './heartbeat.ts';
import { KubeEpisodes } from './kube-episodes.ts';
import { openWorkplaces, type WorkplacesOptions } from './open-workplaces.ts';
import { build } from './server.ts';
import { EpisodeSession } from './session.ts';
import { GatewayError, type ResetOptions } from './session-api.ts';

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
  const app = paperBaseline(loadApp());
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
      await workplaces.close();
      await heartbeat.stop();
      await episodes.stop();
      await Promise.all([health.close(), exposed.close()]);
      await client.close();
      log.info('Stopped the gateway');
    },
  };
}

/** Until there is a Curriculum: the caller's incident, or the seed's, restricted to a fault type where one is named. */
export function chooser(app: Baseline): (options: ResetOptions) => { incident: InlineIncident; seed: number } {
  let drawn = 0;
  return (options) => {
    const seed = options.seed ?? drawn++;
    try {
      if (!options.incident) return { incident: seededIncident(seed, app, options.fault), seed };
      const incident = inlineIncidentSchema(FAULT_TYPES).parse(options.incident) as InlineIncident;
      const problem = validateFaults(incident.faults, app);
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
