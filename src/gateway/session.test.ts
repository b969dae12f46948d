import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Episode, EpisodeSpec } from '../api/episode.ts';
import type { StepSpec } from '../api/step.ts';
import type { EpisodeClient, Workplace } from './episode-client.ts';
import { EpisodeSession } from './session.ts';
import { GatewayError } from './session-api.ts';

/** Episodes that start only when a test says so. A reset's own wait is over at once; what waits behind it goes on until `elapse`. */
class Episodes implements EpisodeClient {
  readonly made: Episode[] = [];
  readonly left: { name: string; infrastructure?: string }[] = [];
  readonly lines: string[] = [];
  deleted = false;
  /** What does not work, and why. */
  broken: Partial<Record<'reading' | 'lines' | 'incidents', string>> = {};
  /** A Detach that is not answered. */
  detaching: Promise<void> | undefined;
  #waiting: (() => void)[] = [];

  create(spec: EpisodeSpec): Promise<Episode> {
    const name = `e${this.made.length + 1}`;
    const episode: Episode = { apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Episode', metadata: { name }, spec };
    this.made.push(episode);
    return Promise.resolve(episode);
  }

  async waitFor(name: string, reached: (episode: Episode) => boolean, timeoutMs: number): Promise<Episode> {
    if (this.broken.reading) throw new GatewayError('EXECUTION_ERROR', this.broken.reading);
    if (this.deleted) throw new GatewayError('EXECUTION_ERROR', 'it was deleted; call reset for a new one');
    if (!reached(this.#find(name)) && timeoutMs !== 46_000) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#find(name);
  }

  async recordStep({ metadata: { name } }: Episode, step: Omit<StepSpec, 'episode'>): Promise<void> {
    const { action, command, infrastructure } = step;
    if (action === 'Detach') {
      this.left.push({ name, ...(infrastructure ? { infrastructure } : {}) });
      return this.detaching;
    }
    if (this.broken.lines) throw new GatewayError('EXECUTION_ERROR', this.broken.lines);
    this.lines.push(command);
    const { status } = this.#find(name);
    this.#find(name).status = { ...status, decidedSteps: step.index } as Episode['status'];
  }

  /** Time passes: every wait behind is over. */
  async elapse(): Promise<void> {
    await nextTurn();
    for (const resolve of this.#waiting.splice(0)) resolve();
    await nextTurn();
  }

  incident(): ReturnType<EpisodeClient['incident']> {
    if (this.broken.incidents) return Promise.reject(new Error(this.broken.incidents));
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

function seat(run: Workplace['run'] = () => Promise.reject(new Error('not here'))) {
  const episodes = new Episodes();
  const closed: string[] = [];
  const session = new EpisodeSession({
    episodes,
    workplaces: { open: () => Promise.resolve({ run, close: async () => void closed.push('workplace') }) },
    choose: ({ seed, fault }) => {
      if (fault === 'nonsense') throw new GatewayError('VALIDATION_ERROR', 'no such fault');
      return { seed, maxSteps: 5 };
    },
    gateway: 'g',
    now: () => new Date(0),
  });
  return { session, episodes, closed };
}

/** A seat whose first incident has begun. */
async function playing(run?: Workplace['run']) {
  const one = seat(run);
  await expect(one.session.reset({ seed: 1 })).rejects.toThrow('No incident');
  one.episodes.begin('e1');
  await one.session.reset({ seed: 1 });
  return one;
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

describe('when the gym fails in the middle of a step', () => {
  const works: Workplace['run'] = () => Promise.resolve({ output: 'pods', exitCode: 0, durationMs: 1, mutations: 0 });
  const fails: Record<string, { run?: Workplace['run']; broken?: Episodes['broken']; why: string }> = {
    'the agent shell breaks': { run: () => Promise.reject(new Error('no shell')), why: 'the agent shell failed: no shell' },
    'the API server is out of reach of the shell': {
      run: () => Promise.resolve({ output: '', exitCode: 1, durationMs: 1, mutations: 0, infrastructure: 'connection refused' }),
      why: 'connection refused',
    },
    'the line cannot be recorded': { broken: { lines: 'Step e1-1 could not be recorded' }, why: 'Step e1-1 could not be recorded' },
    'the episode cannot be read': { broken: { reading: 'Episode e1 could not be read' }, why: 'Episode e1 could not be read' },
  };

  test.each(Object.entries(fails))('%s: the frame is unscorable and says why, and the next reset works', async (_name, failure) => {
    const { session, episodes, closed } = await playing(failure.run ?? works);
    episodes.broken = failure.broken ?? {};
    const frame = session.step({ command: 'kubectl get po', metadata: {} });
    await episodes.elapse();
    expect(await frame).toMatchObject({
      reward: null,
      done: true,
      observation: { scorable: false, message: `The gym failed, not your command: ${failure.why}`, command_output: '' },
    });
    expect(episodes.left).toEqual([{ name: 'e1', infrastructure: failure.why }]);
    expect(closed).toContain('workplace');
    await expect(session.step({ command: 'ls', metadata: {} })).rejects.toThrow('The episode is over (the gym failed); call reset');
    episodes.broken = {};
    await expect(session.reset({ seed: 2 })).rejects.toThrow('No incident');
    episodes.begin('e2');
    expect(await session.reset({ seed: 2 })).toMatchObject({ done: false, observation: { scorable: true } });
    expect(episodes.left).toHaveLength(1);
  });

  test('a step that works is recorded once and answered', async () => {
    const { session, episodes } = await playing(works);
    const frame = await session.step({ command: 'kubectl get po', metadata: {} });
    expect(frame).toMatchObject({ done: false, observation: { command_output: 'pods', steps_taken: 1 } });
    expect([episodes.lines, episodes.left]).toEqual([['kubectl get po'], []]);
  });
});

test('a line that ran while the news of the end was on its way counts for nothing', async () => {
  const { session, episodes } = await playing(async () => {
    episodes.begin('e1', 'TimedOut');
    return { output: 'Error from server (NotFound)', exitCode: 1, durationMs: 5, mutations: 0, infrastructure: 'the arena is gone' };
  });
  const frame = await session.step({ command: 'kubectl get po', metadata: {} });
  expect(frame).toMatchObject({ done: true, observation: { outcome: 'TimedOut', steps_taken: 0, command_output: '' } });
  expect([episodes.lines, episodes.left]).toEqual([[], []]);
});

describe('an episode that begins and cannot be played is detached', () => {
  test('when its incident cannot be read', async () => {
    const { session, episodes } = seat();
    await expect(session.reset({ seed: 1 })).rejects.toThrow('No incident');
    episodes.begin('e1');
    episodes.broken = { incidents: 'get Incident i: no answer' };
    const why = 'The incident could not be read: get Incident i: no answer';
    expect(await session.reset({ seed: 1 })).toMatchObject({
      reward: null,
      done: true,
      observation: { scorable: false, message: `${why}; reset again` },
    });
    expect(episodes.left).toEqual([{ name: 'e1', infrastructure: why }]);
  });

  test('when the episode itself cannot be read', async () => {
    const { session, episodes } = seat();
    episodes.broken = { reading: 'Episode e1 could not be read' };
    await expect(session.reset({ seed: 1 })).rejects.toThrow('Episode e1 could not be read');
    expect(episodes.left).toEqual([{ name: 'e1', infrastructure: 'the reset failed: Episode e1 could not be read' }]);
  });
});

test('a Detach that waits for the API server holds up no reset, but the end of the seat', async () => {
  const { session, episodes } = await playing();
  const { promise, reject } = Promise.withResolvers<void>();
  episodes.detaching = promise;
  await expect(session.reset({ seed: 2 })).rejects.toThrow('No incident');
  expect(episodes.left).toEqual([{ name: 'e1' }]);
  let closed = false;
  const closing = session.close('gone').then(() => {
    closed = true;
  });
  await episodes.elapse();
  expect(closed).toBe(false);
  reject(new GatewayError('EXECUTION_ERROR', 'could not be recorded'));
  await closing;
});
