import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inlineIncidentSchema } from '../api/incident.ts';
import type { Scenario } from '../curriculum/scenario-source.ts';
import { FAULT_TYPES, faultOf } from '../faults/index.ts';
import { RED_HERRING_KINDS } from '../faults/red-herrings/index.ts';
import { planRedHerrings, resolveRedHerrings, validateComposition } from '../faults/red-herrings/plan.ts';
import { shopBaseline } from '../faults/testing.ts';
import { clone } from '../health/testing.ts';
import { scoreDiagnosis } from '../reward/diagnosis.ts';
import { difficultyOf } from './difficulty.ts';
import { compose, noFaultControl } from './procedural.ts';
import { scenarioSource } from './scenarios.ts';

const app = shopBaseline();
const source = scenarioSource(app, [0.25, 0.4, 0.6, 0.8, 0.95]);
const pools = [...source.pools('train'), ...source.pools('eval')];
const scenarios: fc.Arbitrary<Scenario> = fc
  .tuple(fc.constantFrom(...pools), fc.nat())
  .map(([pool, n]) => source.at(pool, n % source.count(pool)));
const seeds = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const noise = fc.nat({ max: 4 });
/** What the words earn for the fault class alone, 0..0.5. */
const terms = Object.fromEntries(FAULT_TYPES.map((type) => [type, faultOf(type).diagnosisTerms]));
const classScore = (words: string, faults: Scenario['faults']): number =>
  scoreDiagnosis(words, { faults: faults.map(({ type }) => ({ workload: 'any', type })), terms, workloads: [] });
const text = ({ alert }: ReturnType<typeof compose>) => `${alert?.title} ${alert?.message}`;

