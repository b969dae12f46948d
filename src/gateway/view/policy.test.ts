import { describe, expect, test } from '@jest/globals';
import { decide, type Perspective } from './policy.ts';
import { ResourceIndex } from './resource-index.ts';
import { parseRequestLine } from './target.ts';

const resources = (scope: string, ...names: string[]) => names.map((resource) => ({ resource, scope, responseKind: { kind: 'X' } }));
const view: Perspective = {
  arena: { id: 'k3x9q2m7ab', plain: ['payments', 'frontend', 'auth'] },
  hidden: { groups: ['kubesregym.dev'], managers: /gym/ },
  user: 'system:serviceaccount:auth:oncall',
  index: new ResourceIndex([
    {
      items: [
        {
          metadata: {},
          versions: [
            {
              version: 'v1',
              resources: [
                ...resources('Namespaced', 'pods', 'services'),
                ...resources('Cluster', 'nodes', 'namespaces', 'persistentvolumes'),
              ],
            },
          ],
        },
      ],
    },
    {
      items: [
        { metadata: { name: 'apps' }, versions: [{ version: 'v1', resources: resources('Namespaced', 'deployments') }] },
        {
          metadata: { name: 'authorization.k8s.io' },
          versions: [{ version: 'v1', resources: resources('Cluster', 'selfsubjectaccessreviews', 'subjectaccessreviews') }],
        },
        { metadata: { name: 'kubesregym.dev' }, versions: [{ version: 'v1alpha1', resources: resources('Namespaced', 'incidents') }] },
      ],
    },
  ]),
};
const on = (line: string) => {
  const [method, url] = line.split(' ');
  return decide(method, parseRequestLine(url), view);
};
const refusal = (line: string) => {
  const decision = on(line);
  return decision.act === 'refuse' ? `${decision.status.code} ${decision.status.message}` : decision.act;
};

describe('what goes on', () => {
  test('a request inside an arena namespace, in either spelling, goes to the real one', () => {
    expect(on('GET /api/v1/namespaces/payments/pods')).toMatchObject({ act: 'forward', namespace: 'payments-k3x9q2m7ab' });
    expect(on('PATCH /apis/apps/v1/namespaces/auth-k3x9q2m7ab/deployments/x')).toMatchObject({
      act: 'forward',
      namespace: 'auth-k3x9q2m7ab',
    });
    expect(on('GET /api/v1/namespaces/auth')).toMatchObject({ act: 'forward', namespace: 'auth-k3x9q2m7ab' });
  });
  test('a list over all namespaces is merged, of namespaces themselves too', () => {
    expect(on('GET /apis/apps/v1/deployments')).toMatchObject({ act: 'merge' });
    expect(on('GET /api/v1/namespaces')).toEqual({ act: 'namespaces' });
  });
  test('allowed cluster reads, reviews of oneself and documents', () => {
    expect(on('GET /api/v1/nodes').act).toBe('cluster');
    expect(on('GET /api/v1/nodes/n?watch=1').act).toBe('cluster');
    expect(on('POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews').act).toBe('cluster');
    for (const path of ['/version', '/api', '/apis', '/apis/apps', '/apis/apps/v1', '/openapi/v2', '/openapi/v3'])
      expect(on(`GET ${path}`)).toEqual({ act: 'document', path });
  });
});

describe('what is refused, in whose words', () => {
  const who = 'User "system:serviceaccount:auth:oncall"';
  const refusals: Record<string, string> = {
    'GET /api/v1/namespaces/kube-system/pods': '404 namespaces "kube-system" not found',
    'POST /api/v1/namespaces/payments-otherarena1/pods': '404 namespaces "payments-otherarena1" not found',
    'GET /api/v1/namespaces/kube-system': '404 namespaces "kube-system" not found',
    'DELETE /api/v1/namespaces/payments': `403 namespaces "payments" is forbidden: ${who} cannot delete resource "namespaces" in API group "" in the namespace "payments"`,
    'PUT /api/v1/namespaces/payments/finalize': `403 namespaces "payments" is forbidden: ${who} cannot update resource "namespaces/finalize" in API group "" in the namespace "payments"`,
    'POST /api/v1/namespaces': `403 namespaces is forbidden: ${who} cannot create resource "namespaces" in API group "" at the cluster scope`,
    'GET /api/v1/persistentvolumes': `403 persistentvolumes is forbidden: ${who} cannot list resource "persistentvolumes" in API group "" at the cluster scope`,
    'GET /api/v1/nodes/n/proxy/metrics': `403 nodes "n" is forbidden: ${who} cannot get resource "nodes/proxy" in API group "" at the cluster scope`,
    'PATCH /api/v1/nodes/n': `403 nodes "n" is forbidden: ${who} cannot patch resource "nodes" in API group "" at the cluster scope`,
    'POST /apis/authorization.k8s.io/v1/subjectaccessreviews': `403 subjectaccessreviews.authorization.k8s.io is forbidden: ${who} cannot create resource "subjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope`,
    'POST /api/v1/namespaces/auth/serviceaccounts/oncall/token': `403 serviceaccounts "oncall" is forbidden: ${who} cannot create resource "serviceaccounts/token" in API group "" in the namespace "auth"`,
    'GET /metrics': `403 forbidden: ${who} cannot get path "/metrics"`,
    'GET /healthz': `403 forbidden: ${who} cannot get path "/healthz"`,
    'GET /apis/kubesregym.dev/v1alpha1/incidents': '404 the server could not find the requested resource',
    'GET /apis/kubesregym.dev/v1alpha1': '404 the server could not find the requested resource',
    'GET /openapi/v3/apis/kubesregym.dev/v1alpha1': '404 the server could not find the requested resource',
    'GET /apis/apps/v1/nosuch': '404 the server could not find the requested resource',
    'DELETE /api/v1/pods': '405 the server does not allow this method on the requested resource',
    'OPTIONS /api/v1/pods': '405 the server does not allow this method on the requested resource',
    'GET /api/v1/pods?watch': '403 pods is forbidden: a watch over all namespaces is not available here; watch one namespace with -n',
    'GET /api/v1/namespaces?watch=1': '403 namespaces is forbidden: a watch over namespaces is not available here; list them again',
    'GET /api/v1/namespaces/auth/pods/p/portforward':
      '403 pods "p" is forbidden: port-forward is not available here; use "kubectl exec" with wget or curl inside a pod',
  };
  for (const [line, expected] of Object.entries(refusals)) test(line, () => expect(refusal(line)).toBe(expected));
});
