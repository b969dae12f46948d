/**
 * Kills operator and gateway before and after every write of an episode, arena and installation included, one death a run.
 * Usage: node test/long/kill-points.ts [--process operator|gateway] [--from 1] [--every 1]; writes docs/results/kill-points.json.
 */
import { parseArgs } from 'node:util';
import { startGym } from '../support/gym.ts';
import { type KillResult, playThroughKill } from '../support/kill-point.ts';
import { Results } from './results.ts';

const { values } = parseArgs({
  options: {
    process: { type: 'string', multiple: true, default: ['gateway', 'operator'] },
    from: { type: 'string', default: '1' },
    every: { type: 'string', default: '1' },
  },
});
/** Of the operator, whose writes are many; the gateway's few are all taken. */
const from = Number(values.from);
const every = Number(values.every);
const processes = values.process as ('operator' | 'gateway')[];

const flags = `${processes.map((p) => `--process ${p} `).join('')}--from ${from} --every ${every}`;
const results = await Results.open<KillResult>('kill-points', `npm run verify:kills -- ${flags}`, summarize);
// One arena at a time: all that the operator writes belongs to the episode that is played, or to the next one's arena.
const gym = await startGym({ spare: 1, max: 1, sessions: 2 });
try {
  for (const process of processes) await killEverywhere(process);
} finally {
  await gym.stop();
}
console.log(JSON.stringify(results.summary, null, 2));
if (results.lines.some((line) => line.problems.length)) process.exitCode = 1;

async function killEverywhere(process: 'operator' | 'gateway'): Promise<void> {
  const calm = await playThroughKill(gym, process, undefined, 0);
  const reward = calm.outcomes[0]?.reward;
  console.error(`${process}: ${calm.writes.length} writes undisturbed, worth ${reward}`);
  if (calm.problems.length || reward === undefined) throw new Error(`Undisturbed it ends badly already: ${calm.problems.join('; ')}`);
  const [first, stride] = process === 'operator' ? [from, every] : [1, 1];
  for (let write = first, alive = false; !alive; write += stride) {
    for (const when of ['before', 'after'] as const) {
      const { writes: _, ...result } = await playThroughKill(gym, process, { when, write }, write * 2 + (when === 'after' ? 1 : 0), reward);
      // It got its work done with fewer writes: there are no further ones.
      alive = !result.died;
      if (alive) break;
      await results.add(result);
      const ends = result.outcomes.map((o) => `${o.outcome}${o.scorable ? '' : ' (unscorable)'}`).join(', ') || 'no episode';
      const verdict = result.problems.length ? `PROBLEM: ${result.problems.join('; ')}` : 'ok';
      console.error(`${process} ${when} write ${write} (${result.lastWrite}): ${ends}, ${result.seconds} s, ${verdict}`);
    }
  }
}

function summarize(lines: readonly KillResult[]): Record<string, unknown> {
  return Object.fromEntries(
    processes.map((process) => {
      const mine = lines.filter((line) => line.process === process);
      return [
        process,
        {
          points: mine.length,
          asUndisturbed: mine.filter((line) => line.outcomes.some((o) => o.outcome === 'Resolved')).length,
          unscorable: mine.filter((line) => line.outcomes.some((o) => !o.scorable)).length,
          problems: mine.filter((line) => line.problems.length).length,
        },
      ];
    }),
  );
}
