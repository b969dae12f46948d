import { type RequestOptions, request } from 'node:https';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { GROUP } from '../../src/api/group.ts';
import { HUB_NAME } from '../../src/gateway/view-hub.ts';
import { realNamespace } from '../../src/kube/arena-names.ts';
import { type Arena, must, type OpenView, openWorld, type World } from './view-world.ts';

/** What the neighbour guards; it must never come through the view of another arena. */
const JEWEL = 'jewel-of-the-neighbour';
const IMAGE = 'registry.local/shop/payment-worker:2.4.1';

jest.setTimeout(60_000);

interface Attempt {
  /** METHOD path; {theirs} is the neighbour's real payments namespace, {node} a node, {id} and {theirId} the arenas' ids. */
  line: string;
  body?: object | string;
  headers?: Record<string, string>;
  expected: number | number[];
  /** What the answer must say. */
  says?: RegExp;
}

let world: World;
let mine: Arena;
let neighbour: Arena;
let view: OpenView;
let node: string;
let before: string;
let neighbourPodIp: string;

beforeAll(async () => {
  world = await openWorld();
  [mine, neighbour] = await Promise.all([world.makeArena({ app: false }), world.makeArena({ app: false })]);
  view = await world.openView(mine);
  node = (await must(world.admin(['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}']))).stdout;
  await must(world.admin(['create', 'secret', 'generic', 'treasure', `--from-literal=jewel=${JEWEL}`, '-n', theirs()]));
  await must(world.admin(['create', 'configmap', 'treasure', `--from-literal=jewel=${JEWEL}`, '-n', theirs()]));
  await must(world.admin(['create', 'configmap', 'traced', '--from-literal=a=b', '-n', ours(), '--field-manager=kube-sre-gym']));
  await must(world.admin(['label', 'configmap', 'traced', '-n', ours(), `${GROUP}/x=y`, '--field-manager=kube-sre-gym']));
  await must(world.admin(['apply', '--server-side', '-f', '-'], JSON.stringify(probeDefinition())));
  for (const namespace of [ours(), theirs()])
    await must(world.admin(['create', '-f', '-', '-n', namespace], JSON.stringify(pod('sleeper'))));
  for (const namespace of [ours(), theirs()])
    await must(world.admin(['wait', '--for=condition=Ready', 'pod/sleeper', '-n', namespace, '--timeout=120s']));
  neighbourPodIp = (await must(world.admin(['get', 'pod', 'sleeper', '-n', theirs(), '-o', 'jsonpath={.status.podIP}']))).stdout;
  before = await valuables();
}, 300_000);

afterAll(async () => {
  await world?.admin(['delete', 'crd', `viewprobes.${GROUP}`, '--wait=false', '--ignore-not-found']);
  await world?.close();
});

const read = (...lines: string[]): Attempt[] => lines.map((line) => ({ line, expected: [400, 403, 404, 405] }));

