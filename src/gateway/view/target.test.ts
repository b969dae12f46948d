import { describe, expect, test } from '@jest/globals';
import { parseRequestLine, type ResourceTarget, resourcePath } from './target.ts';

const target = (url: string) => parseRequestLine(url).target;

describe('request lines', () => {
  const resources: Record<string, object> = {
    '/api/v1/namespaces': { group: '', version: 'v1', resource: 'namespaces' },
    '/api/v1/namespaces/payments': { resource: 'namespaces', namespace: 'payments', name: 'payments' },
    '/api/v1/namespaces/payments/finalize': { resource: 'namespaces', namespace: 'payments', subresource: 'finalize' },
    '/api/v1/namespaces/payments/pods': { resource: 'pods', namespace: 'payments' },
    '/api/v1/namespaces/payments/pods/a/log?follow=true': { resource: 'pods', name: 'a', subresource: 'log' },
    '/api/v1/namespaces/payments/services/a/proxy/x/../y': { kind: 'malformed' },
    '/api/v1/namespaces/payments/services/a/proxy/x/y': { resource: 'services', name: 'a', subresource: 'proxy' },
    '/apis/apps/v1/deployments': { group: 'apps', resource: 'deployments' },
    '/apis/apps/v1/namespaces/auth/deployments/web/': { group: 'apps', namespace: 'auth', resource: 'deployments', name: 'web' },
    '/api/v1/nodes/n': { resource: 'nodes', name: 'n' },
    '/version': { kind: 'version' },
    '/apis': { kind: 'discovery', path: '/apis' },
    '/apis/apps/v1': { kind: 'discovery', group: 'apps' },
    '/openapi/v3/apis/apps/v1?hash=A': { kind: 'openapi', path: '/openapi/v3/apis/apps/v1' },
    '/openapi/v3/../../metrics': { kind: 'malformed' },
    '/metrics': { kind: 'other', path: '/metrics' },
    '/api/v1/watch/pods': { kind: 'other' },
    '/api/v1/proxy/nodes/n': { kind: 'other' },
    '/': { kind: 'other', path: '/' },
    '/API/v1/pods': { kind: 'other' },
  };
  for (const [url, expected] of Object.entries(resources)) {
    test(url, () => expect(target(url)).toMatchObject(expected));
  }
  test.each([
    '/api/v1/namespaces/payments%2f..%2fkube-system/pods',
    '/api/v1/namespaces//pods',
    '//api/v1/pods',
    '/api/v1/namespaces/payments/../kube-system/pods',
    '/api/v1/namespaces/%2e%2e/pods',
    '/api/v1/namespaces/payments%00/pods',
    '/api/v1/namespaces/payments%252f/pods',
    '/api/v1/namespaces/pay%zzments/pods',
    '/api/v1/namespaces/payments%0d%0aX:/pods',
    'http://elsewhere/api',
    '',
  ])('%j is malformed', (url) => expect(target(url)).toEqual({ kind: 'malformed' }));

  test('a resource path goes out in one canonical spelling', () => {
    const path = (url: string, namespace?: string) => resourcePath(target(url) as ResourceTarget, namespace);
    expect(path('/api/v1/namespaces/p%61yments/pods/a/log', 'payments-x')).toBe('/api/v1/namespaces/payments-x/pods/a/log');
    expect(path('/apis/rbac.authorization.k8s.io/v1/namespaces/auth/roles/system:x', 'auth-x')).toBe(
      '/apis/rbac.authorization.k8s.io/v1/namespaces/auth-x/roles/system%3Ax',
    );
    expect(path('/api/v1/namespaces/payments', 'payments-x')).toBe('/api/v1/namespaces/payments-x');
    expect(path('/apis/apps/v1/deployments', 'auth-x')).toBe('/apis/apps/v1/namespaces/auth-x/deployments');
  });
});

describe('queries', () => {
  const query = (text: string) => parseRequestLine(`/api?${text}`).query;
  test('flags are read as apimachinery reads them', () => {
    expect(['watch', 'watch=', 'watch=1', 'watch=true', 'watch=x', 'watch=1&watch=0'].map((text) => query(text).flag('watch'))).toEqual(
      Array(6).fill(true),
    );
    expect(['', 'watch=0', 'watch=False', 'Watch=1', 'watch=0&watch=1'].map((text) => query(text).flag('watch'))).toEqual(
      Array(5).fill(false),
    );
  });
  test('only known parameters go out, single ones once, in our spelling', () => {
    expect(query('watch=0&watch=1&command=a&command=b%26c&evil=1&labelSelector=a%3Db').toString()).toBe(
      '?watch=0&command=a&command=b%26c&labelSelector=a%3Db',
    );
    expect(query('limit=5').with('limit', undefined).toString()).toBe('');
    expect(query('limit=5').with('continue', 'x y').toString()).toBe('?limit=5&continue=x%20y');
  });
});
