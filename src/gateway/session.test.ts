import { describe, expect, test } from '@jest/globals';
import type { Episode, EpisodeSpec } from '../api/episode.ts';
import type { EpisodeClient } from './episode-client.ts';
import { EpisodeSession } from './session.ts';
import { GatewayError } from './session-api.ts';

/** Episodes that start only when a test says so. A reset's own wait is over at once; what waits behind it goes on until `elapse`. */
class Episodes implements EpisodeClient {
  readonly made: Episode[] = [];
  readonly left: { name: string; infrastructure?: string }[] = [];
  deleted = false;
  #waiting: (() => void)[] = [];

  create(spec: EpisodeSpec): Promise<Episode> {
    const name = `e${this.made.length + 1}`;
    const episode: Episode = { apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Episode', metadata: { name }, spec };
    this.made.push(episode);
    return Promise.resolve(episode);
  }

  async waitFor(name: string, reached: (episode: Episode) => boolean, timeoutMs: number): Promise<Episode> {
    if (this.deleted) throw new GatewayError('EXECUTION_ERROR', 'it was deleted; call reset for a new one');
    if (!reached(this.#find(name)) && timeoutMs !== 46_000) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#find(name);
  }

  recordStep({ metadata: { name } }: Episode, { infrastructure }: { infrastructure?: string }): Promise<void> {
    this.left.push({ name, ...(infrastructure ? { infrastructure } : {}) });
    return Promise.resolve();
  }

  /** Time passes: every wait behind is over. */
  async elapse(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve();
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }

  incident(): ReturnType<EpisodeClient['incident']> {
    return Promise.resolve({ spec: { faults: [] } } as never);
  }

  begin(name: string, outcome?: 'TimedOut'): void {
    this.#find(name).status = { startedTime: '2026-01-01T00:00:00Z', incident: 'i', ...(outcome ? { outcome } : {}) } as Episode['status'];
  }

  #find(name: string): Episode {
    return this.made.find((e) => e.metadata.name === name) as Episode;
  }
}

const NOBODY = 'no incident was there in time for the reset, and nobody came back for it';

function seat(): { session: EpisodeSession; episodes: Episodes } {
  const episodes = new Episodes();
  const session = new EpisodeSession({
    episodes,
    workplaces: { open: () => Promise.resolve({ run: () => Promise.reject(new Error('not here')), close: () => Promise.resolve() }) },
    choose: ({ seed, fault }) => {
      if (fault === 'nonsense') throw new GatewayError('VALIDATION_ERROR', 'no such fault');
      return { seed, maxSteps: 5 };
    },
    gateway: 'g',
    now: () => new Date(0),
  });
  return { session, episodes };
}

describe('a reset that finds no incident in time', () => {
  test('says so, and the same reset again goes on waiting in its place', async () => {
    const { session, episodes } = seat();
    await expect(session.reset({ seed: 1 })).rejects.toThrow('the same reset again goes on waiting in its place');
    await expect(session.reset({ seed: 1 })).rejects.toThrow('No incident within 50 s: the operator has not taken it up; is it running?');
    episodes.begin('e1');
    expect((await session.reset({ seed: 1 })).done).toBe(false);
    expect([episodes.made.length, episodes.left]).toEqual([1, []]);
  });

  test('is given up for another reset, or when the agent leaves', async () => {
    const { session, episodes } = seat();
    await expect(session.reset({ seed: 1 })).rejects.toThrow();
    await expect(session.reset({ seed: 2 })).rejects.toThrow();
    expect(episodes.left).toEqual([{ name: 'e1', infrastructure: NOBODY }]);
    await session.close('gone');
    expect(episodes.left[1]).toEqual({ name: 'e2', infrastructure: NOBODY });
  });

  test('is given up in the end when nobody comes back, its incident begun or not', async () => {
    for (const begun of [false, true]) {
      const { session, episodes } = seat();
      await expect(session.reset({ seed: 1 })).rejects.toThrow();
      if (begun) episodes.begin('e1');
      await episodes.elapse();
      await episodes.elapse();
      expect(episodes.left).toEqual([{ name: 'e1', infrastructure: NOBODY }]);
      await expect(session.reset({ seed: 1 })).rejects.toThrow();
      expect(episodes.made).toHaveLength(2);
    }
  });

  test('and whose Episode somebody deleted, begins anew the time after', async () => {
    const { session, episodes } = seat();
    await expect(session.reset({ seed: 1 })).rejects.toThrow();
    episodes.deleted = true;
    await expect(session.reset({ seed: 1 })).rejects.toThrow('it was deleted');
    episodes.deleted = false;
    await expect(session.reset({ seed: 1 })).rejects.toThrow('No incident');
    expect(episodes.made).toHaveLength(2);
  });

  test('is not lost to a reset that is refused', async () => {
    const { session, episodes } = seat();
    await expect(session.reset({ seed: 1 })).rejects.toThrow();
    await expect(session.reset({ fault: 'nonsense' })).rejects.toThrow('no such fault');
    episodes.begin('e1');
    await session.reset({ seed: 1 });
    expect([episodes.made.length, episodes.left]).toEqual([1, []]);
  });

  test('and whose incident began and ran out of time before anybody came back, begins anew', async () => {
    const { session, episodes } = seat();
    await expect(session.reset({ seed: 1 })).rejects.toThrow();
    episodes.begin('e1', 'TimedOut');
    await expect(session.reset({ seed: 1 })).rejects.toThrow('No incident within 50 s');
    episodes.begin('e2');
    expect((await session.reset({ seed: 1 })).done).toBe(false);
    expect(episodes.made).toHaveLength(2);
  });
});

test('a reset that is played is over with the next one, also of the same options', async () => {
  const { session, episodes } = seat();
  await expect(session.reset({ seed: 1 })).rejects.toThrow();
  episodes.begin('e1');
  await session.reset({ seed: 1 });
  await expect(session.reset({ seed: 1 })).rejects.toThrow();
  expect([episodes.made.length, episodes.left]).toEqual([2, [{ name: 'e1' }]]);
});
