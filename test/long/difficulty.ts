/**
 * Plays held-out incidents of all kinds with the scripted runbook, and says how the difficulty that the designer states goes with the work they took:
 * Spearman's rank correlation with steps, over those that were resolved, and how many were, by difficulty.
 * Usage: node test/long/difficulty.ts [--episodes 60] [--sessions 4]; writes docs/results/difficulty.json.
 */
import { parseArgs } from 'node:util';
import { DEFAULT_CURRICULUM } from '../../src/api/defaults.ts';
import { GYM_NAMESPACE } from '../../src/api/group.ts';
import { FAULT_TYPES } from '../../src/faults/index.ts';
import { Resources } from '../../src/kube/resource.ts';
import { startGym } from '../support/gym.ts';
import { playSeed } from '../support/trainee.ts';
import { rankCorrelation } from './rank-correlation.ts';
import { Results } from './results.ts';

interface EpisodeLine {
  seed: number;
  faults: string[];
  difficulty: number;
  steps: number;
  outcome: string;
  problem?: string;
}

const { values } = parseArgs({ options: { episodes: { type: 'string', default: '60' }, sessions: { type: 'string', default: '4' } } });
const episodes = Number(values.episodes);
const sessions = Number(values.sessions);

const command = `npm run verify:difficulty -- --episodes ${episodes} --sessions ${sessions}`;
const results = await Results.open<EpisodeLine>('difficulty', command, summarize);
const gym = await startGym({ spare: 2, max: sessions + 4, sessions: sessions + 4 });
let next = 0;
try {
  await Promise.all(
    Array.from({ length: sessions }, async () => {
      while (next < episodes) await results.add(await playOne(next++));
    }),
  );
} finally {
  await gym.stop();
}
console.log(JSON.stringify(results.summary, null, 2));
if (results.lines.some((line) => line.problem)) process.exitCode = 1;

async function playOne(seed: number): Promise<EpisodeLine> {
  const line: EpisodeLine = { seed, faults: [], difficulty: 0, steps: 0, outcome: 'none' };
  try {
    const { metadata, status } = await playSeed(
      gym,
      { curriculum: DEFAULT_CURRICULUM, split: 'eval', run: 'difficulty', seed },
      FAULT_TYPES,
    );
    const { spec } = await gym.client.get(Resources.incidents, { namespace: GYM_NAMESPACE, name: metadata.name });
    Object.assign(line, {
      faults: spec.faults.map((f) => `${f.type}:${f.target.namespace}/${f.target.name}`),
      difficulty: status?.difficulty ?? 0,
      steps: status?.decidedSteps ?? 0,
      outcome: status?.outcome ?? 'none',
    });
  } catch (error) {
    line.problem = (error as Error).message;
  }
  console.error(
    `[${results.lines.length + 1}/${episodes}] ${line.difficulty} ${line.faults.join('+')}: ${line.outcome} ${line.steps} ${line.problem ?? ''}`,
  );
  return line;
}

function summarize(lines: readonly EpisodeLine[]): Record<string, unknown> {
  const played = lines.filter((line) => !line.problem);
  const resolved = played.filter((line) => line.outcome === 'Resolved');
  const share = (some: readonly EpisodeLine[]): string => `${some.filter((l) => l.outcome === 'Resolved').length} of ${some.length}`;
  return {
    episodes: lines.length,
    rankCorrelationOfDifficultyAndSteps: rankCorrelation(
      resolved.map((line) => line.difficulty),
      resolved.map((line) => line.steps),
    ),
    resolvedByFaults: Object.fromEntries([1, 2, 3].map((n) => [n, share(played.filter((line) => line.faults.length === n))])),
    problems: lines.filter((line) => line.problem).length,
  };
}
