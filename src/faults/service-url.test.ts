import { describe, expect, test } from '@jest/globals';
import { sameServiceUrl } from './service-url.ts';

const was = 'postgres://shop:$(DB_PASSWORD)@payment-db.payments-k3x9a1b2c3.svc.cluster.local:5432/shop';
const at = (host: string): string => was.replace('payment-db.payments-k3x9a1b2c3.svc.cluster.local', host);

describe('sameServiceUrl', () => {
  test.each([
    ['the Service alone', at('payment-db')],
    ['Service and namespace', at('payment-db.payments-k3x9a1b2c3')],
    ['the short domain', at('payment-db.payments-k3x9a1b2c3.svc')],
    ['a full name with a dot', at('payment-db.payments-k3x9a1b2c3.svc.cluster.local.').replace('local.:', 'local.:')],
  ])('%s is the same', (_, live) => expect(sameServiceUrl(live, was, 'payments')).toBe(true));

  test.each([
    ['another Service', at('payment-db-v2.payments-k3x9a1b2c3.svc')],
    ['another namespace', at('payment-db.auth-k3x9a1b2c3.svc')],
    ['another port', was.replace('5432', '5433')],
    ['another database', was.replace('/shop', '/test')],
    ['another user', was.replace('shop:', 'root:')],
    ['a host outside', at('payment-db.example.com')],
    ['no URL', 'payment-db'],
  ])('%s is not', (_, live) => expect(sameServiceUrl(live, was, 'payments')).toBe(false));

  test('a short name from a pod of another namespace is not the same', () => {
    expect(sameServiceUrl(at('payment-db'), was, 'auth')).toBe(false);
  });
});
