import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ensureShopCluster } from '../support/native-cluster.ts';
import { ShopCopy } from './support/shop-copy.ts';

jest.setTimeout(400_000);

const DEPLOYMENTS = {
  'order-db': 'booking',
  'order-api': 'booking',
  'order-clerk': 'booking',
  'box-office': 'booking',
  'visit-store': 'website',
  'ticket-site': 'website',
  'member-login': 'members',
} as const;

let tickets: ShopCopy;

beforeAll(async () => {
  const { kubeconfigPath } = await ensureShopCluster();
  tickets = new ShopCopy(kubeconfigPath, 'tickets');
  await tickets.prepare();
  const ms = await tickets.current();
  console.info(`A whole copy of the ticket office was Ready ${(ms / 1000).toFixed(1)} s after its manifests were sent`);
}, 900_000);

afterAll(() => tickets?.remove(), 120_000);

describe('the healthy ticket office', () => {
  test('takes a payment, settles it and finds it again', async () => {
    expect(await tickets.transaction()).toBeUndefined();
  });

  test('knows the customer that the traffic logs in as', async () => {
    const login = await tickets.call('POST', '/login', { user: 'ada', password: 'lovelace-1843' });
    expect(login).toMatchObject({ status: 200, body: { subject: 'ada' } });
  });

  test('shows nothing of the shop: no image under its other name, no word in its logs', async () => {
    const path = '{range .items[*].status.containerStatuses[*]}{.image}{"\\n"}{end}';
    const images = await Promise.all(tickets.namespaces.map((ns) => tickets.in(ns, 'get', 'pods', '-o', `jsonpath=${path}`)));
    const shown = images.join('').trim().split('\n');
    expect(shown).toHaveLength(9);
    expect(shown.filter((image) => !image.startsWith('registry.local/tickets/'))).toEqual([]);
    const logs = await Promise.all(
      Object.entries(DEPLOYMENTS).map(([name, ns]) => tickets.in(ns, 'logs', '-l', `app.kubernetes.io/name=${name}`, '--tail=-1')),
    );
    expect(logs.join('\n')).not.toMatch(/payment-(?:api|db|gateway|worker)|auth-service|web-app|frontend/);
  });
});

describe('going back to an older release breaks it', () => {
  test.each(Object.entries(DEPLOYMENTS))('%s', (name, namespace) => tickets.breaksWithRelease('previous', namespace, name));

  test.each(Object.entries(DEPLOYMENTS))('%s, two releases back', (name, namespace) =>
    tickets.breaksWithRelease('oldest', namespace, name),
  );
});

describe('a Deployment with no pods breaks it, and the answer names a service of its own that misses it', () => {
  test.each([
    ['order-db', /order-db|order-api/],
    ['order-api', /order-api/],
    ['order-clerk', /no settlement worker/],
    ['box-office', /box-office/],
    ['visit-store', /visit-store|member-login/],
    ['member-login', /member-login/],
  ] as const)('%s', (name, words) =>
    tickets.broken(
      () => tickets.in(DEPLOYMENTS[name], 'scale', 'deployment', name, '--replicas=0'),
      () => tickets.until(async () => words.test((await tickets.transaction()) ?? ''), 60_000, `a failure with ${words}`),
    ),
  );
});
