import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { realNamespace } from '../../src/kube/arena-names.ts';
import { type Arena, type Kubectl, must, type OpenView, openWorld, type Result, type World } from './view-world.ts';

/** One command, told twice: through the view with plain namespaces, and past it with the real ones. {ns} names a namespace, {x} the teller. */
interface Command {
  line: string;
  stdin?: string;
  /** Lists over all namespaces need cluster rights when made directly; only the arena's lines count. */
  as?: 'admin';
  /** Normal output differs between two objects of the same making: generated names, addresses. */
  generated?: boolean;
  /** Order of lines is not defined. */
  sorted?: boolean;
}

jest.setTimeout(100_000);

const IMAGE = 'registry.local/shop/payment-worker:2.4.1';
const deployment = (extra: object = {}) =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app-{x}', namespace: '{payments}', labels: { app: 'payments' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'app-{x}' } },
      template: {
        metadata: { labels: { app: 'app-{x}' } },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'main',
              image: IMAGE,
              command: ['sleep', '3600'],
              env: [{ name: 'URL', value: 'http://web.{payments}.svc:80' }],
              ...extra,
            },
          ],
        },
      },
    },
  });

const READS: Command[] = [
  ...[
    'get pods',
    'get pods -n {payments}',
    'get pods -n {frontend} -o wide',
    'get pods -o json',
    'get pods -o yaml',
    'get pods -o name',
    "get pods -o jsonpath='{.items[*].metadata.namespace}'",
    'get pods -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name',
    "get pods -o go-template='{{range .items}}{{.metadata.namespace}}/{{.metadata.name}} {{end}}'",
    'get pods -l app.kubernetes.io/name=payment-api',
    "get pods -l 'app.kubernetes.io/name in (payment-api,payment-db)' --show-labels",
    'get pods --field-selector status.phase=Running',
    'get pods --field-selector metadata.namespace={payments},status.phase=Running',
    'get pods --sort-by=.metadata.name',
    'get pods --sort-by=.status.startTime -o wide',
    'get pods -L app.kubernetes.io/name',
    'get pods --chunk-size=1',
    'get pods --show-managed-fields -o json',
    'get all',
    'get all -n {auth}',
    'get deploy,rs,svc,cm',
    'get deploy payment-api -o yaml',
    'get deploy payment-api -o wide',
    'get svc -o wide -n {frontend}',
    'get endpointslices',
    'get configmaps -o yaml -n {frontend}',
    'get secrets -o yaml',
    'get serviceaccounts',
    'get quota -o wide',
    'get limitrange guard -o yaml',
    'get networkpolicy guard-boundary -o yaml',
    'get cronjobs,jobs',
    'get pdb,hpa',
    'get pod no-such-pod',
    'get nosuchkind',
    'describe deploy payment-api',
    'describe pods -l app.kubernetes.io/name=payment-db',
    'describe svc payment-api',
    'describe secrets',
    'describe configmaps -n {frontend}',
    'describe networkpolicy guard-boundary',
    'describe cronjob',
    'logs deploy/payment-db --tail=5',
    'logs deploy/payment-gateway -c payment-gateway --tail=2',
    'logs -l app.kubernetes.io/name=payment-gateway --tail=3 --prefix',
    'logs deploy/payment-api --since=1s --limit-bytes=40',
    'logs deploy/payment-api --previous',
    'logs deploy/payment-api -c nope',
    'explain pod.spec.containers.livenessProbe',
    'explain deployments --recursive',
    'api-resources',
    'api-resources --namespaced=true -o name',
    'version -o json',
    'auth whoami',
    'auth can-i create pods',
    'auth can-i delete deployments -n {frontend}',
    'auth can-i create pods/exec',
    'auth can-i create rolebindings',
    'auth can-i get pods -n kube-system',
    'rollout status deploy/payment-api',
    'rollout history deploy/payment-api',
    'rollout history deploy/payment-api --revision=1',
    "get --raw '/api/v1/namespaces/{payments}/services?limit=2'",
    'get --raw /version',
    'get --raw /apis/apps/v1',
    'exec deploy/payment-api -- cat /etc/resolv.conf',
    'exec deploy/payment-api -- sh -c "exit 3"',
    'exec deploy/payment-api -c nope -- true',
    'exec deploy/payment-gateway -- no-such-program',
    'exec deploy/payment-api -- sh -c "echo out; echo err >&2"',
    'exec deploy/payment-api -- getent hosts payment-db.{payments}.svc',
    'wait --for=condition=Available deploy/payment-api --timeout=5s',
    "wait --for=jsonpath='{.status.phase}'=Running pods -l app.kubernetes.io/name=payment-db --timeout=5s",
    'events --types=Normal --for deploy/payment-api',
    'get events --field-selector involvedObject.kind=Deployment,involvedObject.namespace={payments} -o name',
    'get ns {payments} -o name',
    'create deployment test --image=x --dry-run=server -o jsonpath={.metadata.namespace}{.spec}',
    'delete deploy payment-api --dry-run=server',
  ].map((line) => ({ line })),
  { line: 'api-versions', sorted: true },
  { line: 'get pods -A', as: 'admin' },
  { line: 'get pods -A -o wide', as: 'admin' },
  { line: 'get deploy -A', as: 'admin' },
  { line: 'get all -A', as: 'admin' },
  { line: 'get svc -A --sort-by=.metadata.name', as: 'admin' },
  { line: 'get pods -A --chunk-size=2', as: 'admin' },
  { line: 'get events -A -o custom-columns=NS:.metadata.namespace,O:.involvedObject.name,R:.reason', as: 'admin', sorted: true },
  { line: 'get resourcequotas -A', as: 'admin' },
  { line: 'get pods -A -l app.kubernetes.io/name=web-app -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name', as: 'admin' },
  { line: "get nodes -o jsonpath='{.items[*].status.nodeInfo.kubeletVersion}'", as: 'admin' },
  { line: 'get nodes -o name', as: 'admin' },
  { line: 'get storageclasses', as: 'admin' },
  { line: 'get priorityclasses', as: 'admin' },
  { line: 'exec -i deploy/payment-api -- cat', stdin: 'payments and auth are words; http://payment-db.{payments}.svc:5432/payments\n' },
];

