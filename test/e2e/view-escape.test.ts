import { type RequestOptions, request } from 'node:https';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { GROUP } from '../../src/api/group.ts';
import { HUB_NAME } from '../../src/gateway/view-hub.ts';
import { realNamespace } from '../../src/kube/arena-names.ts';
import { type Attempt, DISGUISES, pod, REACHES, read, WRITES } from './support/escape-attempts.ts';
import { type Arena, must, type OpenView, openWorld, type World } from './view-world.ts';

/** What the neighbour guards; it must never come through the view of another arena. */
const JEWEL = 'jewel-of-the-neighbour';

jest.setTimeout(60_000);

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

describe('other arenas and the cluster are out of reach', () => run(REACHES));

describe('nothing can be written outside, nor can the walls be moved', () => run(WRITES));

describe('nobody becomes somebody else', () => run(DISGUISES));

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

function run(attempts: readonly Attempt[]): void {
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
