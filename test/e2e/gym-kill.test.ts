import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../src/faults/random.ts';
import { type Gym, startGym } from '../support/gym.ts';
import { episodeWrites, type KillResult, playThroughKills } from '../support/kill-point.ts';

/** `npm run verify:kills` takes every write; here a sample that changes only when someone changes the seed. */
const SEED = 'kill points 1';
const SAMPLE = { operator: 3, gateway: 2 };

let gym: Gym;

beforeAll(async () => {
  gym = await startGym({ spare: 1, max: 1, sessions: 2 });
}, 900_000);

afterAll(async () => {
  await gym?.stop();
}, 180_000);

describe.each(['operator', 'gateway'] as const)('kill -9 of the %s between two writes of an episode', (process) => {
  test('ends it as it would have ended or unscorable, and leaves nothing behind', async () => {
    const calm = await playThroughKills(gym, process, [], 0);
    expect(calm).toMatchObject({ deaths: [], problems: [], outcomes: [{ outcome: 'Resolved', scorable: true }] });
    const own = episodeWrites(calm.writes);
    expect(own.length).toBeGreaterThanOrEqual(SAMPLE[process]);

    const random = seededRandom(`${SEED} ${process}`);
    const results: KillResult[] = [];
    for (let i = 0; i < SAMPLE[process]; i++) {
      const [write] = own.splice(random(own.length), 1);
      const when = random(2) ? ('before' as const) : ('after' as const);
      const { writes: _, ...result } = await playThroughKills(gym, process, [{ when, write }], i + 1, calm.outcomes[0].reward);
      results.push(result);
    }
    expect(results.filter((r) => r.problems.length > 0)).toEqual([]);
    expect(results.map((r) => r.deaths.length)).toEqual(results.map(() => 1));
  }, 600_000);
});
