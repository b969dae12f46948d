import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import type { Arena } from '../api/arena.ts';
import type { Episode } from '../api/episode.ts';
import type { Incident, IncidentStatus } from '../api/incident.ts';
import { OUTCOMES } from '../api/reasons.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import { GymMetrics } from './metrics.ts';
import type { World } from './world.ts';

interface Sample {
  labels: Record<string, unknown>;
  value: number;
  /** Of a histogram: which of its series. */
  metricName?: string;
}

function open(world?: World) {
  const registry = new Registry();
  const samples = async (name: string): Promise<Sample[]> => (await registry.getSingleMetric(name)?.get())?.values ?? [];
  return { metrics: new GymMetrics(registry, () => world), samples };
}

/** Values by their labels' values; what is 0 left out. */
const counted = (samples: readonly Sample[]): Record<string, number> =>
  Object.fromEntries(samples.filter(({ value }) => value !== 0).map(({ labels, value }) => [Object.values(labels).join(' '), value]));

const fault = (type: string, injectedTime?: string) =>
  ({ type, target: { namespace: 'payments', name: 'api' }, ...(injectedTime ? { injectedTime } : {}) }) as never;
const incident = (status?: IncidentStatus): Incident =>
  ({ metadata: { name: 'i' }, spec: { faults: [] }, ...(status ? { status } : {}) }) as unknown as Incident;
const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

test('designs are counted by what became of them, from zero on', async () => {
  const { metrics, samples } = open();
  metrics.design('proven');
  metrics.design('refuted');
  metrics.design('refuted');
  const values = (await samples('gym_designs_total')).map(({ labels, value }) => [labels.outcome, value]);
  expect(Object.fromEntries(values)).toEqual({ proven: 1, refuted: 2, undecided: 0, invalid: 0, failed: 0, used: 0 });
});

test('episodes that ended without their line in the archive are counted, from zero on', async () => {
  const { metrics, samples } = open();
  expect(await samples('gym_episodes_unarchived_total')).toMatchObject([{ value: 0 }]);
  metrics.unarchived();
  expect(await samples('gym_episodes_unarchived_total')).toMatchObject([{ value: 1 }]);
});

describe('episodes', () => {
  const episode = (outcome?: string, faults?: unknown[]): Episode =>
    ({ metadata: { name: 'e' }, spec: faults ? { incident: { faults } } : {}, status: { outcome } }) as unknown as Episode;

  test.each<[string, Episode, Incident | undefined, string]>([
    ['by outcome and fault', episode('Resolved'), incident({ faults: [fault('oom_kill')] }), 'Resolved oom_kill'],
    [
      'of several faults under all their types, in one order',
      episode('TimedOut'),
      incident({ faults: [fault('scale_zero'), fault('crashloop')] }),
      'TimedOut crashloop+scale_zero',
    ],
    ['in which nothing was broken', episode('GaveUp'), incident({ faults: [] }), 'GaveUp none'],
    [
      'by the faults that they asked for, where there is no incident',
      episode('Abandoned', [fault('image_pull')]),
      undefined,
      'Abandoned image_pull',
    ],
    ['without an outcome as failures of the gym', episode(undefined), undefined, 'InfrastructureFailed none'],
  ])('are counted %s', async (_, ended, played, labels) => {
    const { metrics, samples } = open();
    metrics.episode(ended, played);
    expect(counted(await samples('gym_episodes_total'))).toEqual({ [labels]: 1 });
  });

  test('are there for every outcome and fault before the first one ended, so that a rate sees it', async () => {
    const samples = await open().samples('gym_episodes_total');
    expect(samples.map(({ value }) => value)).toEqual(Array(OUTCOMES.length * FAULT_TYPES.length).fill(0));
  });
});

describe('an incident', () => {
  const injected = { faults: [fault('crashloop', at(0)), fault('oom_kill', at(1))] };
  const hurt = { ...injected, symptomTime: at(2.5) };
  const resolved = { ...hurt, resolvedTime: at(92.5) };
  const label = 'crashloop+oom_kill';
  const sums = async (changes: readonly [after: IncidentStatus, before: IncidentStatus | undefined][]) => {
    const { metrics, samples } = open();
    for (const [after, before] of changes) metrics.incident(incident(after), incident(before));
    const sum = async (name: string): Promise<unknown[]> =>
      (await samples(name))
        .filter(({ metricName }) => metricName === `${name}_sum` || metricName === `${name}_count`)
        .map(({ labels, value }) => [labels.fault, value]);
    return { toSymptom: await sum('gym_time_to_symptom_seconds'), toResolve: await sum('gym_time_to_resolve_seconds') };
  };
  const observed = (seconds: number) => [
    [label, seconds],
    [label, 1],
  ];

  test.each<[string, Parameters<typeof sums>[0], { toSymptom: unknown[]; toResolve: unknown[] }]>([
    ['is timed from the first injection to the symptom', [[hurt, injected]], { toSymptom: observed(2.5), toResolve: [] }],
    ['is timed from the symptom to the resolution', [[resolved, hurt]], { toSymptom: [], toResolve: observed(90) }],
    [
      'is timed once, however often its status is written',
      [
        [hurt, injected],
        [hurt, hurt],
        [resolved, hurt],
        [resolved, resolved],
      ],
      { toSymptom: observed(2.5), toResolve: observed(90) },
    ],
    ['that has not hurt anybody yet is not timed', [[injected, undefined]], { toSymptom: [], toResolve: [] }],
    [
      'in which nothing was injected has no time to a symptom',
      [[{ faults: [], symptomTime: at(1) }, { faults: [] }]],
      { toSymptom: [], toResolve: [] },
    ],
    [
      'that resolved before it hurt has no time to resolve',
      [[{ ...injected, resolvedTime: at(3) }, injected]],
      { toSymptom: [], toResolve: [] },
    ],
  ])('%s', async (_, changes, times) => {
    expect(await sums(changes)).toEqual(times);
  });
});

describe('arenas', () => {
  const arena = (more: { spec?: object; deletionTimestamp?: string; is?: string }): Arena =>
    ({
      metadata: { name: 'a', ...(more.deletionTimestamp ? { deletionTimestamp: more.deletionTimestamp } : {}) },
      spec: more.spec ?? {},
      status: { conditions: more.is ? [{ type: more.is, status: 'True' }] : [] },
    }) as unknown as Arena;
  const claimed = { claimRef: { name: 'i', uid: 'u' } };

  test('are counted by phase, each time that somebody looks', async () => {
    const all = [
      arena({}),
      arena({ is: 'Ready' }),
      arena({ is: 'Ready' }),
      arena({ is: 'Ready', spec: claimed }),
      arena({ deletionTimestamp: at(0), spec: claimed }),
      arena({ deletionTimestamp: at(0), is: 'Stuck' }),
    ];
    const { samples } = open({ arenas: { list: () => all } } as unknown as World);
    expect(counted(await samples('gym_arenas'))).toEqual({ Creating: 1, Ready: 2, Claimed: 1, Terminating: 1, Stuck: 1 });
    all.splice(0, 3);
    expect(counted(await samples('gym_arenas'))).toEqual({ Claimed: 1, Terminating: 1, Stuck: 1 });
  });

  test('are none, in every phase, before the operator has its caches', async () => {
    const samples = await open().samples('gym_arenas');
    expect(samples.map(({ labels, value }) => [labels.phase, value])).toEqual(
      ['Creating', 'Ready', 'Claimed', 'Terminating', 'Stuck'].map((phase) => [phase, 0]),
    );
  });
});
