import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { GymMetrics } from './metrics.ts';

test('designs are counted by what became of them, from zero on', async () => {
  const registry = new Registry();
  const metrics = new GymMetrics(registry, () => undefined);
  metrics.design('proven');
  metrics.design('refuted');
  metrics.design('refuted');
  const counted = (await registry.getSingleMetric('gym_designs_total')?.get())?.values.map(({ labels, value }) => [labels.outcome, value]);
  expect(Object.fromEntries(counted ?? [])).toEqual({ proven: 1, refuted: 2, undecided: 0, invalid: 0, failed: 0, used: 0 });
});