describe('other arenas and the cluster are out of reach', () => {
  const forged = (namespace: string) => Buffer.from(JSON.stringify([namespace, ''])).toString('base64url');
  run([
    ...read(
      'GET /api/v1/namespaces/{theirs}',
      'GET /api/v1/namespaces/{theirs}/secrets',
      'GET /api/v1/namespaces/{theirs}/secrets/treasure',
      'GET /api/v1/namespaces/{theirs}/pods/sleeper/log',
      'GET /api/v1/namespaces/{theirs}/secrets?watch=1',
      'GET /api/v1/namespaces/kube-system/secrets',
      'GET /api/v1/namespaces/kube-sre-gym-system/pods',
      'GET /api/v1/namespaces/default/services/kubernetes',
    ),
    ...read(
      'GET /api/v1/namespaces/payments%2f..%2f{theirs}/secrets',
      'GET /api/v1/namespaces/payments/../{theirs}/secrets',
      'GET /api/v1/namespaces/payments/secrets/..%2f..%2f{theirs}%2fsecrets%2ftreasure',
      'GET //api/v1/namespaces/{theirs}/secrets',
      'GET /api/v1//namespaces/{theirs}/secrets',
      'GET /./api/v1/namespaces/{theirs}/secrets',
      'GET /api/v1/namespaces/%70ayments-{theirId}/secrets',
      'GET /api/v1/namespaces/payments-{theirId}%00/secrets',
      'GET /API/v1/namespaces/{theirs}/secrets',
      'GET /api/v1/Namespaces/{theirs}/secrets',
      'GET /api/v1/namespaces/PAYMENTS/secrets',
      'GET /api/v1/namespaces/payments%20/secrets',
      'GET /api/v1/namespaces/payments;x={theirs}/secrets',
      'GET https://kubernetes.default/api/v1/namespaces/{theirs}/secrets',
      'GET /apis//v1/namespaces/{theirs}/secrets',
      'GET /apis/apps/v1/namespaces/{theirs}/deployments',
      'GET /api/v1/watch/secrets',
      'GET /api/v1/watch/namespaces/{theirs}/secrets',
      'GET /api/v1/proxy/namespaces/{theirs}/pods/sleeper',
      'GET /api/v1/secrets?watch',
      'GET /api/v1/secrets?watch=',
      'GET /api/v1/secrets?watch=TRUE&fieldSelector=metadata.namespace%3D{theirs}',
      `GET /api/v1/secrets?limit=5&continue=${forged('kube-system')}`,
      'GET /api/v1/namespaces/payments/pods/sleeper/exec/../../../../{theirs}/secrets',
      'GET /api/v1/namespaces/payments/services/kubernetes/proxy/',
      'GET /api/v1/namespaces/payments/pods/https:sleeper:10250/proxy/',
      'GET /api/v1/nodes/{node}/proxy/pods',
      'GET /api/v1/nodes/{node}/proxy/run/{theirs}/sleeper/main?cmd=id',
      'GET /api/v1/nodes/https:{node}:10250/proxy/',
      'GET /api/v1/persistentvolumes',
      'GET /api/v1/componentstatuses',
      'GET /apis/rbac.authorization.k8s.io/v1/clusterroles',
      'GET /apis/rbac.authorization.k8s.io/v1/namespaces/payments/rolebindings',
      'GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      'GET /apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
      'GET /apis/certificates.k8s.io/v1/certificatesigningrequests',
      'GET /apis/coordination.k8s.io/v1/leases',
      'GET /metrics',
      'GET /healthz',
      'GET /logs/',
      'GET /debug/pprof/',
      'GET /.well-known/openid-configuration',
      'GET /openid/v1/jwks',
      'GET /',
    ),
    { line: 'GET /api/v1/secrets', expected: 200 },
    { line: 'GET /api/v1/configmaps?fieldSelector=metadata.namespace%3D{theirs}', expected: 200 },
    { line: 'GET /api/v1/namespaces/payments/secrets?fieldSelector=metadata.namespace%3D{theirs}', expected: 200 },
    { line: 'GET /api/v1/secrets?watch=0&watch=1', expected: 200 },
    { line: 'GET /api/v1/namespaces?labelSelector=kubernetes.io/metadata.name%3D{theirs}', expected: 200, says: /"items":\[\]/ },
    { line: 'GET /api/v1/nodes', expected: 200, says: /^(?!.*"names":\[)/ },
  ]);
});

describe('nothing can be written outside, nor can the walls be moved', () => {
  const object = (kind: string, rest: object, apiVersion = 'v1') => ({ apiVersion, kind, ...rest });
  const configMap = (metadata: object) => object('ConfigMap', { metadata });
  run([
    { line: 'POST /api/v1/namespaces/{theirs}/configmaps', body: configMap({ name: 'x' }), expected: 404 },
    {
      line: 'POST /api/v1/namespaces/payments/configmaps',
      body: configMap({ name: 'x', namespace: '{theirs}' }),
      expected: 400,
      says: /does not match/,
    },
    {
      line: 'POST /api/v1/namespaces/payments/configmaps',
      body: object('List', { items: [configMap({ name: 'x', namespace: '{theirs}' })] }),
      expected: [400, 403],
    },
    {
      line: 'PUT /api/v1/namespaces/payments/configmaps/treasure',
      body: configMap({ name: 'treasure', namespace: '{theirs}' }),
      expected: [400, 404],
    },
    { line: 'PATCH /api/v1/namespaces/{theirs}/configmaps/treasure', body: { data: { jewel: 'mine' } }, expected: 404 },
    { line: 'DELETE /api/v1/namespaces/{theirs}/secrets/treasure', expected: 404 },
    { line: 'DELETE /api/v1/namespaces/{theirs}', expected: 403 },
    { line: 'DELETE /api/v1/secrets', expected: 405 },
    { line: 'DELETE /api/v1/namespaces/payments', expected: 403 },
    { line: 'POST /api/v1/namespaces', body: object('Namespace', { metadata: { name: 'mine' } }), expected: 403 },
    {
      line: 'PATCH /api/v1/namespaces/payments',
      body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } },
      expected: 403,
    },
    { line: 'PUT /api/v1/namespaces/payments/finalize', body: object('Namespace', { metadata: { name: 'payments' } }), expected: 403 },
    { line: 'PATCH /api/v1/nodes/{node}', body: { spec: { unschedulable: true } }, expected: 403 },
    { line: 'POST /api/v1/namespaces/payments/pods/sleeper/binding', body: object('Binding', { target: { name: 'n' } }), expected: 403 },
    {
      line: 'POST /api/v1/namespaces/payments/events',
      body: object('Event', { metadata: { name: 'e' }, involvedObject: {} }),
      expected: 403,
    },
    {
      line: 'POST /apis/rbac.authorization.k8s.io/v1/namespaces/payments/rolebindings',
      body: object(
        'RoleBinding',
        { metadata: { name: 'x' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' } },
        'rbac.authorization.k8s.io/v1',
      ),
      expected: 403,
    },
    {
      line: 'PATCH /apis/rbac.authorization.k8s.io/v1/namespaces/payments/rolebindings/oncall',
      body: { roleRef: { name: 'cluster-admin' } },
      expected: 403,
    },
    { line: 'DELETE /apis/rbac.authorization.k8s.io/v1/namespaces/payments/rolebindings/oncall', expected: 403 },
    { line: 'POST /apis/certificates.k8s.io/v1/certificatesigningrequests', body: {}, expected: 403 },
    { line: 'DELETE /api/v1/namespaces/payments/resourcequotas/guard', expected: 422, says: /platform team/ },
    {
      line: 'PATCH /api/v1/namespaces/payments/resourcequotas/guard',
      body: { spec: { hard: { pods: '999' } } },
      expected: 422,
      says: /platform team/,
    },
    { line: 'DELETE /api/v1/namespaces/payments/resourcequotas', expected: 422, says: /platform team/ },
    { line: 'DELETE /api/v1/namespaces/payments/resourcequotas/guard-objects', expected: 422, says: /platform team/ },
    { line: 'DELETE /api/v1/namespaces/payments/limitranges/guard', expected: 422, says: /platform team/ },
    { line: 'DELETE /apis/networking.k8s.io/v1/namespaces/payments/networkpolicies/guard-boundary', expected: 422, says: /platform team/ },
    {
      line: 'PATCH /apis/networking.k8s.io/v1/namespaces/payments/networkpolicies/guard-boundary',
      body: { spec: { ingress: [{}] } },
      expected: 422,
      says: /platform team|egress rules must name/,
    },
    ...[
      [{}],
      [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }],
      [{ to: [{ namespaceSelector: {} }] }],
      [{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '{theirs}' } } }] }],
    ].map(
      (egress): Attempt => ({
        line: 'POST /apis/networking.k8s.io/v1/namespaces/payments/networkpolicies',
        body: object(
          'NetworkPolicy',
          { metadata: { name: 'open' }, spec: { podSelector: {}, policyTypes: ['Egress'], egress } },
          'networking.k8s.io/v1',
        ),
        expected: 422,
        says: /egress rules must name/,
      }),
    ),
    ...(
      [
        { type: 'NodePort', ports: [{ port: 80 }] },
        { type: 'LoadBalancer', ports: [{ port: 80 }] },
        { type: 'ExternalName', externalName: 'kubernetes.default.svc' },
        { externalIPs: ['1.2.3.4'], ports: [{ port: 80 }] },
      ] as object[]
    ).map(
      (spec): Attempt => ({
        line: 'POST /api/v1/namespaces/payments/services',
        body: object('Service', { metadata: { name: 'out' }, spec }),
        expected: [403, 422],
      }),
    ),
    ...(
      [
        [{ automountServiceAccountToken: true }, /automountServiceAccountToken/],
        [
          { serviceAccountName: 'oncall', volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
          /tokens must not be mounted/,
        ],
        [{ hostNetwork: true }, /PodSecurity/],
        [{ hostPID: true }, /PodSecurity/],
        [{ volumes: [{ name: 'h', hostPath: { path: '/' } }] }, /hostPath/],
        [{ volumes: [{ name: 'n', nfs: { server: '198.18.0.2', path: '/' } }] }, /volumes must be of type/],
        [{ priorityClassName: 'system-node-critical' }, /system priority classes/],
        [{ containers: [{ name: 'main', image: IMAGE, securityContext: { privileged: true } }] }, /PodSecurity/],
        [{ containers: [{ name: 'main', image: IMAGE, ports: [{ containerPort: 1, hostPort: 1 }] }] }, /hostPort/],
        [{ containers: [{ name: 'main', image: IMAGE, livenessProbe: { httpGet: { host: '198.18.0.2', port: 10250 } } }] }, /PodSecurity/],
      ] as [object, RegExp][]
    ).map(([spec, says]): Attempt => ({ line: 'POST /api/v1/namespaces/auth/pods', body: pod('trick', spec), expected: [403, 422], says })),
    {
      line: 'PATCH /api/v1/namespaces/payments/pods/sleeper/ephemeralcontainers',
      body: { spec: { ephemeralContainers: [{ name: 'e', image: IMAGE, securityContext: { privileged: true } }] } },
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      expected: 403,
      says: /PodSecurity/,
    },
    {
      line: 'POST /apis/apps/v1/namespaces/payments/deployments',
      body: object(
        'Deployment',
        {
          metadata: { name: 'trick' },
          spec: {
            selector: { matchLabels: { a: 'b' } },
            template: { metadata: { labels: { a: 'b' } }, spec: { ...pod('x').spec, automountServiceAccountToken: true } },
          },
        },
        'apps/v1',
      ),
      expected: 422,
      says: /automountServiceAccountToken/,
    },
    { line: 'PATCH /api/v1/namespaces/auth/serviceaccounts/oncall', body: { automountServiceAccountToken: true }, expected: 422 },
    { line: 'PATCH /api/v1/namespaces/payments/serviceaccounts/default', body: { automountServiceAccountToken: true }, expected: 422 },
    {
      line: 'POST /api/v1/namespaces/payments/serviceaccounts',
      body: object('ServiceAccount', { metadata: { name: 'x' }, automountServiceAccountToken: true }),
      expected: 422,
    },
  ]);
});

