import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { cachedProgram } from '../../src/local/cache.ts';
import { run } from '../../src/local/command.ts';
import { lock } from '../../src/local/lock.ts';
import { identify } from '../../src/local/native/identity.ts';
import { BUSYBOX_IMAGE, busyboxImage } from '../support/busybox-image.ts';
import { gymctl, startGymctl } from '../support/gymctl.ts';
import { ensureNativeCluster } from '../support/native-cluster.ts';

const NAME = 'e2e-second';
const node = identify(NAME);
const HOST_SYSCTLS = ['vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops', 'net/ipv4/ip_forward'];

/** Looks for what a cluster left on the host by other means than the code under test: /proc, /sys and the state folder. */
async function traces(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    if (cgroup.includes(node.cgroup) || command.includes(node.stateDir)) found.push(`process ${pid} ${command}`);
  }
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  found.push(...mounts.split('\n').filter((line) => line.includes(node.stateDir)));
  found.push(...(await readdir('/sys/class/net')).filter((link) => link === node.link));
  found.push(...(await run('find', ['/sys/fs/cgroup', '-name', `${node.cgroup}*`])).stdout.split('\n').filter(Boolean));
  found.push(...(await readdir('/var/lib/node')).filter((folder) => folder === node.id));
  return found;
}

const hostSysctls = () => Promise.all(HOST_SYSCTLS.map(async (name) => `${name}=${await readFile(`/proc/sys/${name}`, 'utf8')}`));

let sysctlsBefore: string[];
let release: () => Promise<void>;
let kubeconfig = '';
/** The API server of the cluster that other tests share, which stands beside this one. */
let otherApi: { host: string; port: number };

async function kubectl(...args: string[]) {
  return run(cachedProgram('kubectl'), [`--kubeconfig=${kubeconfig}`, ...args], { timeoutMs: 60_000 });
}

/** Runs a line in the pod `client`. */
const inPod = (line: string) => kubectl('exec', 'client', '--', 'sh', '-c', line);

/** One connection from the pod `client`: what netcat says and how long it took. */
async function dial(address: string, port: number): Promise<{ open: boolean; words: string; ms: number }> {
  const began = Date.now();
  const result = await inPod(`busybox nc -w 5 ${address} ${port} </dev/null`);
  return { open: result.code === 0, words: result.stderr, ms: Date.now() - began };
}

async function eventually(what: string, isSo: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await sleep(100);
  }
}

async function status(): Promise<{ ready: boolean; summary: string; programs: { name: string; restarts: number; lastExit?: string }[] }> {
  return JSON.parse((await gymctl(['cluster', 'status', '--json', '--name', NAME])).stdout);
}

async function pidOf(program: string): Promise<number> {
  const all = await readdir('/proc');
  for (const pid of all.filter((name) => /^\d+$/.test(name))) {
    const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (cgroup.includes(`${node.cgroup}/system`) && command.startsWith(`/opt/node/bin/${program}\0`)) return Number(pid);
  }
  throw new Error(`${program} does not run`);
}

beforeAll(async () => {
  // Two runs of these tests on one machine would remove each other's cluster.
  release = await lock(`test/${NAME}`);
  const other = await ensureNativeCluster();
  const { hostname, port } = new URL(loadKubeConfig({ path: other.kubeconfigPath }).getCurrentCluster()?.server as string);
  otherApi = { host: hostname, port: Number(port) };
  sysctlsBefore = await hostSysctls();
  await gymctl(['cluster', 'down', '--name', NAME]);
}, 900_000);

afterAll(async () => {
  await gymctl(['cluster', 'down', '--name', NAME]);
  await release();
}, 120_000);