const WRITES: Command[] = [
  'create configmap cm-{x} --from-literal=host=payment-db.{payments}.svc',
  'get configmap cm-{x} -o jsonpath={.data}',
  'create secret generic s-{x} --from-literal=url=postgres://a@payment-db.{payments}:5432/payments',
  "get secret s-{x} -o go-template='{{.data.url | base64decode}}'",
  'create -f -|deployment',
  'rollout status deploy/app-{x} --timeout=60s',
  'get deploy app-{x} -o jsonpath={.spec.template.spec.containers[0].env}',
  'expose deploy app-{x} --port=80 --target-port=8080',
  'get svc app-{x} -o jsonpath={.spec.ports}',
  'scale deploy app-{x} --replicas=2',
  'autoscale deploy app-{x} --min=1 --max=2 --cpu=80%',
  'get hpa app-{x} -o jsonpath={.spec}',
  'delete hpa app-{x}',
  'set env deploy/app-{x} MODE=test PEER=http://auth-service.{auth}.svc',
  'set resources deploy/app-{x} --limits=memory=64Mi',
  'set image deploy/app-{x} main=registry.local/shop/payment-worker:2.4.1 --local=false',
  'rollout history deploy/app-{x}',
  'rollout undo deploy/app-{x}',
  'rollout pause deploy/app-{x}',
  'rollout resume deploy/app-{x}',
  'rollout restart deploy/app-{x}',
  'create serviceaccount sa-{x}',
  'set serviceaccount deploy/app-{x} sa-{x}',
  'set selector svc app-{x} app=other',
  'patch deploy app-{x} -p \'{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"A","value":"x.{auth}.svc"}]}]}}}}\'',
  'patch svc app-{x} --type=merge -p \'{"metadata":{"annotations":{"peer":"web.{frontend}.svc"}}}\'',
  'patch cm cm-{x} --type=json -p \'[{"op":"replace","path":"/data/host","value":"y.{payments}.svc"}]\'',
  'label deploy app-{x} team=payments',
  'annotate deploy app-{x} note=auth',
  'apply -f -|deployment',
  'apply -f -|changed',
  'apply --server-side --force-conflicts -f -|changed',
  'diff -f -|changed',
  'replace -f -|deployment',
  'replace --force -f -|deployment',
  'get deploy app-{x} -o jsonpath={.metadata.labels}{.spec.template}',
  'wait --for=condition=Available deploy/app-{x} --timeout=60s',
  'run pod-{x} --image=registry.local/shop/payment-worker:2.4.1 --restart=Never --command -- sleep 3600',
  'wait --for=condition=Ready pod/pod-{x} --timeout=60s',
  'exec pod-{x} -- hostname',
  'debug pod-{x} --image=registry.local/shop/payment-worker:2.4.1 --container=dbg -- true',
  'get pod pod-{x} -o jsonpath={.spec.ephemeralContainers[*].name}',
  'create job job-{x} --image=registry.local/shop/payment-worker:2.4.1 -- true',
  'create cronjob cj-{x} --image=registry.local/shop/payment-worker:2.4.1 --schedule="0 0 1 1 *" -- true',
  'create quota q-{x} --hard=pods=40',
  'create poddisruptionbudget pdb-{x} --selector=app=app-{x} --min-available=0',
  'create service clusterip svc-{x} --tcp=80:80',
  'create ingress ing-{x} --rule=host/path=svc:80',
  'create token oncall',
  'create token sa-{x}',
  'create role r-{x} --verb=get --resource=pods',
  'create rolebinding rb-{x} --clusterrole=admin --serviceaccount={auth}:oncall',
  'create service nodeport np-{x} --tcp=80:80',
  'delete pod pod-{x} --now',
  'wait --for=delete pod/pod-{x} --timeout=20s',
  'delete deploy/app-{x} svc/app-{x} cm/cm-{x} secret/s-{x} job/job-{x} cronjob/cj-{x} quota/q-{x} pdb/pdb-{x} svc/svc-{x} ingress/ing-{x} sa/sa-{x}',
  'get deploy,cm -l team=payments',
].map((line) => {
  const [command, body] = line.split('|');
  const bodies: Record<string, string> = {
    deployment: deployment(),
    changed: deployment({ resources: { limits: { memory: '96Mi' } } }),
  };
  return { line: command, stdin: body && bodies[body], generated: true };
});

