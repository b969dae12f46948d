import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type ArenaNames,
  plainNamespace,
  realNamespace,
  toPlain,
  toPlainValue,
  toReal,
  toRealCommand,
  toRealValue,
} from './arena-names.ts';

const id = 'k3x9q2m7ab';
const arena: ArenaNames = { id, plain: ['payments', 'frontend', 'auth'] };
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('names of namespaces', () => {
  test('a plain name gets the id, a real or foreign one stays', () => {
    expect(realNamespace('payments', arena)).toBe(`payments-${id}`);
    expect(realNamespace(`payments-${id}`, arena)).toBe(`payments-${id}`);
    expect(realNamespace('kube-system', arena)).toBe('kube-system');
  });
  test('both spellings of an arena namespace are recognised, others are not', () => {
    expect(plainNamespace('auth', arena)).toBe('auth');
    expect(plainNamespace(`auth-${id}`, arena)).toBe('auth');
    expect(plainNamespace('auth-otherarena1', arena)).toBeUndefined();
    expect(plainNamespace('', arena)).toBeUndefined();
  });
  test('an id that is no neutral random word is refused', () => {
    expect(() => toReal('x', { id: 'a-b', plain: ['payments'] })).toThrow(/10 or more/);
  });
});

describe('text towards the cluster', () => {
  const mapped: Record<string, [string, string]> = {
    'a service DNS name': ['payment-api.payments.svc', `payment-api.payments-${id}.svc`],
    'a full DNS name': ['payment-api.payments.svc.cluster.local:80', `payment-api.payments-${id}.svc.cluster.local:80`],
    'a name with a port': ['db.payments:5432', `db.payments-${id}:5432`],
    'a connection string keeps its database': [
      'postgresql://pay:s3cret@payment-db.payments:5432/payments',
      `postgresql://pay:s3cret@payment-db.payments-${id}:5432/payments`,
    ],
    'a URL without a port': ['see http://web.frontend/healthz', `see http://web.frontend-${id}/healthz`],
    'a host alone': ['cache.frontend', `cache.frontend-${id}`],
    'hosts in nginx configuration': ['proxy_pass http://auth-service.auth; # login', `proxy_pass http://auth-service.auth-${id}; # login`],
    'a list of hosts': ['payment-db.payments,auth-service.auth', `payment-db.payments-${id},auth-service.auth-${id}`],
    'a templated host': [`http://\${HOST}.payments:8080`, `http://\${HOST}.payments-${id}:8080`],
    'a proxy exception': ['.payments.svc', `.payments-${id}.svc`],
    'a service account user': ['system:serviceaccount:payments:oncall', `system:serviceaccount:payments-${id}:oncall`],
    'a service account group': ['system:serviceaccounts:auth', `system:serviceaccounts:auth-${id}`],
    'an API path': ['/api/v1/namespaces/auth/pods', `/api/v1/namespaces/auth-${id}/pods`],
    'a configuration line': ['namespace: payments', `namespace: payments-${id}`],
    'nested JSON': ['{"namespace":"payments"}', `{"namespace":"payments-${id}"}`],
  };
  for (const [sentence, [from, to]] of Object.entries(mapped)) {
    test(`${sentence} is mapped`, () => {
      expect(toReal(from, arena)).toBe(to);
      expect(toReal(to, arena)).toBe(to);
      expect(toPlain(to, arena)).toBe(from);
    });
  }
  const kept = [
    'payments',
    'payment-api',
    'app=payments',
    '/payments/list',
    'registry.local/payments:v1',
    'if (config.auth) return req.auth;',
    'spring.auth.url=x',
    'payments.example.com',
    'x.payments-other.svc',
    'x.payments2.svc',
    'mypayments.svc',
    'POST /auth HTTP/1.1',
    'redis://:pw@cache:6379/auth',
  ];
  test.each(kept)('%s stays as it is', (text) => {
    expect(toReal(text, arena)).toBe(text);
  });
  test('in a shell any label before a namespace is a host', () => {
    expect(toRealCommand('for i in 1 2; do wget -qO- web.payments; done', arena)).toBe(
      `for i in 1 2; do wget -qO- web.payments-${id}; done`,
    );
    expect(toRealCommand('nslookup payment-api.payments.svc', arena)).toBe(`nslookup payment-api.payments-${id}.svc`);
    expect(toRealCommand('cat /etc/payments/web.auth', arena)).toBe('cat /etc/payments/web.auth');
    expect(toRealCommand('psql -d payments', arena)).toBe('psql -d payments');
  });
  test('mapping is idempotent on any text built from its parts', () => {
    const part = fc.constantFrom('payments', 'auth', '.', ':', '/', '-', 'svc', 'x', ' ', id, 'namespace', '=', '8', '"');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        for (const map of [toReal, toRealCommand, toPlain]) expect(map(map(text, arena), arena)).toBe(map(text, arena));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('objects towards the cluster', () => {
  test('a namespace field is mapped, a label of the same word is not', () => {
    expect(toRealValue({ metadata: { name: 'payments', namespace: 'payments', labels: { app: 'payments' } } }, arena)).toEqual({
      metadata: { name: 'payments', namespace: `payments-${id}`, labels: { app: 'payments' } },
    });
  });
  test('subjects, selectors, environment and Namespace objects are mapped', () => {
    const input = {
      subjects: [{ kind: 'ServiceAccount', name: 'auth', namespace: 'auth' }],
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'auth' } } }],
      expr: { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['auth', 'other'] },
      env: [
        { name: 'TARGET_NAMESPACE', value: 'payments' },
        { name: 'POSTGRES_DB', value: 'payments' },
      ],
      affinity: { namespaces: ['payments'] },
      ns: { kind: 'Namespace', metadata: { name: 'payments' } },
      attributes: { resource: 'namespaces', name: 'payments', namespace: 'payments' },
      scheduled: [1, null, true],
    };
    expect(toRealValue(input, arena)).toEqual({
      subjects: [{ kind: 'ServiceAccount', name: 'auth', namespace: `auth-${id}` }],
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': `auth-${id}` } } }],
      expr: { key: 'kubernetes.io/metadata.name', operator: 'In', values: [`auth-${id}`, 'other'] },
      env: [
        { name: 'TARGET_NAMESPACE', value: `payments-${id}` },
        { name: 'POSTGRES_DB', value: 'payments' },
      ],
      affinity: { namespaces: [`payments-${id}`] },
      ns: { kind: 'Namespace', metadata: { name: `payments-${id}` } },
      attributes: { resource: 'namespaces', name: `payments-${id}`, namespace: `payments-${id}` },
      scheduled: [1, null, true],
    });
  });
  test('JSON-patch operations are mapped by their path', () => {
    const patch = [
      { op: 'replace', path: '/subjects/0/namespace', value: 'payments' },
      { op: 'add', path: '/metadata/labels/app', value: 'payments' },
      { op: 'test', path: '/spec/host', value: 'x.payments.svc' },
      { op: 'remove', path: '/metadata/labels/payments' },
    ];
    expect(toRealValue(patch, arena)).toEqual([
      { op: 'replace', path: '/subjects/0/namespace', value: `payments-${id}` },
      { op: 'add', path: '/metadata/labels/app', value: 'payments' },
      { op: 'test', path: '/spec/host', value: `x.payments-${id}.svc` },
      { op: 'remove', path: '/metadata/labels/payments' },
    ]);
  });
  test('Secret data is mapped inside base64, as an object, in a List, in a patch, in last-applied; binary stays', () => {
    const url = 'postgresql://pay@payment-db.payments:5432/payments';
    const real = base64(url.replace('.payments', `.payments-${id}`));
    const binary = Buffer.from([0xff, 0xfe, 0x2e]).toString('base64');
    expect(toRealValue({ kind: 'Secret', data: { url: base64(url), key: binary } }, arena)).toEqual({
      kind: 'Secret',
      data: { url: real, key: binary },
    });
    expect(toRealValue({ kind: 'List', items: [{ kind: 'Secret', data: { url: base64(url) } }] }, arena)).toEqual({
      kind: 'List',
      items: [{ kind: 'Secret', data: { url: real } }],
    });
    expect(toRealValue({ data: { url: base64(url) } }, arena, { secret: true })).toEqual({ data: { url: real } });
    expect(toRealValue({ data: { url: base64(url) } }, arena)).toEqual({ data: { url: base64(url) } });
    expect(toRealValue([{ op: 'replace', path: '/data/url', value: base64(url) }], arena, { secret: true })).toEqual([
      { op: 'replace', path: '/data/url', value: real },
    ]);
    expect(toRealValue({ data: { url: Buffer.from(url) } }, arena, { secret: true })).toEqual({
      data: { url: Buffer.from(real, 'base64') },
    });
    const lastApplied = (data: string, namespace: string) =>
      `${JSON.stringify({ kind: 'Secret', metadata: { namespace }, data: { url: data } })}\n`;
    const annotated = (text: string) => ({
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': text } },
    });
    const mapped = toRealValue(annotated(lastApplied(base64(url), 'payments')), arena, { secret: true });
    expect(mapped).toEqual(annotated(lastApplied(real, `payments-${id}`)));
    expect(toPlainValue(mapped, arena)).toEqual(annotated(lastApplied(base64(url), 'payments')));
  });
  test('last-applied is written as Go writes it and untouched text keeps its bytes', () => {
    const annotated = (text: string) => ({ annotations: { 'kubectl.kubernetes.io/last-applied-configuration': text } });
    const same = '{"a": "x<y"}\n';
    expect(toRealValue(annotated(same), arena)).toEqual(annotated(same));
    expect(toRealValue(annotated('{"metadata":{"namespace":"auth"},"a":"x\\u003cy"}\n'), arena)).toEqual(
      annotated(`{"metadata":{"namespace":"auth-${id}"},"a":"x\\u003cy"}\n`),
    );
    expect(toRealValue(annotated('not json payments'), arena)).toEqual(annotated('not json payments'));
  });
  test('values and keys lose the id towards the agent', () => {
    expect(
      toPlainValue({ [`a.payments-${id}`]: [`payments-${id}`, 7, null], kind: 'Secret', data: { k: base64(`x.auth-${id}.svc`) } }, arena),
    ).toEqual({
      'a.payments': ['payments', 7, null],
      kind: 'Secret',
      data: { k: base64('x.auth.svc') },
    });
  });
});
