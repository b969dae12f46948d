import { describe, expect, test } from '@jest/globals';
import type { Split } from '../api/curriculum.ts';
import { RUN_LIFE_SECONDS } from '../api/defaults.ts';
import { FakeClock } from '../kube/fake-clock.ts';
import { ownRuns } from './own-runs.ts';

const LIFE_MS = RUN_LIFE_SECONDS * 1000;

/** Asks for the run of each split after so many milliseconds since the one before. */
async function asked(...resets: [afterMs: number, split: Split][]): Promise<string[]> {
  const clock = new FakeClock();
  const runOf = ownRuns('g', () => clock.now());
  const names: string[] = [];
  for (const [afterMs, split] of resets) {
    await clock.advance(afterMs);
    names.push(runOf('default', split));
  }
  return names;
}

describe('the run of resets that name none', () => {
  test('is the same for as long as somebody trains in it', async () => {
    const names = await asked([0, 'train'], ...Array.from({ length: 6 }, (): [number, Split] => [LIFE_MS / 3, 'train']));
    expect(new Set(names).size).toBe(1);
  });

  test('is another one before the Curriculum can have ended it', async () => {
    const [first, second, third] = await asked([0, 'train'], [LIFE_MS / 2, 'train'], [1, 'train']);
    expect(second).not.toBe(first);
    expect(third).toBe(second);
  });

  test('is not kept alive by what is held out', async () => {
    const [first, held, last] = await asked([0, 'train'], [LIFE_MS / 3, 'eval'], [LIFE_MS / 3, 'train']);
    expect(held).toBe(first);
    expect(last).not.toBe(first);
  });

  test('ends for each Curriculum by itself', async () => {
    const clock = new FakeClock();
    const runOf = ownRuns('g', () => clock.now());
    const quiet = runOf('quiet', 'train');
    runOf('busy', 'train');
    await clock.advance(LIFE_MS / 3);
    const busy = runOf('busy', 'train');
    await clock.advance(LIFE_MS / 3);
    expect(runOf('busy', 'train')).toBe(busy);
    expect(runOf('quiet', 'train')).not.toBe(quiet);
  });

  test('names its gateway and differs after a restart under the same name', () => {
    const [one, other] = [0, 1].map((ms) => ownRuns('g', () => new Date(ms))('default', 'train'));
    expect([one, other]).toEqual(['g-0', 'g-1']);
  });
});