describe('nobody becomes somebody else', () => {
  const whoami = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const self = /"username":"system:serviceaccount:auth:oncall"/;
  const line = 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews';
  run([
    {
      line,
      body: whoami,
      headers: { 'impersonate-user': 'system:admin', 'impersonate-group': 'system:masters' },
      expected: 201,
      says: self,
    },
    { line, body: whoami, headers: { 'x-remote-user': 'system:admin', 'x-remote-group': 'system:masters' }, expected: 201, says: self },
    {
      line,
      body: whoami,
      headers: { connection: 'authorization, impersonate-user', 'impersonate-user': 'system:admin' },
      expected: 201,
      says: self,
    },
    { line: 'GET /version', headers: { authorization: 'Bearer {theirToken}' }, expected: 401 },
    { line: 'GET /version', headers: { authorization: '' }, expected: 401 },
    {
      line: 'POST /api/v1/namespaces/auth/serviceaccounts/oncall/token',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
      expected: 403,
    },
    {
      line: 'POST /api/v1/namespaces/auth/secrets',
      body: {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/service-account-token',
        metadata: { name: 't', annotations: { 'kubernetes.io/service-account.name': 'oncall' } },
      },
      expected: 422,
      says: /tokens are not available/,
    },
    { line: 'POST /apis/authentication.k8s.io/v1/tokenreviews', body: {}, expected: 403 },
    { line: 'POST /apis/authorization.k8s.io/v1/subjectaccessreviews', body: {}, expected: 403 },
    { line: 'POST /apis/authorization.k8s.io/v1/namespaces/payments/localsubjectaccessreviews', body: {}, expected: 403 },
    {
      line: 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb: 'get', resource: 'secrets', namespace: '{theirs}' } },
      },
      expected: 201,
      says: /"allowed":false/,
    },
    { line: 'GET /api/v1/namespaces/payments/pods', headers: { 'x-http-method-override': 'DELETE' }, expected: 200, says: /sleeper/ },
    {
      line: 'PATCH /api/v1/namespaces/payments/configmaps/traced',
      body: '\xd9\xd9\xf7',
      headers: { 'content-type': 'application/apply-patch+cbor' },
      expected: 415,
    },
    {
      line: 'POST /api/v1/namespaces/payments/configmaps',
      body: 'k8s\0junk',
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
      expected: 400,
    },
  ]);
});