describe('a second cluster beside the first', () => {
  beforeAll(async () => {
    const up = await gymctl(['cluster', 'up', '--provider', 'native', '--name', NAME]);
    expect(up).toMatchObject({ code: 0 });
    kubeconfig = up.stdout.trim();
    const load = await gymctl(['cluster', 'load-image', '--name', NAME, await busyboxImage()]);
    expect(load.stdout.trim()).toBe(BUSYBOX_IMAGE);
    await kubectl('create', 'deployment', 'server', `--image=${BUSYBOX_IMAGE}`, '--', 'busybox', 'httpd', '-f', '-p', '8080');
    await kubectl('expose', 'deployment', 'server', '--port=80', '--target-port=8080');
    await eventually(
      'the default service account exists',
      async () => (await kubectl('get', 'serviceaccount', 'default')).code === 0,
      10_000,
    );
    await kubectl('run', 'client', `--image=${BUSYBOX_IMAGE}`, '--', 'sleep 3600');
    expect(await kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')).toMatchObject({ code: 0 });
  }, 240_000);

  test('a pod finds a Service by name and reaches it', async () => {
    const address = (await kubectl('get', 'service', 'server', '-o', 'jsonpath={.spec.clusterIP}')).stdout;
    expect((await inPod('busybox nslookup server.default.svc.cluster.local')).stdout).toContain(`Address: ${address}`);
    const dialled = await dial(address, 80);
    expect(dialled).toMatchObject({ open: true });
  }, 60_000);

  test('a name that does not exist is answered at once, and an address has no name', async () => {
    const began = Date.now();
    expect((await inPod('busybox nslookup example.com')).stdout).toContain('NXDOMAIN');
    const ip = (await kubectl('get', 'pod', 'client', '-o', 'jsonpath={.status.podIP}')).stdout;
    expect((await inPod(`busybox nslookup ${ip}`)).stdout).toContain('NXDOMAIN');
    expect(Date.now() - began).toBeLessThan(5_000);
  }, 60_000);

  test('a pod reaches neither etcd, the registry, the host, the other cluster nor the world', async () => {
    // From the host it answers: what the pod cannot reach is there.
    const reached = connect(otherApi);
    await once(reached, 'connect');
    reached.destroy();
    const host = createServer((_request, response) => response.end('host'));
    await new Promise<void>((resolve) => host.listen(0, '0.0.0.0', resolve));
    const hostPort = (host.address() as { port: number }).port;
    const own = (await kubectl('get', 'node', 'node-1', '-o', 'jsonpath={.status.addresses[0].address}')).stdout;
    const hostSide = own.replace(/\d+$/, (last) => String(Number(last) - 1));
    try {
      for (const [address, port] of [
        [own, 2379],
        [own, 5000],
        [own, 10257],
        [hostSide, hostPort],
        [otherApi.host, otherApi.port],
        ['192.0.2.1', 80],
      ] as const) {
        const dialled = await dial(address, port);
        expect({ address, port, open: dialled.open, quick: dialled.ms < 3_000 }).toEqual({ address, port, open: false, quick: true });
      }
    } finally {
      host.close();
    }
  }, 60_000);

  test('NetworkPolicy is enforced, and lifted when it is deleted', async () => {
    const ip = (await kubectl('get', 'pod', '-l', 'app=server', '-o', 'jsonpath={.items[0].status.podIP}')).stdout;
    expect(await dial(ip, 8080)).toMatchObject({ open: true });
    const policy = join(await mkdtemp(join(tmpdir(), 'policy-')), 'policy.yaml');
    await writeFile(
      policy,
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed}\nspec: {podSelector: {matchLabels: {app: server}}, policyTypes: [Ingress]}\n',
    );
    await kubectl('apply', '-f', policy);
    await eventually('the policy closes the port', async () => !(await dial(ip, 8080)).open, 10_000);
    await kubectl('delete', '-f', policy);
    await eventually('the port is open again', async () => (await dial(ip, 8080)).open, 10_000);
    await rm(policy);
  }, 60_000);

  test('pods do not meet over link-local IPv6, where no policy is enforced', async () => {
    const mac = await kubectl('exec', 'deployment/server', '--', 'sh', '-c', 'busybox ip -6 addr show dev eth0');
    const address = mac.stdout.match(/inet6 (fe80::[0-9a-f:]+)/)?.[1];
    if (!address) return;
    expect(await dial(`${address}%eth0`, 8080)).toMatchObject({ open: false });
  }, 60_000);

  test('an image that does not exist is ErrImagePull within seconds, in the words of a public registry', async () => {
    await kubectl('run', 'typo', '--image=nginx:nonexistent-tag-99999');
    const reason = () => kubectl('get', 'pod', 'typo', '-o', 'jsonpath={.status.containerStatuses[0].state.waiting}');
    await eventually('ErrImagePull', async () => /ErrImagePull|ImagePullBackOff/.test((await reason()).stdout), 10_000);
    expect((await kubectl('get', 'events', '--field-selector=involvedObject.name=typo')).stdout).toContain(
      'docker.io/library/nginx:nonexistent-tag-99999: not found',
    );
    await kubectl('delete', 'pod', 'typo', '--now');
  }, 60_000);

  test('a pod sees no path that tells what the node is for', async () => {
    const seen = await inPod('busybox cat /proc/mounts /proc/self/mountinfo /proc/self/cgroup /etc/resolv.conf /etc/hosts; busybox env');
    expect(seen.stdout.length).toBeGreaterThan(1_000);
    expect(seen.stdout).not.toMatch(/gym|sre|e2e-second|\/root|\.cache/i);
  }, 60_000);

  test('metrics are served', async () => {
    await eventually('kubectl top works', async () => (await kubectl('top', 'node')).stdout.includes('node-1'), 60_000);
  }, 90_000);

  test('the kernel settings of the host stay as they were', async () => {
    expect(await hostSysctls()).toEqual(sysctlsBefore);
  });

  test('up on a running cluster returns at once', async () => {
    const began = Date.now();
    expect(await gymctl(['cluster', 'up', '--name', NAME])).toMatchObject({ code: 0, stdout: `${kubeconfig}\n` });
    expect(Date.now() - began).toBeLessThan(4_000);
  }, 60_000);

  test('the context provider uses the cluster as it finds it', async () => {
    const env = { KUBECONFIG: kubeconfig };
    const context = `kubernetes-super-admin@${NAME}`;
    const up = await gymctl(['cluster', 'up', '--provider', 'context'], env);
    expect(up).toMatchObject({ code: 0 });
    expect((await run(cachedProgram('kubectl'), [`--kubeconfig=${up.stdout.trim()}`, 'config', 'current-context'])).stdout.trim()).toBe(
      context,
    );
    expect(await gymctl(['cluster', 'status', '--provider', 'context', '--name', context], env)).toMatchObject({ code: 0 });
    expect(await gymctl(['cluster', 'down', '--provider', 'context', '--name', context], env)).toMatchObject({ code: 0 });
    expect(await gymctl(['cluster', 'status', '--name', NAME])).toMatchObject({ code: 0 });
    const wrong = await gymctl(['cluster', 'up', '--provider', 'context', '--name', 'nowhere'], env);
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.stderr).toContain(`no context "nowhere"; it has ${context}`);
    expect((await gymctl(['cluster', 'load-image', '--provider', 'context', 'x.tar'], env)).stderr).toContain('push them to a registry');
  }, 60_000);

  test.each(['kubelet', 'kube-apiserver', 'etcd'])(
    'after kill -9 of %s status says so and it runs again',
    async (program) => {
      process.kill(await pidOf(program), 'SIGKILL');
      await eventually('the exit is told', async () => (await status()).programs.some((p) => p.name === program && p.restarts > 0), 30_000);
      expect((await status()).programs.find((p) => p.name === program)?.lastExit).toBe('signal 9 (killed)');
      await eventually('the cluster is ready', async () => (await status()).ready, 60_000);
      expect((await kubectl('get', 'pod', 'client')).stdout).toContain('Running');
    },
    120_000,
  );

  test("after kill -9 of the node's first process status says so, and up makes a new node", async () => {
    const { init } = JSON.parse(await readFile(join(node.stateDir, 'node.json'), 'utf8'));
    process.kill(init.pid, 'SIGKILL');
    await eventually('all is gone', async () => (await status()).summary.includes('has died'), 10_000);
    expect(await gymctl(['cluster', 'up', '--name', NAME])).toMatchObject({ code: 0 });
    expect((await kubectl('get', 'pods', '-n', 'default')).stderr).toContain('No resources found');
  }, 120_000);

  test('down leaves nothing', async () => {
    expect(await traces()).not.toEqual([]);
    expect(await gymctl(['cluster', 'down', '--name', NAME])).toMatchObject({ code: 0 });
    expect(await traces()).toEqual([]);
    expect(await gymctl(['cluster', 'kubeconfig', '--name', NAME])).toMatchObject({ code: 1 });
  }, 120_000);
});

