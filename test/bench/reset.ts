import { randomBytes } from 'node:crypto';
import { isTrue } from '../../src/api/conditions.ts';
import { SYMPTOM_TIMEOUT_SECONDS } from '../../src/api/defaults.ts';
import { API_VERSION, GYM_NAMESPACE } from '../../src/api/group.ts';
import type { FaultSpec } from '../../src/api/incident.ts';
import { ConditionType } from '../../src/api/reasons.ts';
import { OpenEnvClient } from '../../src/cli/runbook/openenv-client.ts';
import { seededIncident } from '../../src/designer/seeded.ts';
import { allSymptoms, planInjection, resolveFaults } from '../../src/faults/engine.ts';
import { arenaOf } from '../../src/gateway/workplace.ts';
import { captureBaseline } from '../../src/health/baseline.ts';
import type { Baseline } from '../../src/health/snapshot.ts';
import { realNamespace } from '../../src/kube/arena-names.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { Resources } from '../../src/kube/resource.ts';
import { frontDoorOf } from '../../src/operator/arena/front-door.ts';
import { isGuard } from '../../src/operator/arena/guard.ts';
import { applyMutation } from '../../src/operator/incident/inject.ts';
import { openTraffic } from '../../src/operator/traffic-desk.ts';
import type { Gym } from './gym.ts';
import { grouped, median, round } from './stats.ts';
import { ArenaWatch, type GymWatch } from './watches.ts';

/** Seconds from the request until users are hurt: through the gateway, and by a script that patches and watches. */
interface Pair {
  fault: string;
  seed: number;
  gym_s: number;
  bare_s: number;
}

/** A symptom that only customers can see. */
const SEEN_BY_CUSTOMERS = new Set(['bad_config']);
/** Beyond what Kubernetes needs to show the symptom. */
const TARGET_S = 0.5;

/** reset() beside the bare script, same fault, target and parameters, each in a fresh warm arena, first one and then the other. */
export async function measureReset(
  gym: Gym,
  watch: GymWatch,
  o: { faults: readonly string[]; rounds: number; firstSeed: number; app: Baseline; say: (line: string) => void },
): Promise<object> {
  const pairs: Pair[] = [];
  for (let round_ = 0; round_ < o.rounds; round_++) {
    for (const fault of o.faults) {
      const seed = o.firstSeed + pairs.length;
      const { faults } = seededIncident(seed, o.app, fault);
      const both = [() => throughGateway(gym, watch, fault, seed), () => byScript(gym, watch, faults)];
      const gymFirst = pairs.length % 2 === 0;
      const first = await both[gymFirst ? 0 : 1]();
      const second = await both[gymFirst ? 1 : 0]();
      const [gym_s, bare_s] = gymFirst ? [first, second] : [second, first];
      pairs.push({ fault, seed, gym_s: round(gym_s, 3), bare_s: round(bare_s, 3) });
      o.say(`reset ${fault} (seed ${seed}): gym ${gym_s.toFixed(2)} s, bare script ${bare_s.toFixed(2)} s`);
    }
  }
  const difference = (p: Pair): number => p.gym_s - p.bare_s;
  const value = round(median(pairs.map(difference)), 3);
  const by_fault = Object.fromEntries(
    grouped(pairs, (p) => p.fault).map(([fault, own]) => [
      fault,
      {
        gym_s: round(median(own.map((p) => p.gym_s)), 3),
        bare_s: round(median(own.map((p) => p.bare_s)), 3),
        difference_s: round(median(own.map(difference)), 3),
      },
    ]),
  );
  return { target: TARGET_S, met: value <= TARGET_S, median_difference_s: value, by_fault, pairs };
}

async function throughGateway(gym: Gym, watch: GymWatch, fault: string, seed: number): Promise<number> {
  await watch.warm(1);
  const agent = await OpenEnvClient.connect(gym.url);
  try {
    const began = performance.now();
    const frame = await agent.reset({ fault, seed });
    const took = (performance.now() - began) / 1000;
    if (frame.done) throw new Error(`reset of ${fault} with seed ${seed} failed: ${frame.observation.message}`);
    return took;
  } finally {
    await agent.close();
  }
}

/** A warm arena claimed by an Incident of no fault, so that nothing but the script touches it; then the same patches, and a watch. */
async function byScript(gym: Gym, watch: GymWatch, faults: readonly FaultSpec[]): Promise<number> {
  await watch.warm(1);
  const { client } = gym;
  const name = `bench-${randomBytes(5).toString('hex')}`;
  const metadata = { name, namespace: GYM_NAMESPACE };
  await client.create(Resources.incidents, { apiVersion: API_VERSION, kind: 'Incident', metadata, spec: { faults: [] } });
  let arenaWatch: ArenaWatch | undefined;
  let stopTraffic = (): void => {};
  try {
    const incident = await watch.incident(name, (i) => isTrue(i.status?.conditions, ConditionType.SymptomObserved));
    const names = arenaOf(incident.status?.namespaces ?? {});
    const observed = await ArenaWatch.start(client, names);
    arenaWatch = observed;
    const lists = await Promise.all(
      names.plain.map(async (plain) => {
        const namespace = realNamespace(plain, names);
        const [services, quotas] = await Promise.all([
          client.list(Resources.services, { namespace }),
          client.list(Resources.resourceQuotas, { namespace }),
        ]);
        const renamed = <T extends { metadata: { namespace?: string } }>(items: T[]): T[] =>
          items.map((o) => ({ ...o, metadata: { ...o.metadata, namespace: plain } }));
        return { services: renamed(services.items), quotas: renamed(quotas.items.filter((q) => !isGuard(q))) };
      }),
    );
    const { deployments } = observed.snapshot([]);
    const services = lists.flatMap((l) => l.services);
    const quotas = lists.flatMap((l) => l.quotas);
    const baseline = captureBaseline({ deployments, services, quotas, others: [] }, new Date());
    const records = resolveFaults(faults, baseline);

    const began = performance.now();
    const injectedTime = new Date().toISOString();
    for (const mutation of planInjection(records, baseline)) await applyMutation(client, mutation, names);
    const injected = records.map((r) => ({ ...r, state: 'Injected' as const, injectedTime }));
    const seen = new Set<number>();
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`The script saw no symptom of ${faults.map((f) => f.type)}`)),
        SYMPTOM_TIMEOUT_SECONDS * 1000,
      );
      const traffic = openTraffic({
        client,
        clock: systemClock,
        names: () => names,
        frontDoor: () => frontDoorOf(baseline),
        changed: () => look(),
      });
      const wantsCustomers = faults.some((f) => SEEN_BY_CUSTOMERS.has(f.type));
      stopTraffic = () => {
        clearTimeout(limit);
        traffic.stopAll();
      };
      const look = (): void => {
        const transactions = wantsCustomers ? traffic.start(name) : [];
        allSymptoms(injected, observed.snapshot(transactions), baseline).forEach((symptom, i) => {
          if (symptom !== undefined) seen.add(i);
        });
        if (seen.size === injected.length) resolve();
      };
      if (wantsCustomers) {
        traffic.start(name);
        traffic.hurry(name, true);
      }
      observed.onChange(look);
    });
    return (performance.now() - began) / 1000;
  } finally {
    stopTraffic();
    await arenaWatch?.stop();
    await client.delete(Resources.incidents, metadata);
  }
}