describe('the gym is not to be seen', () => {
  const gym = /kubesregym|gym/i;
  test.each([
    ['/apis', undefined],
    ['/apis', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'],
    ['/openapi/v3', undefined],
    ['/openapi/v2', undefined],
    ['/openapi/v2', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'],
    ['/apis/apiregistration.k8s.io/v1/apiservices', undefined],
    ['/apis/apiregistration.k8s.io/v1/apiservices', 'application/json;as=Table;v=v1;g=meta.k8s.io'],
    ['/api/v1/namespaces', undefined],
    ['/api/v1/namespaces/payments', undefined],
    ['/api/v1/namespaces/payments/configmaps/traced', undefined],
    ['/api/v1/nodes', undefined],
    ['/api/v1/events', undefined],
  ])('in %s as %s', async (path, accept) => {
    const { status, body } = await call('GET', path, { headers: accept ? { accept } : {} });
    expect(status).toBe(200);
    expect(body).not.toMatch(gym);
    expect(body).not.toContain(mine.names.id);
  });
  run(
    read(
      `GET /apis/${GROUP}`,
      `GET /apis/${GROUP}/v1alpha1`,
      `GET /apis/${GROUP}/v1alpha1/viewprobes`,
      `GET /apis/${GROUP}/v1alpha1/namespaces/payments/viewprobes`,
      `GET /openapi/v3/apis/${GROUP}/v1alpha1`,
      `GET /apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.${GROUP}`,
    ),
  );
  test('neither by explain nor as a kind', async () => {
    expect((await view.kubectl(['explain', 'viewprobes'])).code).not.toBe(0);
    expect((await view.kubectl(['get', 'viewprobes'])).stderr).toMatch(/doesn't have a resource type/);
  });
  test('nor by what a pod sees of itself', async () => {
    const { stdout } = await must(
      view.kubectl(['exec', 'sleeper', '--', 'sh', '-c', 'cat /proc/mounts /proc/self/cgroup /etc/hosts /etc/resolv.conf; env; hostname']),
    );
    expect(stdout).not.toMatch(gym);
  });
});

describe('pods are no way around', () => {
  const connect = (host: string, port: number) =>
    `const s=require('net').connect({host:'${host}',port:${port},timeout:3000});s.on('connect',()=>{console.log('open');process.exit()});for(const e of ['error','timeout'])s.on(e,()=>{console.log('shut');process.exit()})`;
  test.each([
    ['the API server by its service', () => ['kubernetes.default.svc.cluster.local', 443]],
    ['the API server by its address', () => [new URL(world.server).hostname, Number(new URL(world.server).port)]],
    ['the kubelet', () => [new URL(world.server).hostname, 10250]],
    ["the neighbour's pod", () => [neighbourPodIp, 8080]],
  ] as [string, () => [string, number]][])('%s does not answer', async (_, target) => {
    expect((await must(view.kubectl(['exec', 'sleeper', '--', 'node', '-e', connect(...target())]))).stdout).toBe('shut\n');
  });
  test("exec into the neighbour's pod", async () => {
    for (const namespace of [theirs(), `payments/../${theirs()}`, 'kube-system']) {
      const { code, stderr } = await view.kubectl(['exec', '-n', namespace, 'sleeper', '--', 'id']);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/not found|could not find|invalid/i);
    }
  });
  test('an exec request that names the neighbour, as WebSocket and as SPDY', async () => {
    for (const upgrade of ['websocket', 'SPDY/3.1']) {
      const headers = {
        connection: 'Upgrade',
        upgrade,
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-protocol': 'v5.channel.k8s.io',
      };
      const { status } = await call('GET', `/api/v1/namespaces/${theirs()}/pods/sleeper/exec?command=id&stdout=1`, { headers });
      expect(status).toBe(404);
    }
  });
  test('a controller makes no pod with a token', async () => {
    const template = {
      spec: {
        ...pod('x').spec,
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }],
      },
    };
    await must(
      view.kubectl(
        ['create', '-f', '-'],
        JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'trick' }, spec: { template } }),
      ),
    );
    for (let tries = 0; tries < 100; tries++) {
      const { stdout } = await must(
        view.kubectl(['get', 'events', '--field-selector=involvedObject.name=trick', '-o', 'jsonpath={.items[*].message}']),
      );
      if (/tokens must not be mounted/.test(stdout)) break;
      expect(tries).toBeLessThan(99);
    }
    expect((await must(view.kubectl(['get', 'pods', '-l', 'job-name=trick', '-o', 'name']))).stdout).toBe('');
  }, 60_000);
});

