import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ensureShopCluster } from '../support/native-cluster.ts';
import { ShopCopy } from './support/shop-copy.ts';

jest.setTimeout(400_000);

const DEPLOYMENTS = {
  'payment-db': 'payments',
  'payment-api': 'payments',
  'payment-worker': 'payments',
  'payment-gateway': 'payments',
  'frontend-cache': 'frontend',
  'web-app': 'frontend',
  'auth-service': 'auth',
} as const;

let shop: ShopCopy;

beforeAll(async () => {
  const { kubeconfigPath } = await ensureShopCluster();
  shop = new ShopCopy(kubeconfigPath);
  await shop.prepare();
  const ms = await shop.current();
  console.info(`A whole copy of the shop was Ready ${(ms / 1000).toFixed(1)} s after its manifests were sent`);
}, 900_000);

afterAll(() => shop?.remove(), 120_000);

const broken: ShopCopy['broken'] = (...how) => shop.broken(...how);

const patch = (name: keyof typeof DEPLOYMENTS, spec: object) =>
  shop.in(DEPLOYMENTS[name], 'patch', 'deployment', name, '--type=strategic', '-p', JSON.stringify({ spec: { template: { spec } } }));

describe('the healthy shop', () => {
  test('takes a payment, settles it and finds it again', async () => {
    expect(await shop.transaction()).toBeUndefined();
  });

  test('a customer who logs in pays under her own name', async () => {
    const login = await shop.call('POST', '/login', { user: 'ada', password: 'lovelace-1843' });
    expect(login.status).toBe(200);
    const token = { 'x-session-token': String(login.body.token) };
    const paid = await shop.call('POST', '/pay', { amount: 250, currency: 'USD', reference: `book-${Date.now()}` }, token);
    expect(paid).toMatchObject({ status: 201, body: { customer: 'ada' } });
    expect(await shop.call('POST', '/logout', {}, token)).toMatchObject({ status: 200 });
    expect(await shop.call('POST', '/pay', { amount: 250, currency: 'USD', reference: 'late' }, token)).toMatchObject({ status: 401 });
  });

  test.each([
    [{ amount: 0, currency: 'EUR', reference: 'a' }, 'bad_amount'],
    [{ amount: 100, currency: 'XXX', reference: 'a' }, 'currency_not_accepted'],
    [{ amount: 100, currency: 'EUR', reference: 'a b' }, 'bad_reference'],
    [{ amount: 900_000, currency: 'EUR', reference: 'a' }, 'amount_too_large'],
  ])('a bad payment %j is refused as %s', async (body, error) => {
    expect(await shop.call('POST', '/pay', body)).toMatchObject({ status: 400, body: { error } });
  });

  test('needs at most 450 MB', async () => {
    let total = 0;
    await shop.until(
      async () => {
        const tables = await Promise.all(shop.namespaces.map((ns) => shop.in(ns, 'top', 'pods', '--no-headers').catch(() => '')));
        const rows = tables.join('').trim().split('\n').filter(Boolean);
        total = rows.reduce((sum, row) => sum + Number(/(\d+)Mi\s*$/.exec(row)?.[1]), 0);
        return rows.length === 9;
      },
      60_000,
      'metrics of all nine pods',
    );
    console.info(`The copy uses ${total} MiB`);
    expect(total * 1.048576).toBeLessThanOrEqual(450);
  });
});

describe('going back to an older release breaks it', () => {
  test.each(Object.entries(DEPLOYMENTS))('%s', (name, namespace) => shop.breaksWithRelease('previous', namespace, name));

  test.each(Object.entries(DEPLOYMENTS))('%s, two releases back', (name, namespace) => shop.breaksWithRelease('oldest', namespace, name));
});

describe('a Deployment with no pods breaks it, and the answer names a service that misses it', () => {
  test.each([
    ['payment-db', /payment-db|payment-api/],
    ['payment-api', /payment-api/],
    ['payment-worker', /no settlement worker/],
    ['payment-gateway', /payment-gateway/],
    ['frontend-cache', /frontend-cache|auth-service/],
    ['auth-service', /auth-service/],
  ] as const)('%s', (name, words) =>
    broken(
      () => shop.in(DEPLOYMENTS[name], 'scale', 'deployment', name, '--replicas=0'),
      () => shop.until(async () => words.test((await shop.transaction()) ?? ''), 60_000, `a failure with ${words}`),
    ),
  );

  test('web-app', () =>
    broken(
      () => shop.in('frontend', 'scale', 'deployment', 'web-app', '--replicas=0'),
      () =>
        shop.until(
          async () => /no endpoints|ServiceUnavailable/.test(JSON.stringify(await shop.call('GET', '/healthz').catch(String))),
          60_000,
          'no endpoints',
        ),
    ));
});

