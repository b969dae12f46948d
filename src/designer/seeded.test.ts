import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { inlineIncidentSchema } from '../api/incident.ts';
import { targetsOf, validateFaults } from '../faults/engine.ts';
import { FAULTS } from '../faults/index.ts';
import { captureBaseline } from '../health/baseline.ts';
import { targetKey } from '../health/snapshot.ts';
import type { Deployment, KubeObject, ResourceQuota, Service } from '../kube/types.ts';
import { MULTI_FAULT, seededIncident } from './seeded.ts';

const TYPES = [...FAULTS.keys()];
const manifests = readFileSync(new URL('../../sample_app/rendered/default/current.yaml', import.meta.url), 'utf8');
const objects = parseAllDocuments(manifests).map((doc) => doc.toJS() as KubeObject);
const ofKind = <T extends KubeObject>(kind: string) => objects.filter((o) => o.kind === kind) as T[];
const app = captureBaseline(
  {
    deployments: ofKind<Deployment>('Deployment'),
    services: ofKind<Service>('Service'),
    quotas: ofKind<ResourceQuota>('ResourceQuota'),
    others: [],
  },
  new Date(0),
);
const incidents = Array.from({ length: 400 }, (_, seed) => seededIncident(seed, app));
const singles = incidents.filter(({ faults }) => faults.length === 1);
const tally = (keys: string[]) => Object.values(Object.groupBy(keys, (key) => key)).map((group) => group?.length ?? 0);

describe('seededIncident', () => {
  test('has pages that say no word that names a fault class', () => {
    const terms = [...FAULTS.values()].flatMap((f) => f.diagnosisTerms);
    for (const { alert } of incidents)
      for (const term of terms) expect(`${alert?.title} ${alert?.message}`.toLowerCase()).not.toContain(term);
  });
  test('the same seed gives the same bytes', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        fc.option(fc.constantFrom(...TYPES, MULTI_FAULT), { nil: undefined }),
        (seed, fault) => {
          expect(JSON.stringify(seededIncident(seed, app, fault))).toBe(JSON.stringify(seededIncident(seed, structuredClone(app), fault)));
        },
      ),
      { numRuns: 30 },
    );
  });
  test('every seed is playable and fits the kind', () => {
    for (const incident of incidents) {
      expect(validateFaults(incident.faults, app)).toBeUndefined();
      expect(() => inlineIncidentSchema(TYPES).parse(incident)).not.toThrow();
    }
  });
  test('the fault types come equally often', () => {
    const counts = tally(singles.map(({ faults }) => faults[0].type));
    expect(counts).toHaveLength(TYPES.length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });
  test.each(TYPES)('%s meets all its targets equally often', (type) => {
    const counts = tally(singles.filter(({ faults }) => faults[0].type === type).map(({ faults }) => targetKey(faults[0].target)));
    expect(counts).toHaveLength(targetsOf(type, app).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });
  test('any ten neighbours show every fault type', () => {
    for (let from = 0; from < 100; from++) {
      const types = new Set(incidents.slice(from, from + 10).flatMap(({ faults }) => faults.map(({ type }) => type)));
      expect(types.size).toBe(TYPES.length);
    }
  });
  test('a quarter breaks two or three things, of different types in different namespaces', () => {
    const multi = incidents.filter(({ faults }) => faults.length > 1);
    expect(multi).toHaveLength(100);
    expect(tally(multi.map(({ faults }) => String(faults.length)))).toEqual([50, 50]);
    for (const { faults } of multi) {
      expect(new Set(faults.map(({ target }) => target.namespace)).size).toBe(faults.length);
      expect(new Set(faults.map(({ type }) => type)).size).toBe(faults.length);
    }
  });
  test('parameters differ between seeds of one target', () => {
    const limits = new Set(Array.from({ length: 40 }, (_, seed) => seededIncident(seed, app, 'oom_kill').faults[0].params?.limit));
    expect(limits.size).toBeGreaterThan(1);
  });
  test('a fault that is asked for is the one that comes', () => {
    for (const type of TYPES) expect(seededIncident(7, app, type).faults.map((f) => f.type)).toEqual([type]);
    expect(seededIncident(7, app, MULTI_FAULT).faults.length).toBeGreaterThan(1);
  });
  test('the alert names no fault type', () => {
    for (const { alert } of incidents) for (const type of TYPES) expect(`${alert?.title} ${alert?.message}`).not.toContain(type);
  });
  test.each([
    ['a negative seed', -1, undefined, /Seed -1 is no integer from 0/],
    ['a fraction', 1.5, undefined, /Seed 1.5/],
    ['an unknown fault', 1, 'oom', /Fault type oom does not exist; the types are oom_kill, .*multi-fault/],
  ] as const)('refuses %s', (_name, seed, fault, message) => expect(() => seededIncident(seed, app, fault)).toThrow(message));
  test('says so when nothing can suffer the fault', () => {
    expect(() => seededIncident(1, { ...app, deployments: [] }, 'oom_kill')).toThrow('Nothing in this app can suffer oom_kill');
  });
});