describe('an up that does not come to its end', () => {
  test.each([50, 700, 1_500, 3_000, 5_000])(
    'killed %d ms after its start: no process stays, and down leaves nothing',
    async (ms) => {
      const up = startGymctl(['cluster', 'up', '--name', NAME]);
      await up.says('Starting the cluster');
      await sleep(ms);
      up.child.kill('SIGKILL');
      await up.ended;
      await eventually('the node ends itself', async () => !(await traces()).some((trace) => trace.startsWith('process')), 10_000);
      expect(await gymctl(['cluster', 'down', '--name', NAME])).toMatchObject({ code: 0 });
      expect(await traces()).toEqual([]);
    },
    60_000,
  );

  test.each([20, 1_000, 3_000])(
    'interrupted by Ctrl-C after %d ms: it removes what it made',
    async (ms) => {
      const up = startGymctl(['cluster', 'up', '--name', NAME]);
      await up.says('Starting the cluster');
      await sleep(ms);
      up.child.kill('SIGINT');
      expect(await up.ended).toMatchObject({ code: 1 });
      expect(await traces()).toEqual([]);
    },
    60_000,
  );

  test('two at once make one cluster', async () => {
    const both = await Promise.all([gymctl(['cluster', 'up', '--name', NAME]), gymctl(['cluster', 'up', '--name', NAME])]);
    expect(both.map((up) => up.code)).toEqual([0, 0]);
    expect(both[0]?.stdout).toBe(both[1]?.stdout);
    expect(both.filter((up) => up.stderr.includes('Starting the cluster'))).toHaveLength(1);
    expect(await gymctl(['cluster', 'down', '--name', NAME])).toMatchObject({ code: 0 });
    expect(await traces()).toEqual([]);
  }, 180_000);
});

test('the first cluster has stood all the while', async () => {
  expect(await gymctl(['cluster', 'status'])).toMatchObject({ code: 0 });
}, 60_000);
