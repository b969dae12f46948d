import { openJudges } from '../../src/judge/open.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { type Clock, systemClock } from '../../src/kube/clock.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { EventRecorder } from '../../src/kube/events.ts';
import { silentLogger } from '../../src/kube/logger.ts';
import { createMetrics } from '../../src/kube/metrics.ts';
import type { OpenLlm } from '../../src/llm/open.ts';
import { loadApps } from '../../src/operator/arena/app.ts';
import { operatorDefaults } from '../../src/operator/config.ts';
import { GymOperator } from '../../src/operator/gym-operator.ts';
import { GymMetrics } from '../../src/operator/metrics.ts';

const NO_LLM: OpenLlm = {
  state: () => ({ status: 'False', reason: 'NotConfigured', message: 'No LLM is configured' }),
  isAsked: () => false,
};

/** An operator inside this process, with a client of its own as a process has, that makes no arenas; for API servers without a node. */
export function startOperatorHere(o: { kubeconfig: string; identity: string; llm?: OpenLlm; clock?: Clock }): { close(): Promise<void> } {
  const { kubeconfig, identity, llm = NO_LLM, clock = systemClock } = o;
  const client = new KubeClient(loadKubeConfig({ path: kubeconfig }));
  const metrics = createMetrics({ process: false });
  const operator: GymOperator = new GymOperator({
    client,
    apps: loadApps(),
    config: { ...operatorDefaults, pool: { spare: 0, max: 0 }, identity },
    judges: openJudges({ registry: metrics.registry, log: silentLogger, faultTerms: [] }),
    llm,
    archive: { append: () => Promise.resolve() },
    events: new EventRecorder({ client, reportingController: 'test', reportingInstance: identity, log: silentLogger }),
    log: silentLogger,
    metrics,
    gymMetrics: new GymMetrics(metrics.registry, () => operator.world),
    nodes: { cidrs: [], arenasAtOnce: 2 },
    clock,
    onLeadershipLost: () => {},
  });
  // Whoever waits for this operator would only see that nothing happens.
  operator.start().catch((error: Error) => console.error(`Operator ${identity} did not start: ${error.stack}`));
  return {
    async close() {
      await operator.stop();
      await client.close();
    },
  };
}
