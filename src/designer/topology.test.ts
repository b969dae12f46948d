import { expect, test } from '@jest/globals';
import { shopBaseline } from '../faults/testing.ts';
import { workloadKey } from '../health/snapshot.ts';
import { hopsBetween, topologyOf } from './topology.ts';

const app = shopBaseline();
const topology = topologyOf(app);

test('who asks whom is what the manifests say', () => {
  expect(topology.dependencies.map((d) => `${d.from} asks ${d.to} (${d.variable})`).sort()).toEqual([
    'auth/auth-service asks frontend/frontend-cache (SESSION_STORE_URL)',
    'frontend/web-app asks auth/auth-service (AUTH_SERVICE_URL)',
    'frontend/web-app asks payments/payment-gateway (PAYMENT_GATEWAY_URL)',
    'payments/payment-api asks payments/payment-db (DATABASE_URL)',
    'payments/payment-gateway asks auth/auth-service (AUTH_SERVICE_URL)',
    'payments/payment-gateway asks payments/payment-api (PAYMENT_API_URL)',
    'payments/payment-worker asks payments/payment-db (DATABASE_URL)',
  ]);
});

test('every workload has a role, and no two the same', () => {
  expect(Object.fromEntries(topology.roleOf)).toEqual({
    'frontend/web-app': 'frontDoor',
    'payments/payment-gateway': 'gateway',
    'auth/auth-service': 'identity',
    'frontend/frontend-cache': 'sessions',
    'payments/payment-api': 'payments',
    'payments/payment-db': 'database',
    'payments/payment-worker': 'settlement',
  });
  expect([...topology.roleOf.keys()].sort()).toEqual(app.deployments.map(workloadKey).sort());
});

test('roles come from variables, not from names, ports or real namespaces', () => {
  const text = JSON.stringify(app).replaceAll('payment-db', 'ledger').replaceAll('web-app', 'shop').replaceAll(':5432', ':6000');
  const renamed = topologyOf(JSON.parse(text.replaceAll('payments-k3x9a1b2c3', 'payments')));
  expect(renamed.roleOf.get('payments/ledger')).toBe('database');
  expect(renamed.roleOf.get('frontend/shop')).toBe('frontDoor');
  expect(renamed.targetOf.get('settlement')).toEqual({ namespace: 'payments', name: 'payment-worker' });
});

test.each([
  ['frontend/web-app', 'frontend/web-app', 0],
  ['frontend/web-app', 'payments/payment-gateway', 1],
  ['frontend/web-app', 'frontend/frontend-cache', 2],
  ['frontend/web-app', 'payments/payment-db', 3],
  ['frontend/web-app', 'payments/payment-worker', 4],
  ['payments/payment-worker', 'frontend/web-app', 4],
  ['frontend/web-app', 'frontend/nothing', Number.POSITIVE_INFINITY],
])('from %s to %s it is %d', (from, to, hops) => {
  expect(hopsBetween(topology, from, to)).toBe(hops);
});