let world: World;
let arena: Arena;
let view: OpenView;
let direct: Kubectl;
let viewFirst = false;
const timings: { view: number; direct: number }[] = [];

beforeAll(async () => {
  world = await openWorld();
  arena = await world.makeArena({ app: true });
  view = await world.openView(arena);
  direct = await world.direct(arena);
  await must(view.kubectl(['get', 'pods']));
}, 300_000);

afterAll(async () => {
  await world?.close();
});

describe('kubectl through the view says what it says directly', () => {
  for (const command of READS) {
    test(`kubectl ${command.line}`, async () => {
      const [through, past] = await both(command);
      if (!command.as) timings.push({ view: through.ms, direct: past.ms });
      expect(normal(through, command)).toEqual(normal(past, command));
    }, 60_000);
  }
  for (const command of WRITES) {
    test(`kubectl ${command.line}${command.stdin ? ` (${command.stdin.length} bytes)` : ''}`, async () => {
      const [through, past] = await both(command);
      expect(normal(through, command)).toEqual(normal(past, command));
    }, 90_000);
  }
});

describe('what the view adds or refuses', () => {
  test('get ns shows the arena alone, without labels of the gym', async () => {
    const { stdout } = await must(view.kubectl(['get', 'ns', '-o', 'json']));
    const { items } = JSON.parse(stdout);
    expect(items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['auth', 'frontend', 'payments']);
    expect(stdout).not.toMatch(/kubesregym|gym/);
    const selected = await view.kubectl(['get', 'ns', '-l', 'kubernetes.io/metadata.name=auth', '-o', 'name']);
    expect(selected.stdout).toBe('namespace/auth\n');
    expect((await view.kubectl(['get', 'ns', '-l', 'kubesregym.dev/arena'])).stderr).toContain('No resources found');
  });
  test('top knows pods of the arena and the node', async () => {
    const pods = await until(
      () => view.kubectl(['top', 'pods', '-A', '--no-headers']),
      ({ code }) => code === 0,
      90_000,
    );
    expect(
      new Set(
        pods.stdout
          .trim()
          .split('\n')
          .map((line) => line.split(/\s+/)[0]),
      ),
    ).toEqual(new Set(['auth', 'frontend', 'payments']));
    expect((await must(view.kubectl(['top', 'nodes', '--no-headers']))).stdout).toMatch(/^\S+ +\d+m/);
  }, 100_000);
  test('describe node lists the pods of the arena and no others, and no images', async () => {
    const [name] = (await must(view.kubectl(['get', 'nodes', '-o', 'name']))).stdout.trim().split('\n');
    const { stdout } = await must(view.kubectl(['describe', name]));
    const section = /Non-terminated Pods:[^\n]*\n([\s\S]*?)Allocated resources/.exec(stdout)?.[1] ?? '';
    const namespaces = section
      .split('\n')
      .slice(2)
      .filter(Boolean)
      .map((line) => line.trim().split(/\s+/)[0]);
    expect(new Set(namespaces)).toEqual(new Set(['auth', 'frontend', 'payments']));
    expect((await must(view.kubectl(['get', name, '-o', 'jsonpath={.status.images}']))).stdout).toBe('');
  }, 60_000);
  test('cp keeps files byte by byte, there and back', async () => {
    const pod = 'files';
    await must(view.kubectl(['run', pod, `--image=${IMAGE}`, '--restart=Never', '--command', '--', 'sleep', '3600']));
    await must(view.kubectl(['wait', '--for=condition=Ready', 'pod/files', '--timeout=60s']));
    const script = `head -c 200000 /dev/urandom > /tmp/a; printf 'x.payments-${arena.names.id}.svc' >> /tmp/a; md5sum < /tmp/a`;
    const sum = (await must(view.kubectl(['exec', pod, '--', 'sh', '-c', script.replace(`payments-${arena.names.id}`, 'payments')])))
      .stdout;
    await must(view.kubectl(['cp', `${pod}:/tmp/a`, 'copied']));
    await must(view.kubectl(['cp', 'copied', `${pod}:/tmp/b`]));
    expect((await must(view.kubectl(['exec', pod, '--', 'sh', '-c', 'md5sum < /tmp/b']))).stdout).toBe(sum);
  }, 60_000);
  test.each([
    [['port-forward', 'deploy/payment-api', '8080'], /port-forward is not available here/],
    [['attach', 'deploy/payment-api'], /attach is not available here/],
    [['get', 'pods', '-A', '-w'], /watch over all namespaces is not available/],
    [['get', '--raw', '/api/v1/namespaces/payments/services/payment-api/proxy/'], /proxy is not available here/],
  ])(
    '%p is refused with a clear message',
    async (args, message) => {
      const { code, stderr } = await view.kubectl(args as string[]);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(message as RegExp);
    },
    30_000,
  );
  test('a watch of one namespace brings events in plain names', async () => {
    let ended = false;
    const watching = view.kubectl(['get', 'cm', '-w', '--request-timeout=8s', '-o', 'json', '-n', 'auth']).finally(() => {
      ended = true;
    });
    await must(view.kubectl(['create', 'cm', 'watched', '--from-literal=a=web.frontend.svc', '-n', 'auth']));
    // The first of these may come before the watch began, the later ones do not.
    for (let turn = 0; !ended; turn++) await must(view.kubectl(['label', 'cm', 'watched', `turn=t${turn}`, '--overwrite', '-n', 'auth']));
    const { stdout } = await watching;
    expect(stdout).toMatch(/"turn": "t\d+"/);
    expect(stdout).toContain('"web.frontend.svc"');
    expect(stdout).not.toContain(arena.names.id);
  }, 60_000);
  test('an object of another namespace is not found where it should go', async () => {
    const { code, stderr } = await view.kubectl(
      ['apply', '-f', '-'],
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"kube-system"}}',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('namespaces "kube-system" not found');
  }, 30_000);
  test('requests are told apart: dry runs and reviews change nothing, a patch does', async () => {
    view.requests.length = 0;
    await must(view.kubectl(['label', 'deploy', 'payment-api', 'a=b', '--dry-run=server']));
    await must(view.kubectl(['delete', 'pods', '--all', '--dry-run=server']));
    await view.kubectl(['auth', 'can-i', 'create', 'pods']);
    expect(view.requests.filter(({ mutating }) => mutating)).toEqual([]);
    await must(view.kubectl(['annotate', 'deploy', 'payment-api', 'a=b']));
    expect(view.requests.filter(({ mutating }) => mutating)).toMatchObject([
      { verb: 'patch', resource: 'deployments', name: 'payment-api', namespace: 'payments', status: 200 },
    ]);
  }, 60_000);
  test('no failure of the API server was seen', () => {
    expect(view.failures).toEqual([]);
  });
  test('the view costs little', () => {
    const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
    const added = median(timings.map((timing) => timing.view - timing.direct));
    const ratio = median(timings.map((timing) => timing.view / timing.direct));
    console.log(`The view adds ${added.toFixed(0)} ms to a command at the median (ratio ${ratio.toFixed(2)}, ${timings.length} commands)`);
    // Both sides slow down alike on a busy machine, where milliseconds would say little.
    expect(ratio).toBeLessThan(1.5);
  });
});

