import { describe, expect, test } from '@jest/globals';
import { Resources, resourceOf, resourcePath } from './resource.ts';

describe('resourcePath', () => {
  const cases: [string, string, string][] = [
    ['a collection of the core group', resourcePath(Resources.pods, { namespace: 'a' }), '/api/v1/namespaces/a/pods'],
    ['a collection over all namespaces', resourcePath(Resources.deployments), '/apis/apps/v1/deployments'],
    [
      'a status',
      resourcePath(Resources.incidents, { namespace: 'a', name: 'b' }, 'status'),
      '/apis/kubesregym.dev/v1alpha1/namespaces/a/incidents/b/status',
    ],
    ['a cluster-scoped object', resourcePath(Resources.namespaces, { name: 'a' }), '/api/v1/namespaces/a'],
    [
      'a name that would leave its path',
      resourcePath(Resources.pods, { namespace: 'a', name: '../x' }),
      '/api/v1/namespaces/a/pods/..%2Fx',
    ],
  ];
  test.each(cases)('%s', (_name, path, expected) => expect(path).toBe(expected));

  test('refuses an object of a namespaced kind without its namespace', () => {
    expect(() => resourcePath(Resources.pods, { name: 'a' })).toThrow('Pod a needs a namespace');
  });
  test('refuses a namespace for a cluster-scoped kind', () => {
    expect(() => resourcePath(Resources.namespaces, { namespace: 'x', name: 'a' })).toThrow('Namespace has no namespace');
  });
  test('refuses an empty name, which would mean the whole collection', () => {
    expect(() => resourcePath(Resources.pods, { namespace: 'a', name: '' })).toThrow('Pod needs a name');
  });
});

describe('resourceOf', () => {
  test('finds a kind by apiVersion and kind', () => {
    expect(resourceOf({ apiVersion: 'apps/v1', kind: 'Deployment' })).toBe(Resources.deployments);
  });
  test('guesses nothing', () => {
    expect(() => resourceOf({ apiVersion: 'apps/v1beta1', kind: 'Deployment', metadata: { name: 'x' } })).toThrow(
      'apps/v1beta1 Deployment (x) are not known',
    );
  });
});
