/**
 * `npm run bench`: what the gym costs beyond Kubernetes itself, as one JSON object on standard output (progress on standard error) and in
 * docs/results/bench.json. `--quick` measures little and writes no file. `--url` measures a gateway that runs already; without it a cluster is
 * made for the bench and removed again.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULT_NAMES } from '../../src/designer/seeded.ts';
import { loadApp, paperBaseline } from '../../src/operator/arena/app.ts';
import { measureChoice } from './choice.ts';
import { measureFix } from './fix.ts';
import { attachGym, startGym } from './gym.ts';
import { measureJudging } from './judging.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { MemoryWatch } from './memory.ts';
import { measureReset } from './reset.ts';
import { measureStep } from './step.ts';
import { type Level, measureThroughput } from './throughput.ts';
import { GymWatch } from './watches.ts';

interface Size {
  faults: readonly string[];
  resetRounds: number;
  stepRounds: number;
  fixRounds: number;
  choicePairs: number;
  judgeRounds: number;
  levels: readonly Level[];
  /** Milliseconds after which a level starts no further episode. */
  limitMs: number;
}
const FULL: Size = {
  faults: FAULT_NAMES,
  resetRounds: 2,
  stepRounds: 12,
  fixRounds: 1,
  choicePairs: 40,
  judgeRounds: 100,
  levels: [
    { sessions: 1, episodes: 8 },
    { sessions: 8, episodes: 48 },
    { sessions: 16, episodes: 48 },
  ],
  limitMs: 360_000,
};
const QUICK: Size = {
  faults: ['oom_kill', 'scale_zero'],
  resetRounds: 1,
  stepRounds: 3,
  fixRounds: 1,
  choicePairs: 10,
  judgeRounds: 20,
  levels: [
    { sessions: 1, episodes: 2 },
    { sessions: 2, episodes: 4 },
  ],
  limitMs: 120_000,
};
/** A warm pool: eight sessions find an arena each; sixteen that play, as many that are made for them, and the last ones being removed fit. */
const POOL = { spareArenas: 8, maxArenas: 40, maxSessions: 16 };
const RESULTS = join(import.meta.dirname, '../../docs/results');

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    url: { type: 'string' },
    kubeconfig: { type: 'string' },
    'operator-metrics': { type: 'string', default: 'http://127.0.0.1:8080/metrics' },
    'gateway-metrics': { type: 'string', default: 'http://127.0.0.1:8082/metrics' },
  },
});
const say = (line: string): void => console.error(line);
const size = flags.quick ? QUICK : FULL;
const metrics = { operator: flags['operator-metrics'], gateway: flags['gateway-metrics'] };
const started = new Date();
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort(new Error('interrupted')));

let failed = false;
/** One part's figures, or why there are none: the others are worth having all the same. */
async function part(name: string, measure: () => Promise<object> | object): Promise<object> {
  say(`== ${name}`);
  try {
    return await measure();
  } catch (error) {
    failed = true;
    say(`${name} failed: ${(error as Error).stack}`);
    return { met: false, error: (error as Error).message };
  }
}

// Without the gym, and before idle copies of the app take their share of the machine: on an API server of its own, and in this process.
const choice_ms = await part('choice', () => measureChoice({ pairs: size.choicePairs, say }));
const judging_ms = await part('judging', () => measureJudging({ rounds: size.judgeRounds, say }));
if (interrupted.signal.aborted) process.exit(130);

const gym = flags.url
  ? await attachGym({ url: flags.url, kubeconfig: flags.kubeconfig, metrics })
  : await startGym({ ...POOL, progress: say, signal: interrupted.signal });
// A part under way cannot be ended half-way; what it plays in can.
interrupted.signal.addEventListener('abort', () => void gym.stop().finally(() => process.exit(130)));

try {
  const watch = await GymWatch.start(gym.client);
  const machine = await describeMachine(gym.client);
  const memory = new MemoryWatch(gym, watch);
  const app = paperBaseline(loadApp());
  // Each part finds its Episodes by their seeds, so a seed is used once, also in another run of the bench.
  const base = Math.floor(started.getTime() / 1000) * 10_000;
  const { faults } = size;
  const reset_s = await part('reset', () => measureReset(gym, watch, { faults, rounds: size.resetRounds, firstSeed: base, app, say }));
  const step_ms = await part('step', () => measureStep(gym, watch, { rounds: size.stepRounds, seed: base + 1000, say }));
  const fix_report_s = await part('fix', () =>
    measureFix(gym, watch, { faults, rounds: size.fixRounds, firstSeed: base + 2000, app, say }),
  );
  const episodes_per_hour = await part('throughput', () =>
    measureThroughput(gym, watch, {
      ...{ faults, levels: size.levels, limitMs: size.limitMs, firstSeed: base + 3000, say },
      spareArenas: flags.url ? 1 : POOL.spareArenas,
    }),
  );
  const memory_mb = await part('memory', () => memory.report());
  memory.stop();
  await watch.stop();
  const result = {
    started: started.toISOString(),
    seconds: Math.round((Date.now() - started.getTime()) / 1000),
    commit: describeCommit(),
    command: ['node', 'test/bench/bench.ts', ...process.argv.slice(2)].join(' '),
    quick: flags.quick,
    machine,
    reset_s,
    step_ms,
    fix_report_s,
    choice_ms,
    judging_ms,
    episodes_per_hour,
    memory_mb,
  };
  if (!flags.quick) {
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(join(RESULTS, 'bench.json'), `${JSON.stringify(result, null, 1)}\n`);
  }
  console.log(JSON.stringify(result));
} finally {
  await gym.stop();
}
if (failed) process.exitCode = 1;