async function both(command: Command): Promise<[Result, Result]> {
  const tell = (kubectl: Kubectl, x: string, name: (plain: string) => string) => {
    const fill = (text: string) => text.replace(/\{(payments|frontend|auth)\}/g, (_, plain) => name(plain)).replaceAll('{x}', x);
    const args =
      command.line
        .match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)
        ?.map((word) => fill(word.replace(/(?<![{:[,\\])(['"])(.*?)\1(?![:,}\]])/, '$2'))) ?? [];
    return kubectl(args, command.stdin && fill(command.stdin));
  };
  const throughView = () => tell(view.kubectl, 'v', (plain) => plain);
  const pastView = () => tell(command.as === 'admin' ? world.admin : direct, 'd', (plain) => realNamespace(plain, arena.names));
  // By turns, so that neither finds the caches warmed by the other.
  viewFirst = !viewFirst;
  if (viewFirst) return [await throughView(), await pastView()];
  const past = await pastView();
  return [await throughView(), past];
}

/** Output with what is never the same twice taken out: ages, times, versions; the real names made plain; other namespaces' lines left out. */
function normal(result: Result, command: Command): object {
  if (command.line.includes('rollout status'))
    return {
      code: result.code,
      last: result.stdout
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/-[vd]\b/, '-x'),
    };
  const clean = (text: string) => {
    let lines = text.split('\n');
    if (command.as === 'admin' && / -A/.test(command.line)) {
      lines = lines.filter(
        (line) =>
          /^(NAMESPACE|NS) /.test(line) ||
          /^\S*\/web-app/.test(line) ||
          line.includes(`-${arena.names.id}`) ||
          /^(payments|frontend|auth) /.test(line),
      );
    }
    let plain = lines
      .filter((line) => !/kubesregym/.test(line))
      .join('\n')
      .replaceAll(`-${arena.names.id}`, '');
    plain = plain
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]+ \+0000/g, 'TIME')
      .replace(/("?resourceVersion"?: ?)"\d+"/g, '$1"R"')
      .replace(/\(x\d+ over [^)]*\)/g, '(xN)')
      .replace(/(?<=\s|\()(?:\d+[smhd])+(?= ago|\s|$|\))/gm, 'AGE')
      .replace(/[0-9a-f]{64}/g, 'ID')
      .replace(/JTI=[\w-]+/, 'JTI')
      .replace(/("?continue"?: ?)"[\w=-]+"/g, '$1"C"')
      .replace(/\/\/?LIVE-\d+|\/tmp\/(?:LIVE|MERGED)-\d+/g, 'TMP')
      .replace(/[ \t]+/g, ' ')
      .replace(/[-]{3,}/g, '---');
    if (command.generated) {
      plain = plain
        .replace(/-[vd]\b/g, '-x')
        .replace(/-[a-f0-9]{7,10}-[a-z0-9]{5}\b/g, '-POD')
        .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, 'UID')
        .replace(/\b\d+\.\d+\.\d+\.\d+\b/g, 'IP');
    }
    // Documents are the same whatever their indentation.
    if (/--raw/.test(command.line) && plain.startsWith('{')) plain = JSON.stringify(JSON.parse(plain));
    return command.sorted || command.as ? plain.split('\n').sort().join('\n') : plain;
  };
  return { code: result.code, stdout: clean(result.stdout), stderr: clean(result.stderr) };
}

async function until<T>(probe: () => Promise<T>, done: (value: T) => boolean, timeout: number): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (done(value)) return value;
    if (Date.now() > end) throw new Error(`Not so within ${timeout} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
