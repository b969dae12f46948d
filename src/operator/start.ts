import { perApp } from '../api/apps.ts';
import { FAULTS } from '../faults/index.ts';
import { openJudges } from '../judge/open.ts';
import { KubeClient } from '../kube/client.ts';
import { systemClock } from '../kube/clock.ts';
import { loadKubeConfig } from '../kube/config.ts';
import { EventRecorder } from '../kube/events.ts';
import { startHealthServer } from '../kube/health-server.ts';
import { createLogger, type Logger } from '../kube/logger.ts';
import { createMetrics } from '../kube/metrics.ts';
import { openLlm } from '../llm/open.ts';
import { FileArchive } from './archive.ts';
import { withAttempts } from './archive-attempts.ts';
import { loadApps } from './arena/app.ts';
import type { RbacSubject } from './arena/guard.ts';
import { type OperatorConfig, probeHost } from './config.ts';
import { curriculumFromEnv, ensureDefaultCurriculum, spendingLimits } from './curriculum/default.ts';
import { GymOperator } from './gym-operator.ts';
import { installBase } from './install.ts';
import { GymMetrics } from './metrics.ts';
import { readNodes } from './nodes.ts';

export interface RunningOperator {
  operator: GymOperator;
  stop(): Promise<void>;
}

/** Assembles and starts an operator. Outside the cluster it first installs what it needs and acts as whoever the kubeconfig names. */
export async function startOperator(o: { kubeconfig?: string; config: OperatorConfig; log?: Logger }): Promise<RunningOperator> {
  const { config } = o;
  const log = o.log ?? createLogger('operator');
  const metrics = createMetrics({ process: true });
  const client = new KubeClient(loadKubeConfig(o.kubeconfig ? { path: o.kubeconfig } : {}), { metrics, log });
  const inCluster = process.env.KUBERNETES_SERVICE_HOST !== undefined && !o.kubeconfig;
  if (!inCluster) await installBase(client);
  await ensureDefaultCurriculum(client, config.gymNamespace, curriculumFromEnv(process.env));
  const serviceAccount = (name: string): RbacSubject => ({ kind: 'ServiceAccount', name, namespace: config.systemNamespace });
  const apps = loadApps({ registry: config.imageRegistry });
  const events = new EventRecorder({ client, reportingController: 'kubesregym.dev/operator', reportingInstance: config.identity, log });
  let operator: GymOperator | undefined;
  const llm = await openLlm({
    env: process.env,
    registry: metrics.registry,
    clock: systemClock,
    log,
    limits: () => spendingLimits(operator?.world?.curricula.list() ?? []),
  });
  const gymMetrics = new GymMetrics(metrics.registry, () => operator?.world);
  operator = new GymOperator({
    client,
    apps,
    config: {
      ...config,
      ...(inCluster ? { operatorSubject: serviceAccount('operator') } : {}),
      gatewaySubject: serviceAccount('gateway'),
    },
    judges: openJudges({
      llm: llm.llm,
      registry: metrics.registry,
      log,
      faultTerms: [...FAULTS.values()].flatMap((f) => f.diagnosisTerms),
    }),
    llm,
    archive: withAttempts(await FileArchive.open(config.archiveFile), ({ metadata }, error) => {
      gymMetrics.unarchived();
      const details = { err: error, namespace: metadata.namespace, name: metadata.name, archive: config.archiveFile };
      log.error(details, 'Lost the transcript of an episode: the archive cannot be written; give it space');
    }),
    events,
    log,
    metrics,
    gymMetrics,
    nodes: await readNodes(client),
    onLeadershipLost: () => process.exit(1),
  });
  const running = operator;
  const checks = { caches: () => (running.synced ? undefined : 'the first lists are not in yet') };
  const host = probeHost(process.env);
  const health = await startHealthServer({ host, port: config.healthPort, healthz: {}, readyz: checks });
  const exposed = await startHealthServer({ host, port: config.metricsPort, metrics: metrics.registry });
  await running.start();
  log.info({ apps: perApp((app) => apps[app].namespaces), pool: config.pool }, 'Started the operator');
  return {
    operator: running,
    async stop() {
      await running.stop();
      await Promise.all([health.close(), exposed.close()]);
      await client.close();
      log.info('Stopped the operator');
    },
  };
}
