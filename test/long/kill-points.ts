/**
 * Kills operator and gateway before and after every write of an episode, the change of its arena included.
 * The gateway dies once a run. The operator, whose writes are many, dies again and again in one episode: every life ends `--stride` writes after the
 * installation, the first one `offset` writes after it; all offsets together end a life at every write.
 * Usage: node test/long/kill-points.ts [--process operator|gateway] [--stride 10]; writes docs/results/kill-points.json.
 */
import { parseArgs } from 'node:util';
import type { KillPoint } from '../../src/kube/writes.ts';
import { startGym } from '../support/gym.ts';
import { type KillResult, playThroughKills } from '../support/kill-point.ts';
import { Results } from './results.ts';

/** Lives of one operator in one episode at most; more than an episode has writes for. */
const MAX_LIVES = 40;
const WHEN = ['before', 'after'] as const;

const { values } = parseArgs({
  options: {
    process: { type: 'string', multiple: true, default: ['gateway', 'operator'] },
    stride: { type: 'string', default: '10' },
  },
});
const stride = Number(values.stride);
const processes = values.process as ('operator' | 'gateway')[];

const flags = `${processes.map((p) => `--process ${p} `).join('')}--stride ${stride}`;
const results = await Results.open<KillResult>('kill-points', `npm run verify:kills -- ${flags}`, summarize);
// One arena at a time: all that the operator writes belongs to the episode that is played, or to the next one's arena.
const gym = await startGym({ spare: 1, max: 1, sessions: 2 });
let seed = 0;
try {
  if (processes.includes('gateway')) await killGateway();
  if (processes.includes('operator')) await killOperator();
} finally {
  await gym.stop();
}
console.log(JSON.stringify(results.summary, null, 2));
if (results.lines.some((line) => line.problems.length)) process.exitCode = 1;

async function killGateway(): Promise<void> {
  const calm = await undisturbed('gateway');
  for (let write = 1; write <= calm.writes.length; write++) {
    for (const when of WHEN) await attempt('gateway', [{ when, write }], calm.reward);
  }
}

async function killOperator(): Promise<void> {
  const calm = await undisturbed('operator');
  const installation = calm.writes.findIndex((w) => w.includes('/apis/kubesregym.dev/'));
  console.error(`operator: ${installation} writes install what it needs`);
  for (let offset = 1; offset <= stride; offset++) {
    for (const when of WHEN) {
      const point = (writes: number): KillPoint => ({ when, write: installation + writes });
      await attempt('operator', [point(offset), ...Array.from({ length: MAX_LIVES }, () => point(stride))], calm.reward);
    }
  }
}

async function undisturbed(process: 'operator' | 'gateway'): Promise<{ writes: string[]; reward: number }> {
  const { writes, outcomes, problems } = await playThroughKills(gym, process, [], seed++);
  const reward = outcomes[0]?.reward;
  console.error(`${process}: ${writes.length} writes undisturbed, worth ${reward}`);
  if (problems.length || reward === undefined) throw new Error(`Undisturbed it ends badly already: ${problems.join('; ')}`);
  return { writes, reward };
}

async function attempt(process: 'operator' | 'gateway', points: readonly KillPoint[], reward: number): Promise<void> {
  const { writes: _, ...result } = await playThroughKills(gym, process, points, seed++, reward);
  await results.add(result);
  const ends = result.outcomes.map((o) => `${o.outcome}${o.scorable ? '' : ' (unscorable)'}`).join(', ') || 'no episode';
  const verdict = result.problems.length ? `PROBLEM: ${result.problems.join('; ')}` : 'ok';
  const [{ when, write }] = points;
  console.error(`${process} ${when} write ${write}, ${result.deaths.length} deaths: ${ends}, ${result.seconds} s, ${verdict}`);
}

function summarize(lines: readonly KillResult[]): Record<string, unknown> {
  return Object.fromEntries(
    processes.map((process) => {
      const mine = lines.filter((line) => line.process === process);
      return [
        process,
        {
          episodes: mine.length,
          deaths: mine.reduce((sum, line) => sum + line.deaths.length, 0),
          asUndisturbed: mine.filter((line) => line.outcomes.some((o) => o.outcome === 'Resolved')).length,
          unscorable: mine.filter((line) => line.outcomes.some((o) => !o.scorable)).length,
          problems: mine.filter((line) => line.problems.length).length,
        },
      ];
    }),
  );
}
