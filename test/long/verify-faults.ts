/**
 * Proves every fault: the reference fix and each honest fix resolve it, also on the last step of an episode; no cheat does, nor doing nothing.
 * Usage: node test/long/verify-faults.ts [TYPE...] [--parallel 4] [--seed 0]; writes docs/results/verify-faults.json.
 */
import { parseArgs } from 'node:util';
import { FAULT_NAMES, seededIncident } from '../../src/designer/seeded.ts';
import { type PlayResult, verify } from '../../src/faults/verify.ts';
import { allPlays, PLAY_KINDS } from '../../src/faults/verify-plan.ts';
import { openWorkplaces } from '../../src/gateway/open-workplaces.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { createLogger } from '../../src/kube/logger.ts';
import { cachedProgram } from '../../src/local/cache.ts';
import { loadApp, paperBaseline } from '../../src/operator/arena/app.ts';
import { startGym } from '../support/gym.ts';
import { Results } from './results.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { parallel: { type: 'string', default: '4' }, seed: { type: 'string', default: '0' } },
});
const unknown = positionals.filter((name) => !FAULT_NAMES.includes(name));
if (unknown.length) throw new Error(`Unknown faults ${unknown.join(', ')}; there are ${FAULT_NAMES.join(', ')}`);
const parallel = Number(values.parallel);
const seed = Number(values.seed);

const app = paperBaseline(loadApp());
const names = positionals.length ? positionals : FAULT_NAMES;
const plays = names.flatMap((name) => allPlays({ name, faults: seededIncident(seed, app, name).faults }, app));
const command = `npm run verify:faults -- ${[...positionals, '--parallel', parallel, '--seed', seed].join(' ')}`;
const results = await Results.open<PlayResult>('verify-faults', command, summarize);
const gym = await startGym({ cluster: 'faults', spare: 2, max: parallel + 3 });
const { client } = gym;
const workplaces = await openWorkplaces({ client, clock: systemClock, kubectl: cachedProgram('kubectl'), log: createLogger('verify') });
try {
  await verify(plays, {
    client,
    clock: systemClock,
    openShell: (namespaces) => workplaces.open(namespaces),
    parallel,
    onResult: (result, done, all) => {
      void results.add(result);
      const { scenario, targets, kind, attempt, passed, problem } = result;
      console.error(`[${done}/${all}] ${scenario} (${targets.join(', ')}) ${kind} "${attempt}": ${passed ? 'ok' : `FAILED: ${problem}`}`);
    },
  });
} finally {
  await workplaces.close();
  await gym.stop();
}
console.log(JSON.stringify(results.summary, null, 2));
if (results.lines.some((line) => !line.passed)) process.exitCode = 1;

function summarize(lines: readonly PlayResult[]): Record<string, unknown> {
  const passed = (some: readonly PlayResult[]): string => `${some.filter((line) => line.passed).length} of ${some.length}`;
  return {
    all: passed(lines),
    ...Object.fromEntries(
      FAULT_NAMES.map((name) => {
        const own = lines.filter((line) => line.scenario === name);
        return [name, Object.fromEntries(PLAY_KINDS.map((kind) => [kind, passed(own.filter((line) => line.kind === kind))]))];
      }),
    ),
  };
}