test('after all of it the neighbour and the guards are as they were', async () => {
  expect(await valuables()).toBe(before);
  expect(view.failures).toEqual([]);
});

function run(attempts: Attempt[]): void {
  test.each(
    attempts.map((attempt): [string, Attempt] => [
      `${attempt.line} ${attempt.body ? JSON.stringify(attempt.body).slice(0, 120) : ''}`,
      attempt,
    ]),
  )('%s', async (_, attempt) => {
    const fill = (text: string) =>
      text
        .replaceAll('{theirs}', theirs())
        .replaceAll('{theirId}', neighbour.names.id)
        .replaceAll('{node}', node)
        .replaceAll('{theirToken}', neighbour.token);
    const [method, path] = fill(attempt.line).split(' ');
    const body = attempt.body && fill(typeof attempt.body === 'string' ? attempt.body : JSON.stringify(attempt.body));
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = Object.fromEntries(
      Object.entries({ ...(body && { 'content-type': type }), ...attempt.headers }).map(([key, value]) => [key, fill(value)]),
    );
    const answer = await call(method, path, { headers, body });
    expect({ status: answer.status, body: answer.body.slice(0, 400) }).toEqual({
      status: expectedStatus(attempt.expected),
      body: expect.any(String),
    });
    if (attempt.says) expect(answer.body).toMatch(attempt.says);
    expect(answer.body).not.toContain(JEWEL);
    expect(answer.body).not.toContain(Buffer.from(JEWEL).toString('base64').slice(0, 20));
    expect(answer.body).not.toContain(mine.names.id);
  });
}

