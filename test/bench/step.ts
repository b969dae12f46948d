import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { OpenEnvClient } from '../../src/cli/runbook/openenv-client.ts';
import type { Gym } from './gym.ts';
import { grouped, median, round } from './stats.ts';
import type { GymWatch } from './watches.ts';

const run = promisify(execFile);

/** More than kubectl run directly needs. */
const TARGET_MS = 60;
/** Steps that read, as an on-call types them; `{ns}` is the namespace. */
const LINES: readonly { line: string; namespace: string }[] = [
  { line: 'kubectl get pods -n {ns}', namespace: 'payments' },
  { line: 'kubectl get deploy,rs -n {ns} -o wide', namespace: 'payments' },
  { line: 'kubectl describe deploy web-app -n {ns}', namespace: 'frontend' },
  { line: 'kubectl logs deploy/auth-service -n {ns} --tail=20', namespace: 'auth' },
];

interface Pair {
  line: string;
  gym_ms: number;
  kubectl_ms: number;
}

/** Read-only steps of one episode beside the same program run directly on the same namespaces, one after the other. The first round is not counted. */
export async function measureStep(
  gym: Gym,
  watch: GymWatch,
  o: { rounds: number; seed: number; say: (line: string) => void },
): Promise<object> {
  await watch.warm(1);
  const agent = await OpenEnvClient.connect(gym.url);
  const pairs: Pair[] = [];
  try {
    // Nothing is broken, so that nothing moves between the two.
    const first = await agent.reset({ incident: { faults: [] }, seed: o.seed, max_steps: 64 });
    if (first.done) throw new Error(`reset failed: ${first.observation.message}`);
    const episode = await watch.episodeOfSeed(o.seed);
    const { status } = await watch.incident(episode.metadata.name, (i) => i.status?.namespaces !== undefined);
    for (let round_ = 0; round_ <= o.rounds; round_++) {
      for (const { line, namespace } of LINES) {
        const argv = line.replace('{ns}', status?.namespaces?.[namespace] as string).split(' ');
        const gym_ms = await timed(async () => {
          const frame = await agent.step(line.replace('{ns}', namespace));
          if (frame.done) throw new Error(`the episode ended: ${frame.observation.message}`);
        });
        const kubectl_ms = await timed(() => run(gym.kubectl, ['--kubeconfig', gym.kubeconfig, ...argv.slice(1)]));
        if (round_ > 0) pairs.push({ line, gym_ms: round(gym_ms, 1), kubectl_ms: round(kubectl_ms, 1) });
      }
    }
  } finally {
    await agent.close();
  }
  const difference = (p: Pair): number => p.gym_ms - p.kubectl_ms;
  const value = round(median(pairs.map(difference)), 1);
  o.say(`read-only steps: ${value} ms more than kubectl run directly (median of ${pairs.length})`);
  const by_line = Object.fromEntries(
    grouped(pairs, (p) => p.line).map(([line, own]) => [
      line,
      {
        gym_ms: round(median(own.map((p) => p.gym_ms)), 1),
        kubectl_ms: round(median(own.map((p) => p.kubectl_ms)), 1),
        difference_ms: round(median(own.map(difference)), 1),
      },
    ]),
  );
  return { target: TARGET_MS, met: value <= TARGET_MS, median_difference_ms: value, pairs: pairs.length, by_line };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
