import { describe, expect, test } from '@jest/globals';
import { addServedRules, planAccessReview } from './access-review.ts';
import type { Perspective } from './policy.ts';
import { ResourceIndex } from './resource-index.ts';

const resources = (scope: string, ...names: string[]) => names.map((resource) => ({ resource, scope }));
const view: Perspective = {
  arena: { id: 'k3x9q2m7ab', plain: ['payments', 'auth'] },
  hidden: { groups: [], managers: /gym/ },
  user: 'oncall',
  index: new ResourceIndex([
    {
      items: [
        {
          versions: [
            {
              version: 'v1',
              resources: [...resources('Namespaced', 'pods'), ...resources('Cluster', 'nodes', 'namespaces', 'persistentvolumes')],
            },
          ],
        },
      ],
    },
  ]),
};
const ask = (resourceAttributes: object) => {
  const plan = planAccessReview({ spec: { resourceAttributes } }, view);
  return 'answer' in plan
    ? (plan.answer.status as { allowed: boolean }).allowed
    : (plan.ask.spec as { resourceAttributes: object }).resourceAttributes;
};
const path = (nonResourceAttributes: object) => planAccessReview({ spec: { nonResourceAttributes } }, view);

describe('may I?', () => {
  test('what the view serves of the cluster is allowed, whatever RBAC would say', () => {
    expect(ask({ verb: 'list', resource: 'nodes', namespace: 'payments' })).toBe(true);
    expect(ask({ verb: 'list', resource: 'namespaces' })).toBe(true);
    expect(ask({ verb: 'get', resource: 'namespaces', name: 'auth-k3x9q2m7ab' })).toBe(true);
    expect(path({ verb: 'get', path: '/openapi/v3' })).toMatchObject({ answer: { status: { allowed: true } } });
  });
  test('what the view refuses is not, whatever RBAC would say', () => {
    expect(ask({ verb: 'get', resource: 'namespaces', name: 'kube-system' })).toBe(false);
    expect(ask({ verb: 'delete', resource: 'namespaces', name: 'auth' })).toBe(false);
    expect(path({ verb: 'get', path: '/healthz' })).toMatchObject({ answer: { status: { allowed: false } } });
  });
  test('a list of all namespaces is a list of one', () => {
    expect(ask({ verb: 'list', resource: 'pods' })).toEqual({ verb: 'list', resource: 'pods', namespace: 'payments' });
  });
  test.each([
    { verb: 'create', resource: 'pods', namespace: 'payments' },
    { verb: 'delete', resource: 'pods' },
    { verb: 'patch', resource: 'nodes' },
    { verb: 'get', resource: 'nodes', subresource: 'proxy' },
    { verb: 'list', resource: 'persistentvolumes' },
    { verb: '*', resource: '*' },
  ])('RBAC answers %j', (attributes) => expect(ask(attributes)).toEqual(attributes));
  test('a list of rules gains what the view serves', () => {
    const { status } = addServedRules({
      status: { resourceRules: [{ verbs: ['get'] }], nonResourceRules: [{ nonResourceURLs: ['/healthz'] }] },
    }) as {
      status: { resourceRules: object[]; nonResourceRules: { nonResourceURLs: string[] }[] };
    };
    expect(status.resourceRules[0]).toEqual({ verbs: ['get'] });
    expect(status.resourceRules).toContainEqual({ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['nodes'] });
    expect(status.nonResourceRules.flatMap((rule) => rule.nonResourceURLs)).not.toContain('/healthz');
  });
});