describe('a singleton above one breaks', () => {
  test('payment-db: rows of one pod are not in the other', () =>
    broken(
      async () => {
        await shop.in('payments', 'scale', 'deployment', 'payment-db', '--replicas=2');
        await shop.shows(/^2$/m, 'payments', 'get', 'deployment', 'payment-db', '-o', 'jsonpath={.status.readyReplicas}');
      },
      () =>
        shop.until(
          async () => /payment_not_found|foreign key|still pending/.test((await shop.transaction()) ?? ''),
          60_000,
          'a read that misses',
        ),
    ));

  test('payment-worker: the second ends and says why', () =>
    broken(
      () => shop.in('payments', 'scale', 'deployment', 'payment-worker', '--replicas=2'),
      async () => {
        await shop.shows(
          /another worker holds the settlement lease/,
          'payments',
          'logs',
          '-l',
          'app.kubernetes.io/name=payment-worker',
          '--tail=-1',
          '--prefix',
        );
        await shop.shows(/CrashLoopBackOff|Error/, 'payments', 'get', 'pods', '-l', 'app.kubernetes.io/name=payment-worker');
      },
    ));
});

describe('each fault shows itself as in real life', () => {
  const pods = (name: keyof typeof DEPLOYMENTS, pattern: RegExp, ...more: string[]) =>
    shop.shows(pattern, DEPLOYMENTS[name], 'get', 'pods', '-l', `app.kubernetes.io/name=${name}`, ...more);

  test.each(['payment-api', 'payment-gateway', 'payment-worker', 'auth-service'] as const)(
    '%s with a memory limit of 30Mi is OOMKilled with 137',
    (name) =>
      broken(
        () => patch(name, { containers: [{ name, resources: { requests: { memory: '30Mi' }, limits: { memory: '30Mi' } } }] }),
        () =>
          pods(
            name,
            /OOMKilled:137/,
            '-o',
            'jsonpath={range .items[*].status.containerStatuses[*]}{.lastState.terminated.reason}:{.lastState.terminated.exitCode} {end}',
          ),
      ),
  );

  test('a wrong command is a CrashLoopBackOff', () =>
    broken(
      () =>
        patch('payment-gateway', { containers: [{ name: 'payment-gateway', command: ['/bin/sh', '-c', 'echo bad flag >&2; exit 1'] }] }),
      () => pods('payment-gateway', /CrashLoopBackOff/),
    ));

  test('a tag that does not exist is an ImagePullBackOff', () =>
    broken(
      () => shop.in('auth', 'set', 'image', 'deployment/auth-service', 'auth-service=registry.local/shop/auth-service:1.7.3'),
      () => pods('auth-service', /ImagePullBackOff/),
    ));

  test('a wrong DATABASE_URL is a pod that is not ready and a log line with the host', () =>
    broken(
      () => shop.in('payments', 'set', 'env', 'deployment/payment-api', 'DATABASE_URL=postgres://shop:x@wrong-host.invalid:5432/shop'),
      async () => {
        const logs = await shop.shows(/wrong-host/, 'payments', 'logs', '-l', 'app.kubernetes.io/name=payment-api');
        expect(logs).toMatch(/"level":"error","msg":"database connection failed","host":"wrong-host.invalid".*"code":"ENOTFOUND"/);
        await pods('payment-api', /0\/1 +Running/);
        expect(await shop.transaction()).toMatch(/^pay: 50[23] .*payment-api/);
      },
    ));

  test('a liveness probe on a path that is not there restarts the container', () =>
    broken(
      () => patch('payment-api', { containers: [{ name: 'payment-api', livenessProbe: { httpGet: { path: '/nonexistent' } } }] }),
      async () => {
        await pods('payment-api', /[1-9]/, '-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}');
        await shop.shows(/Liveness probe failed: HTTP probe failed with statuscode: 404/, 'payments', 'get', 'events');
      },
    ));

  test('a tight quota lets no new pod in', () =>
    broken(
      async () => {
        await shop.in('payments', 'create', 'quota', 'compute', '--hard=pods=1');
        await shop.in('payments', 'delete', 'pod', '-l', 'app.kubernetes.io/name=payment-gateway');
      },
      () => shop.shows(/FailedCreate.*exceeded quota: compute/, 'payments', 'get', 'events'),
      () => shop.in('payments', 'delete', 'quota', 'compute'),
    ));
});

test.each(Object.entries(DEPLOYMENTS))('%s ends by itself when its pod is deleted', async (name, namespace) => {
  // 143 would be a program that ignores what it was asked, 137 one that had to be killed at the end of its grace period.
  expect(await shop.deletePod(namespace, name)).toBe(0);
});
