import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MULTI_FAULT, seededIncident } from '../../src/designer/seeded.ts';
import { FAULT_TYPES } from '../../src/faults/index.ts';
import { seededRandom } from '../../src/faults/random.ts';
import { type PlayResult, verify } from '../../src/faults/verify.ts';
import { samplePlays } from '../../src/faults/verify-plan.ts';
import { openWorkplaces } from '../../src/gateway/open-workplaces.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { createLogger } from '../../src/kube/logger.ts';
import { cachedProgram } from '../../src/local/cache.ts';
import { loadApp, paperBaseline } from '../../src/operator/arena/app.ts';
import { type Gym, startGym } from '../support/gym.ts';

/** Chooses targets, the honest fix and the cheats; `npm run verify:faults` takes them all. */
const SEED = 1;
/** Copies of the app in play at once; more only fight for two cores. */
const PARALLEL = 4;

const app = paperBaseline(loadApp());
const plays = [...FAULT_TYPES, MULTI_FAULT].flatMap((name) =>
  samplePlays({ name, faults: seededIncident(SEED, app, name).faults }, app, seededRandom(`sample ${name} ${SEED}`)),
);

let gym: Gym | undefined;
let workplaces: Awaited<ReturnType<typeof openWorkplaces>> | undefined;
let results: PlayResult[] = [];

beforeAll(async () => {
  gym = await startGym({ spare: 2, max: PARALLEL + 3 });
  const { client } = gym;
  const shells = await openWorkplaces({ client, clock: systemClock, kubectl: cachedProgram('kubectl'), log: createLogger('verify') });
  workplaces = shells;
  results = await verify(plays, {
    client,
    clock: systemClock,
    openShell: (namespaces) => shells.open(namespaces),
    parallel: PARALLEL,
    onResult: ({ scenario, kind, passed }, done, all) => {
      process.stderr.write(`[${done}/${all}] ${scenario} ${kind}: ${passed ? 'as it must' : 'NOT as it must'}\n`);
    },
  });
}, 1_500_000);

afterAll(async () => {
  await workplaces?.close();
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
