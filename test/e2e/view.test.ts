import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { realNamespace } from '../../src/kube/arena-names.ts';
import { IMAGE } from './support/app-image.ts';
import { type Command, READS, WRITES } from './support/view-commands.ts';
import { type Arena, type Kubectl, must, type OpenView, openWorld, type Result, type World } from './view-world.ts';

jest.setTimeout(100_000);

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
