import { describe, expect, test } from '@jest/globals';
import type { FaultSpec } from '../api/incident.ts';
import { workloadKey } from '../health/snapshot.ts';
import { clone } from '../health/testing.ts';
import { planInjection, resolveFaults, targetsOf } from './engine.ts';
import type { Mutation } from './fault.ts';
import { FAULT_TYPES } from './index.ts';
import { restoreMutations } from './restore.ts';
import { shopBaseline } from './testing.ts';

const baseline = shopBaseline();
const spec = (type: string, namespace: string, name: string): FaultSpec => ({ type, target: { namespace, name } });
const everything = FAULT_TYPES.flatMap((type) => targetsOf(type, baseline).map((target): FaultSpec => ({ type, target })));

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Merge patch (RFC 7386); `strategic`: lists of things with names are merged by name, as the API server does with containers and env. */
function merge(into: unknown, patch: unknown, strategic: boolean): unknown {
  if (strategic && Array.isArray(patch) && Array.isArray(into) && isObject(patch[0]) && 'name' in patch[0]) {
    const names = patch.map((item) => item.name);
    const kept = into.map((item) => (names.includes(item.name) ? merge(item, patch[names.indexOf(item.name)], true) : item));
    return [...kept, ...patch.filter(({ name }) => !into.some((item) => item.name === name))];
  }
  if (!isObject(patch)) return patch;
  const out: Json = isObject(into) ? { ...into } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || (isObject(value) && value.$patch === 'delete')) delete out[key];
    else out[key] = merge(out[key], value, strategic);
  }
  return out;
}

/** The app after these mutations, as an API server would store it; pods do not matter. */
function applied(app: ReturnType<typeof shopBaseline>, mutations: readonly Mutation[]): ReturnType<typeof shopBaseline> {
  const next = clone(app);
  for (const m of mutations) {
    if (m.verb !== 'patch') continue;
    const objects: { metadata: { namespace?: string; name: string }; spec: object }[] = [...next.deployments, ...next.quotas];
    const kindOf = m.kind === 'Deployment' ? next.deployments : next.quotas;
    const object = objects.find((o) => (kindOf as unknown[]).includes(o) && workloadKey(o) === `${m.namespace}/${m.name}`);
    if (!object) throw new Error(`${m.kind} ${m.namespace}/${m.name} does not exist`);
    if (m.type !== 'json') Object.assign(object, merge(object, m.patch, m.type === 'strategic'));
    else
      for (const { op, path, value } of m.patch) {
        if (op !== 'add') throw new Error(`The test knows no operation ${op}`);
        Object.assign(object.spec, { [path.replace('/spec/', '')]: clone(value) });
      }
  }
  return next;
}

const broken = (faults: readonly FaultSpec[]) => applied(baseline, planInjection(resolveFaults(faults, baseline), baseline));

describe('restoring', () => {
  test.each(everything.map((fault) => [`${fault.type} on ${fault.target.namespace}/${fault.target.name}`, fault] as const))(
    'gives the baseline back after %s',
    (_, fault) => {
      const hurt = broken([fault]);
      expect(hurt).not.toEqual(baseline);
      expect(applied(hurt, restoreMutations([fault], baseline))).toEqual(baseline);
    },
  );
  test('gives the baseline back after three faults at once, and when it is repeated', () => {
    const three = [
      spec('resource_quota', 'payments', 'payment-api'),
      spec('crashloop', 'frontend', 'web-app'),
      spec('scale_zero', 'auth', 'auth-service'),
    ];
    const mutations = restoreMutations(three, baseline);
    expect(applied(broken(three), mutations)).toEqual(baseline);
    expect(applied(baseline, [...mutations, ...mutations])).toEqual(baseline);
  });
  test('leaves nothing of what else was done to a target', () => {
    const fault = spec('oom_kill', 'payments', 'payment-api');
    const hurt = broken([fault]);
    const { template } = hurt.deployments.filter((d) => workloadKey(d) === 'payments/payment-api')[0].spec;
    template.metadata = { ...template.metadata, annotations: { note: 'x' } };
    template.spec.containers.push({ name: 'sidecar' });
    expect(applied(hurt, restoreMutations([fault], baseline))).toEqual(baseline);
  });
  test('touches neither other workloads nor quotas of other namespaces', () => {
    for (const fault of everything) {
      for (const m of restoreMutations([fault], baseline)) {
        expect(m.namespace).toBe(fault.target.namespace);
        if (m.verb === 'patch' && m.kind === 'Deployment') expect(m.name).toBe(fault.target.name);
      }
    }
  });
  test('says which target the baseline lacks', () => {
    expect(() => restoreMutations([spec('oom_kill', 'payments', 'ledger')], baseline)).toThrow('Deployment payments/ledger does not exist');
  });
});
