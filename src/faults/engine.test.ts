import { describe, expect, test } from '@jest/globals';
import type { Alert, FaultSpec } from '../api/incident.ts';
import { onePage } from './alerts.ts';
import { attemptsOf, contextOf, makeAlert, planInjection, resolveFaults, scenarioHash, targetsOf, validateFaults } from './engine.ts';
import { FAULT_TYPES, FAULTS, registry } from './index.ts';
import { shopBaseline } from './testing.ts';

const baseline = shopBaseline();
const spec = (type: string, key: string, params?: Record<string, string>): FaultSpec => {
  const [namespace, name] = key.split('/');
  return { type, target: { namespace, name }, ...(params ? { params } : {}) };
};
/** Every fault on everything it can hurt. */
const everything = FAULT_TYPES.flatMap((type) => targetsOf(type, baseline).map((t): FaultSpec => ({ type, target: t })));

test('two faults of one type are refused', () => {
  const fault = [...FAULTS.values()][0];
  expect(() => registry([fault, fault])).toThrow(`Two faults have the type ${fault.type}`);
});

describe('validateFaults', () => {
  test.each<[string, FaultSpec[], string]>([
    [
      'an unknown type',
      [spec('disk_full', 'payments/payment-api')],
      'Fault type disk_full does not exist; the types are oom_kill, crashloop,',
    ],
    [
      'a Deployment that does not exist',
      [spec('oom_kill', 'payments/foo')],
      'Deployment payments/foo does not exist; the app has auth/auth-service, frontend/frontend-cache,',
    ],
    ['a target the fault cannot hurt', [spec('oom_kill', 'frontend/web-app')], 'oom_kill does not hurt frontend/web-app; it can hurt '],
    [
      'a container that does not exist',
      [{ type: 'oom_kill', target: { namespace: 'payments', name: 'payment-api', container: 'x' } }],
      'has no container x; it has payment-api',
    ],
    ['an unknown parameter', [spec('oom_kill', 'payments/payment-api', { size: '1' })], 'oom_kill has no parameter size; it has limit'],
    [
      'a parameter of a fault that has none',
      [spec('scale_zero', 'payments/payment-api', { to: '1' })],
      'scale_zero has no parameter to; it has none',
    ],
    [
      'a limit that would not kill',
      [spec('oom_kill', 'payments/payment-api', { limit: '1Gi' })],
      'limit "1Gi" must be a quantity from 8Mi to',
    ],
    ['a limit that is none', [spec('oom_kill', 'payments/payment-api', { limit: 'low' })], 'limit "low" must be a quantity'],
    ['a mode that does not exist', [spec('image_pull', 'payments/payment-api', { mode: 'x' })], 'mode "x" must be one of tag, repository'],
    ['a variable that is no URL', [spec('bad_config', 'payments/payment-api', { variable: 'DB_PASSWORD' })], 'must be one of DATABASE_URL'],
    [
      'a path that is the right one',
      [spec('liveness_probe', 'payments/payment-api', { path: '/healthz' })],
      'that is not the one the probe asks for now',
    ],
    [
      'a quota resource that is not limited',
      [spec('resource_quota', 'auth/auth-service', { resource: 'services' })],
      'must be one of pods,',
    ],
    [
      'a target named twice',
      [spec('oom_kill', 'payments/payment-api'), spec('scale_zero', 'payments/payment-api')],
      'Two faults have the target payments/payment-api',
    ],
    [
      'one quota tightened twice',
      [spec('resource_quota', 'payments/payment-api'), spec('resource_quota', 'payments/payment-db')],
      'Two resource_quota faults are in namespace payments',
    ],
  ])('refuses %s', (_, faults, sentence) => {
    expect(validateFaults(faults, baseline)).toContain(sentence);
    expect(() => resolveFaults(faults, baseline)).toThrow(sentence);
  });

  test('accepts every fault on everything it can hurt', () => {
    for (const fault of everything) expect(validateFaults([fault], baseline)).toBeUndefined();
  });
  test('accepts three faults in three namespaces, and none', () => {
    const three = [
      spec('oom_kill', 'payments/payment-api'),
      spec('image_pull', 'frontend/web-app'),
      spec('scale_zero', 'auth/auth-service'),
    ];
    expect(validateFaults(three, baseline)).toBeUndefined();
    expect(validateFaults([], baseline)).toBeUndefined();
  });
});

describe('targetsOf', () => {
  test.each([
    ['oom_kill', ['auth/auth-service', 'payments/payment-api', 'payments/payment-gateway', 'payments/payment-worker']],
    [
      'bad_config',
      ['auth/auth-service', 'frontend/web-app', 'payments/payment-api', 'payments/payment-gateway', 'payments/payment-worker'],
    ],
    [
      'liveness_probe',
      ['auth/auth-service', 'frontend/web-app', 'payments/payment-api', 'payments/payment-gateway', 'payments/payment-worker'],
    ],
  ])('%s hurts only what it can hurt', (type, keys) => {
    expect(
      targetsOf(type, baseline)
        .map((t) => `${t.namespace}/${t.name}`)
        .sort(),
    ).toEqual(keys);
  });
  test.each(['crashloop', 'image_pull', 'scale_zero', 'resource_quota'])('%s hurts every Deployment', (type) => {
    expect(targetsOf(type, baseline)).toHaveLength(7);
  });
});

