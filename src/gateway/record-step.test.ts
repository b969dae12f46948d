import { describe, expect, test } from '@jest/globals';
import type { Episode } from '../api/episode.ts';
import { API_VERSION } from '../api/group.ts';
import type { Step, StepSpec } from '../api/step.ts';
import type { KubeClient } from '../kube/client.ts';
import { ApiError, TransportError } from '../kube/errors.ts';
import { FakeClock } from '../kube/fake-clock.ts';
import { silentLogger } from '../kube/logger.ts';
import type { Resource } from '../kube/resource.ts';
import { recordStep } from './record-step.ts';

const EPISODE: Episode = { apiVersion: API_VERSION, kind: 'Episode', metadata: { name: 'e', uid: 'u' }, spec: {} };
const lineOf = (index: number, action: StepSpec['action'] = 'Command') => ({
  ...{ index, action, command: action === 'Detach' ? '' : 'kubectl get po', durationMs: 1, mutations: 0 },
  completedTime: '2026-01-01T00:00:00.000Z',
});

/** What becomes of one create: the API server takes it, fails without or after having stored it, or never answers. */
type Fate = 'answered' | 'lost before' | 'lost after' | 'hangs' | number;

/** A store of Steps under a clock that stands; creates meet `fates` in their order, and are answered after the last of them. */
function store(fates: Fate[], there: string[] = []) {
  const stored = new Set(there);
  const tried: string[] = [];
  const client = {
    create: (_resource: Resource, step: Step, { signal }: { signal: AbortSignal }) => {
      const { name } = step.metadata;
      const fate = fates[tried.push(name) - 1] ?? 'answered';
      if (fate === 'hangs') return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      if (fate === 'lost before') return Promise.reject(new TransportError('create Step', new Error('connect ECONNREFUSED')));
      if (typeof fate === 'number') return Promise.reject(new ApiError('create Step', fate, { message: 'as told' }));
      if (stored.has(name)) return Promise.reject(new ApiError('create Step', 409, { reason: 'AlreadyExists' }));
      stored.add(name);
      return fate === 'lost after' ? Promise.reject(new TransportError('create Step', new Error('reset'))) : Promise.resolve(step);
    },
  } as unknown as KubeClient;
  const clock = new FakeClock();
  return {
    stored,
    tried,
    clock,
    record: (spec: Omit<StepSpec, 'episode'>) => recordStep({ client, namespace: 'n', clock, log: silentLogger }, EPISODE, spec, 20_000),
  };
}

describe('a Step', () => {
  test.each<[string, Fate[], number]>([
    ['at once', [], 1],
    ['when the API server is back', ['lost before', 'lost before', 503, 500], 5],
    ['by a server that first knows nobody', [403, 401], 3],
    ['once, when only its answer was lost', ['lost after'], 2],
  ])('is recorded %s', async (_name, fates, tries) => {
    const { record, clock, stored, tried } = store(fates);
    await Promise.all([record(lineOf(1)), clock.advance(20_000)]);
    expect([[...stored], tried.length]).toEqual([['e-1'], tries]);
    expect(clock.pending).toBe(0);
  });

  test.each<[string, Fate[], RegExp]>([
    ['the API server stays away', Array(100).fill('lost before'), /Step e-1 could not be recorded within 20 s: .*ECONNREFUSED/],
    ['it never answers', ['hangs'], /Step e-1 could not be recorded within 20 s: no answer from the API server/],
  ])('is given up in time when %s', async (_name, fates, message) => {
    const { record, clock, stored } = store(fates);
    await Promise.all([expect(record(lineOf(1))).rejects.toThrow(message), clock.advance(20_000)]);
    expect(stored.size).toBe(0);
  });

  test('that is refused is not tried again', async () => {
    const { record, tried } = store([422]);
    await expect(record(lineOf(1))).rejects.toThrow(/Step e-1 could not be recorded: .*as told/);
    expect(tried).toHaveLength(1);
  });

  test('is not taken for another one of its index', async () => {
    const { record } = store([], ['e-1']);
    await expect(record(lineOf(1))).rejects.toThrow(/Step e-1 could not be recorded: .*AlreadyExists/);
  });
});

test.each<[string, Fate[]]>([
  ['', []],
  [', also when its own first try is lost', ['lost before']],
])('a Detach goes behind a line whose answer was lost%s', async (_name, fates) => {
  const { record, clock, stored } = store(fates, ['e-1']);
  await Promise.all([record(lineOf(1, 'Detach')), clock.advance(20_000)]);
  expect([...stored]).toEqual(['e-1', 'e-2']);
});