describe('compose', () => {
  test('gives the same bytes for the same arguments', () => {
    fc.assert(
      fc.property(scenarios, seeds, noise, (scenario, seed, redHerrings) => {
        const options = { seed, redHerrings, maxDifficulty: 0.95 };
        const once = JSON.stringify(compose(scenario, { ...options, app }));
        expect(JSON.stringify(compose(scenario, { ...options, app: clone(app) }))).toBe(once);
      }),
      { numRuns: 20 },
    );
  });
  test('makes what can be played and fits the kind', () => {
    fc.assert(
      fc.property(scenarios, seeds, noise, (scenario, seed, redHerrings) => {
        const incident = compose(scenario, { seed, app, redHerrings, maxDifficulty: 0.95 });
        expect(validateComposition(incident, app)).toBeUndefined();
        expect(() => inlineIncidentSchema(FAULT_TYPES, RED_HERRING_KINDS).parse(incident)).not.toThrow();
        expect(incident.faults).toMatchObject(scenario.faults);
        expect(incident.redHerrings?.length ?? 0).toBeLessThanOrEqual(redHerrings);
      }),
      { numRuns: 60 },
    );
  });
  test('states a difficulty that counts distance and noise, and keeps below what is allowed', () => {
    fc.assert(
      fc.property(scenarios, seeds, noise, fc.nat({ max: 20 }), (scenario, seed, redHerrings, slack) => {
        const maxDifficulty = scenario.difficulty + slack / 100;
        const { faults, difficulty = 0, redHerrings: laid = [] } = compose(scenario, { seed, app, redHerrings, maxDifficulty });
        expect(difficulty).toBeLessThanOrEqual(maxDifficulty);
        expect(difficulty).toBeGreaterThanOrEqual(difficultyOf({ faults, redHerrings: laid.length }));
      }),
      { numRuns: 60 },
    );
  });
  test('without red herrings speaks of what is broken, and nothing else is there', () => {
    fc.assert(
      fc.property(scenarios, seeds, (scenario, seed) => {
        const incident = compose(scenario, { seed, app, redHerrings: 0, maxDifficulty: 1 });
        expect(incident.redHerrings).toBeUndefined();
        expect(incident.difficulty).toBe(scenario.difficulty);
        for (const { target } of scenario.faults) expect(text(incident)).toContain(target.name);
      }),
      { numRuns: 30 },
    );
  });
  test('never names a cause, nor anything that only lies beside', () => {
    fc.assert(
      fc.property(scenarios, seeds, (scenario, seed) => {
        const incident = compose(scenario, { seed, app, redHerrings: 4, maxDifficulty: 1 });
        const made = planRedHerrings(resolveRedHerrings(incident.redHerrings ?? [], app), app).flatMap((m) =>
          m.verb === 'create' ? [m.object.metadata.name] : [],
        );
        const terms = scenario.faults.flatMap((f) => faultOf(f.type).diagnosisTerms);
        for (const word of [...FAULT_TYPES, ...RED_HERRING_KINDS, ...terms, ...made])
          expect(text(incident).toLowerCase()).not.toContain(word);
      }),
      { numRuns: 60 },
    );
  });
  test('gives nothing for the class to who copies the page as a diagnosis', () => {
    fc.assert(
      fc.property(scenarios, seeds, noise, (scenario, seed, redHerrings) => {
        const incident = compose(scenario, { seed, app, redHerrings, maxDifficulty: 1 });
        expect(classScore(text(incident), incident.faults)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
  test('meets every kind of red herring, none to four, and pages from other places too', () => {
    const [pool] = source.pools('train').filter((p) => p.type === 'image_pull' && p.size === 1);
    const all = Array.from({ length: 200 }, (_, seed) => {
      const scenario = source.at(pool, seed % source.count(pool));
      return { scenario, incident: compose(scenario, { seed, app, redHerrings: 4, maxDifficulty: 1 }) };
    });
    const laid = all.map(({ incident }) => incident.redHerrings ?? []);
    expect(new Set(laid.map((some) => some.length))).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(new Set(laid.flat().map((h) => h.kind))).toEqual(new Set(RED_HERRING_KINDS));
    const elsewhere = all.filter(({ scenario, incident }) => !text(incident).includes(scenario.faults[0].target.name));
    expect(elsewhere.length).toBeGreaterThan(40);
    expect(elsewhere.length).toBeLessThan(180);
  });
  test('refuses a scenario that is harder than allowed', () => {
    const [pool] = source.pools('train').filter((p) => p.size === 3);
    expect(() => compose(source.at(pool, 0), { seed: 1, app, redHerrings: 0, maxDifficulty: 0.5 })).toThrow('more than the 0.5');
  });
});

test.each([
  ['scale_zero', 'somebody scaled it down', 0.5],
  ['scale_zero', 'spec.replicas: 0', 0.5],
  ['scale_zero', 'the Deployment has zero replicas', 0.5],
  ['scale_zero', 'replicas unavailable', 0],
  ['scale_zero', 'fewer available replicas than it should have', 0],
  ['resource_quota', 'replicas unavailable', 0],
])('a diagnosis of %s earns for "%s" %d', (type, words, earned) => {
  expect(classScore(words, [{ type, target: { namespace: 'payments', name: 'payment-api' } }])).toBe(earned);
});

describe('noFaultControl', () => {
  const controls = Array.from({ length: 100 }, (_, seed) => noFaultControl(seed, app));
  test('breaks nothing, can be played and is the same each time', () => {
    for (const [seed, control] of controls.entries()) {
      expect(control.faults).toEqual([]);
      expect(validateComposition(control, app)).toBeUndefined();
      expect(() => inlineIncidentSchema(FAULT_TYPES, RED_HERRING_KINDS).parse(control)).not.toThrow();
      expect(noFaultControl(seed, clone(app))).toEqual(control);
    }
  });
  test('pages what really happened: the workload that the page names was restarted', () => {
    for (const control of controls) {
      const restarted = control.redHerrings?.find((h) => h.kind === 'fresh_pods');
      expect(text(control)).toContain(`${restarted?.target.name} in namespace ${restarted?.target.namespace}`);
      expect(text(control)).not.toMatch(/restart|pod|roll|no fault|harmless/i);
      expect(['info', 'warning']).toContain(control.alert?.severity);
    }
  });
  test('differs from seed to seed, with more or less beside', () => {
    expect(new Set(controls.map((c) => c.alert?.title)).size).toBeGreaterThan(6);
    expect(new Set(controls.map((c) => c.redHerrings?.length))).toEqual(new Set([1, 2, 3]));
  });
  test('needs a workload that stops for a rollout', () => {
    const recreated = app.deployments.map((d) => ({ ...d, spec: { ...d.spec, strategy: { type: 'Recreate' } } }));
    expect(() => noFaultControl(1, { ...app, deployments: recreated.map((d) => ({ ...d, spec: { ...d.spec, replicas: 2 } })) })).toThrow(
      'No workload of this app can be restarted without harm',
    );
  });
});