describe('resolveFaults', () => {
  test('gives the same parameters for the same specs, in any arena', () => {
    const other = JSON.parse(JSON.stringify(baseline).replaceAll('k3x9a1b2c3', 'zzzzzzzzzz'));
    for (const fault of everything) expect(resolveFaults([fault], other)).toEqual(resolveFaults([fault], baseline));
  });
  test('keeps what is given and fills in the rest', () => {
    const [record] = resolveFaults([spec('image_pull', 'auth/auth-service', { mode: 'repository' })], baseline);
    expect(record).toMatchObject({ state: 'Pending', params: { mode: 'repository', suffix: expect.stringMatching(/^-/) } });
  });
});

describe('planInjection', () => {
  test('is repeatable: the same records give the same mutations', () => {
    for (const fault of everything) {
      const records = resolveFaults([fault], baseline);
      expect(planInjection(records, baseline)).toEqual(planInjection(records, baseline));
    }
  });
  test('touches only the target, or the quota and pods of its namespace', () => {
    for (const fault of everything) {
      for (const m of planInjection(resolveFaults([fault], baseline), baseline)) {
        expect(m.namespace).toBe(fault.target.namespace);
        if (m.verb === 'patch' && m.kind === 'Deployment') expect(m.name).toBe(fault.target.name);
      }
    }
  });
  test('writes nothing that names the gym or a fault', () => {
    const text = JSON.stringify(everything.flatMap((f) => planInjection(resolveFaults([f], baseline), baseline)));
    expect(text).not.toMatch(/gym|fault|chaos|inject|broken|wrong|oom/i);
  });
});

describe('makeAlert', () => {
  test('never names the cause, and names the workload', () => {
    for (const fault of everything) {
      const { title, message } = makeAlert([fault]);
      expect(`${title} ${message}`).toContain(fault.target.name);
      for (const term of [...FAULTS.values()].flatMap((f) => f.diagnosisTerms))
        expect(`${title} ${message}`.toLowerCase()).not.toContain(term);
    }
  });
  test('of several faults is one page that names every workload', () => {
    const alert = makeAlert([spec('oom_kill', 'payments/payment-api'), spec('scale_zero', 'auth/auth-service')]);
    expect(alert.title).toBe('2 alerts: payment-api, auth-service');
    expect(alert.message.split('\n')).toHaveLength(2);
    expect(alert.message.length).toBeLessThan(2000);
  });
  test('of no fault does not say that something is broken', () => {
    const { severity, title, message } = makeAlert([]);
    expect(severity).toBe('info');
    expect(`${title} ${message}`).not.toMatch(/fail|error|broken|unavailable|restart/i);
  });
  test('says the same only once', () => {
    const alert = { severity: 'warning' as const, title: 'web-app: some logins fail', message: 'Some logins fail.' };
    const other = { severity: 'critical' as const, title: 'web-app: checkout fails', message: 'Checkout fails.' };
    const at = (page: Alert) => ({ place: 'web-app', alert: page });
    expect(onePage([at(alert), at({ ...alert })])).toEqual(alert);
    expect(onePage([at(alert), at(other)])).toMatchObject({ severity: 'critical', title: '2 alerts: web-app' });
    expect(onePage([at(alert), at({ ...alert, message: 'Logins are slow.' })]).severity).toBe('warning');
    expect(() => onePage([])).toThrow('A page needs an alert');
  });
});

describe('attempts', () => {
  test.each(everything.map((f) => [`${f.type} on ${f.target.namespace}/${f.target.name}`, f] as const))(
    '%s has a fix, three more ways and six cheats, each of its own',
    (_, fault) => {
      const [record] = resolveFaults([fault], baseline);
      const { reference, honest, cheats } = attemptsOf(record, baseline);
      expect(honest.length).toBeGreaterThanOrEqual(3);
      expect(cheats.length).toBeGreaterThanOrEqual(6);
      const all = [reference, ...honest, ...cheats];
      expect(new Set(all.map((a) => a.lines.join('\n'))).size).toBe(all.length);
      for (const { lines } of all) for (const line of lines) expect(line).not.toMatch(/undefined|NaN|\[object/);
    },
  );
});

describe('scenarioHash', () => {
  const record = (params: Record<string, string>) => ({ ...spec('image_pull', 'auth/auth-service'), params });
  const alert = makeAlert([]);
  test('does not depend on the order of keys', () => {
    expect(scenarioHash({ faults: [record({ a: '1', b: '2' })], alert })).toBe(
      scenarioHash({ faults: [record({ b: '2', a: '1' })], alert }),
    );
  });
  test.each([
    ['a parameter', { faults: [record({ a: '2' })], alert }],
    ['the alert', { faults: [record({ a: '1' })], alert: { ...alert, title: 'other' } }],
    ['another app', { app: 'tickets' as const, faults: [record({ a: '1' })], alert }],
    ['a limit', { faults: [record({ a: '1' })], alert, maxSteps: 3 }],
    ['a red herring', { faults: [record({ a: '1' })], alert, redHerrings: [{ kind: 'change_note', target: record({}).target }] }],
  ])('changes with %s', (_, scenario) => {
    expect(scenarioHash(scenario)).not.toBe(scenarioHash({ faults: [record({ a: '1' })], alert }));
  });
  test('is for the default app what it was when there was no other', () => {
    const scenario = { faults: [record({ a: '1' })], alert };
    expect(scenarioHash({ ...scenario, app: 'default' })).toBe(scenarioHash(scenario));
  });
});

test('a target that is gone from the baseline is named in the error', () => {
  expect(() => contextOf({ namespace: 'payments', name: 'nothing' }, baseline)).toThrow('Deployment payments/nothing does not exist');
});