function expectedStatus(expected: number | number[]): unknown {
  return typeof expected === 'number' ? expected : { asymmetricMatch: (actual: number) => expected.includes(actual) };
}

function call(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string },
): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(view.url);
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body, 'latin1')) };
  const options: RequestOptions = {
    hostname,
    port,
    ca: view.ca,
    servername: HUB_NAME,
    method,
    path,
    agent: false,
    headers: { authorization: `Bearer ${view.sessionToken}`, ...length, ...headers },
  };
  return new Promise((resolve, reject) => {
    const req = request(options, async (res) => {
      let text = '';
      for await (const chunk of res.setEncoding('latin1')) text += chunk;
      resolve({ status: res.statusCode ?? 0, body: text });
    });
    req.on('upgrade', () => reject(new Error('The view upgraded the connection')));
    req.on('error', reject);
    req.end(body, 'latin1');
  });
}

/** The neighbour's objects, and the fences of both arenas, with the versions that any change would move. */
async function valuables(): Promise<string> {
  const lists = [theirs(), ours()].map(async (namespace) => {
    const kinds =
      namespace === theirs()
        ? 'secrets,configmaps,serviceaccounts,rolebindings,limitranges,networkpolicies'
        : 'serviceaccounts/default,rolebindings/oncall,limitranges/guard,networkpolicies/guard-boundary';
    const names = kinds.includes('/') ? kinds.split(',') : [kinds];
    const format = '{range .items[*]}{.kind}/{.metadata.name}={.metadata.resourceVersion} {end}';
    const objects = (await must(world.admin(['get', ...names, '-n', namespace, '-o', `jsonpath=${format}`]))).stdout;
    const quota = (
      await must(
        world.admin([
          'get',
          'quota',
          'guard',
          'guard-objects',
          '-n',
          namespace,
          '-o',
          'jsonpath={range .items[*]}{.metadata.uid} {.spec} {end}',
        ]),
      )
    ).stdout;
    const labels = (await must(world.admin(['get', 'ns', namespace, '-o', 'jsonpath={.metadata.labels}']))).stdout;
    return `${objects}\n${quota}\n${labels}`;
  });
  return (await Promise.all(lists)).join('\n');
}

function ours(): string {
  return realNamespace('payments', mine.names);
}

function theirs(): string {
  return realNamespace('payments', neighbour.names);
}

function pod(name: string, spec: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: IMAGE, command: ['sleep', '3600'] }],
      ...spec,
    },
  };
}

/** A kind of the gym's group, so that there is something to hide whether or not the gym itself is installed. */
function probeDefinition(): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `viewprobes.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { kind: 'ViewProbe', plural: 'viewprobes', singular: 'viewprobe' },
      versions: [{ name: 'v1alpha1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  };
}
