import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FAULT_NAMES, seededIncident } from '../../src/designer/seeded.ts';
import { seededRandom } from '../../src/faults/random.ts';
import type { PlayResult } from '../../src/faults/verify.ts';
import { samplePlays } from '../../src/faults/verify-plan.ts';
import { loadApp, paperBaseline } from '../../src/operator/arena/app.ts';
import { type Gym, startGym } from '../support/gym.ts';
import { startGymctl } from '../support/gymctl.ts';

/** Chooses targets, the honest fix and the cheats; `npm run verify:faults` takes them all. */
const SEED = 1;
/** Copies of the app in play at once; more only fight for two cores. */
const PARALLEL = 4;

const app = paperBaseline(loadApp());
const plays = FAULT_NAMES.flatMap((name) =>
  samplePlays({ name, faults: seededIncident(SEED, app, name).faults }, app, seededRandom(`sample ${name} ${SEED}`)),
);

let gym: Gym | undefined;
let results: PlayResult[] = [];

beforeAll(async () => {
  gym = await startGym({ spare: 2, max: PARALLEL + 3 });
  // The agent's shell hooks into Node's module loader, which jest does not let it: so it runs in a process of its own.
  const args = ['faults', 'verify', '--sample', '--seed', `${SEED}`, '--parallel', `${PARALLEL}`, '--kubeconfig', gym.kubeconfig, '--json'];
  const { child, ended } = startGymctl(args);
  child.stderr?.on('data', (text) => process.stderr.write(text));
  const { stdout, stderr } = await ended;
  if (!stdout.startsWith('[')) throw new Error(`gymctl faults verify printed no results: ${stdout}${stderr}`);
  results = JSON.parse(stdout) as PlayResult[];
}, 1_500_000);

afterAll(async () => {
  await gym?.stop();
}, 180_000);

describe('a fault on a live cluster', () => {
  test.each(plays.map(({ scenario, kind, attempt, resolves }, i) => ({ i, name: scenario.name, kind, attempt: attempt.name, resolves })))(
    '$name, $kind "$attempt": resolved $resolves',
    ({ i, resolves }) => {
      const { resolved, problem, symptom } = results[i];
      expect({ resolved, problem }).toEqual({ resolved: resolves, problem: undefined });
      expect(symptom.filter((text) => text.length > 0)).toHaveLength(plays[i].scenario.faults.length);
    },
  );
});
