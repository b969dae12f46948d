// The gym as users have it: from its image, under its own ServiceAccounts, behind its network policies, started and ended by gymctl.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ARENA_LABEL, GYM_NAMESPACE, SYSTEM_NAMESPACE } from '../../src/api/group.ts';
import { cachedProgram } from '../../src/local/cache.ts';
import { must } from '../../src/local/command.ts';
import { PACKAGE_ROOT } from '../../src/local/images/paths.ts';
import { virtualEnvironment } from '../conformance/venv.ts';
import { Agent } from '../support/agent.ts';
import { freePorts } from '../support/free-ports.ts';
import { type Ended, gymctl, startGymctl } from '../support/gymctl.ts';

const NAME = 'installed';
const CONFORMANCE = join(PACKAGE_ROOT, 'test/conformance');
/** A cluster, an image and the first arenas; the first time also what is compiled. */
const UP_MS = 1_200_000;
const PLAY_MS = 180_000;

let port: string;
let url: string;
let kubeconfig: string;
let demo: Ended;
let up: Ended;

const kubectl = (...args: string[]): Promise<string> => must(cachedProgram('kubectl'), ['--kubeconfig', kubeconfig, ...args]);
const lines = (text: string): string[] => text.trim().split('\n').filter(Boolean);

/** Runs gymctl with what a person would type, and Ctrl-D after it. */
function type(args: readonly string[], ...typed: string[]): Promise<Ended> {
  const { child, ended } = startGymctl(args);
  child.stdin?.end(typed.map((line) => `${line}\n`).join(''));
  return ended;
}

beforeAll(async () => {
  port = String((await freePorts(1))[0]);
  url = `http://127.0.0.1:${port}`;
  const where = ['--provider', 'native', '--name', NAME, '--port', port];
  [demo, up] = await Promise.all([gymctl(['demo', ...where, '--keep', '--json']), gymctl(['up', ...where])]);
  kubeconfig = /^kubeconfig: (.+)$/m.exec(up.stdout)?.[1] ?? '';
}, UP_MS);

afterAll(async () => {
  await gymctl(['down', '--provider', 'native', '--name', NAME]);
}, 120_000);

describe('gymctl demo', () => {
  test('shows what it does, resolves its incident, and ends with the Episode and one line of JSON', () => {
    expect(demo).toMatchObject({ code: 0 });
    expect(demo.stderr).toMatch(/^\$ kubectl /m);
    const out = lines(demo.stdout);
    expect(JSON.parse(out.at(-1) ?? '')).toEqual({
      resolved: true,
      reward: expect.any(Number),
      steps: expect.any(Number),
      seconds: expect.any(Number),
    });
    expect(out.at(-2)).toMatch(/Resolved.* runbook /);
  });

  test('and an up at the same time wait for each other', () => {
    expect(up).toMatchObject({ code: 0, stdout: `gateway: ${url}\nkubeconfig: ${kubeconfig}\n` });
    expect([demo, up].filter(({ stderr }) => stderr.includes('Waiting for another gymctl'))).toHaveLength(1);
  });
});

test('the official Python client plays an episode to its end', async () => {
  const bin = await virtualEnvironment('openenv==0.10.0');
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await promisify(execFile)(join(bin, 'python'), ['play_episode.py', url], { cwd: CONFORMANCE, env, timeout: PLAY_MS });
  expect(stdout).toBe('ok plays_to_the_end\n');
}, 900_000);

test(
  'a person plays with gymctl play',
  async () => {
    // What seed 3 breaks.
    const fix = 'kubectl scale deployment/payment-api -n payments --replicas=2';
    const { code, stdout, stderr } = await type(['play', '--url', url, '--fault', 'scale_zero', '--seed', '3'], fix, 'kubectl get pods -A');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\[reward \d.*, Resolved\]$/m);
  },
  PLAY_MS,
);

describe('an Incident alone', () => {
  beforeAll(async () => {
    await kubectl('apply', '-f', join(PACKAGE_ROOT, 'examples/incident-oom.yaml'));
    await kubectl('wait', '-n', GYM_NAMESPACE, 'incident/oom', '--for=condition=SymptomObserved', '--timeout=120s');
  }, PLAY_MS);

  test(
    'is worked on in gymctl incident shell',
    async () => {
      const shell = ['incident', 'shell', 'oom', '--kubeconfig', kubeconfig];
      const { code, stdout } = await type(shell, 'kubectl get pods -n payments', 'kubectl rollout undo deployment/payment-api -n payments');
      expect(code).toBe(0);
      expect(stdout).toMatch(/payment-api-\S+ .*(OOMKilled|CrashLoopBackOff|Running)/);
      expect(stdout).toContain('deployment.apps/payment-api rolled back');
      await kubectl('wait', '-n', GYM_NAMESPACE, 'incident/oom', '--for=condition=Resolved', '--timeout=90s');
    },
    PLAY_MS,
  );

  test('that does not exist is a sentence', async () => {
    const { code, stderr } = await gymctl(['incident', 'shell', 'nothing', '--kubeconfig', kubeconfig]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('Incident nothing does not exist');
  });
});

describe('in an arena that the operator made and broke', () => {
  let agent: Agent;

  beforeAll(async () => {
    agent = await Agent.connect(url);
    const faults = [{ type: 'crashloop', target: { namespace: 'payments', name: 'payment-worker' } }];
    const frame = await agent.reset({ incident: { faults }, max_steps: 32 });
    if (frame.done) throw new Error(frame.observation.message);
  }, PLAY_MS);

  afterAll(() => agent?.close());

  /** What a line prints. */
  const say = async (line: string): Promise<string> => (await agent.step(line)).observation.command_output;

  test(
    'nothing tells of a gym',
    async () => {
      const kinds = 'all,cm,ep,endpointslices,events,events.events.k8s.io,quota,limits,sa,roles,rolebindings,netpol,pdb,hpa,ingress';
      // Without the cluster's certificate, whose random letters may spell anything.
      const everything = `kubectl get ${kinds} -A -o yaml --show-managed-fields | sed '/-BEGIN CERTIFICATE-/,/-END CERTIFICATE-/d'`;
      expect(Number(await say(`${everything} | grep -c payment-worker`))).toBeGreaterThan(10);
      expect(await say(`${everything} | grep -iE 'gym|incident|episode|arena|inject|curriculum' | sort | uniq -c | head -20`)).toBe('');
      expect(await say(`kubectl get ns,nodes -o yaml --show-managed-fields | grep -iE 'gym|arena' | head -20`)).toBe('');
    },
    PLAY_MS,
  );

  test(
    'pods reach and find nothing that is not theirs',
    async () => {
      const podsOf = async (...args: string[]): Promise<string[]> =>
        lines(await kubectl('get', 'pods', ...args, '-o', 'jsonpath={range .items[*]}{.status.podIP}{"\\n"}{end}'));
      const ofGym = (app: string): Promise<string[]> => podsOf('-n', SYSTEM_NAMESPACE, '-l', `app=${app}`);
      const mine = await say('kubectl get pod -l app.kubernetes.io/name=payment-api -n payments -o jsonpath={.items[0].status.podIP}');
      const others = JSON.parse(await kubectl('get', 'namespaces', '-l', ARENA_LABEL, '-o', 'json')).items as {
        metadata: { name: string };
      }[];
      const neighbours = [];
      for (const { metadata } of others) {
        const ips = await podsOf('-n', metadata.name, '-l', 'app.kubernetes.io/name=payment-api');
        if (ips.length && !ips.includes(mine.trim())) neighbours.push({ namespace: metadata.name, ip: ips[0] });
      }
      expect(neighbours.length).toBeGreaterThan(0);
      const dials = [
        ...(await ofGym('gateway')).flatMap((ip) => [8000, 8443, 8082, 8083].map((p) => [ip, p])),
        ...(await ofGym('operator')).flatMap((ip) => [8080, 8081].map((p) => [ip, p])),
        ...(await ofGym('runner')).slice(0, 2).map((ip) => [ip, 9447]),
        [await kubectl('get', 'service', 'gateway', '-n', SYSTEM_NAMESPACE, '-o', 'jsonpath={.spec.clusterIP}'), 8000],
        ...neighbours.map(({ ip }) => [ip, 8080]),
        // Whoever knew a neighbour's secret name would not get in either.
        ...neighbours.map(({ namespace }) => [`payment-db.${namespace}.svc.cluster.local`, 5432]),
        ['kubernetes.default.svc.cluster.local', 443],
      ];
      // Nobody can list what is there: neither the gym's Services by their names, nor a neighbour's pods by their addresses.
      const names = ['gateway', 'operator', 'runner'].map((name) => `${name}.${SYSTEM_NAMESPACE}.svc.cluster.local`);
      const asked = JSON.stringify({
        dials: [...dials, ['payment-db', 5432]],
        names: [...names, 'payment-db'],
        ips: neighbours.map((n) => n.ip),
      });
      const program = `const {dials,names,ips}=${asked};const net=require("net"),dns=require("dns").promises;
const dial=([host,port])=>new Promise((done)=>{const s=net.connect({host,port,timeout:4000});const end=(how)=>{s.destroy();done(how+" "+host+":"+port)};s.on("connect",()=>end("open"));s.on("error",()=>end("shut"));s.on("timeout",()=>end("shut"))});
const ask=(name)=>dns.lookup(name).then(()=>"found "+name,()=>"unknown "+name);
const whose=(ip)=>dns.reverse(ip).then((n)=>"found "+n,()=>"unknown "+ip);
Promise.all([...dials.map(dial),...names.map(ask),...ips.map(whose)]).then((all)=>console.log(all.join("\\n")))`;
      const answer = lines(
        await say(`kubectl exec deploy/payment-api -n payments -- /usr/local/bin/node -e '${program.replaceAll('\n', '')}'`),
      );
      // Its own database is there, so that the others are shut for a reason.
      expect(answer.filter((line) => /^(open|found)/.test(line))).toEqual(['open payment-db:5432', 'found payment-db']);
      expect(answer).toHaveLength(dials.length + names.length + neighbours.length + 2);
    },
    PLAY_MS,
  );
});

test('an uninstall ends what is played, and leaves the kinds', async () => {
  const agent = await Agent.connect(url);
  await agent.reset({ fault: 'scale_zero', seed: 5 });
  const context = (await must(cachedProgram('kubectl'), ['--kubeconfig', kubeconfig, 'config', 'current-context'])).trim();
  const { ended } = startGymctl(['down', '--provider', 'context', '--name', context], { KUBECONFIG: kubeconfig });
  expect(await ended).toMatchObject({ code: 0, stderr: expect.stringContaining('The kinds stay in the cluster') });
  await agent.close();
  expect(await kubectl('get', 'namespaces', '-l', ARENA_LABEL, '-o', 'name')).toBe('');
  expect(await kubectl('get', 'namespaces', '-o', 'name')).not.toContain(SYSTEM_NAMESPACE);
  expect(await kubectl('get', 'incidents,arenas', '-n', GYM_NAMESPACE, '-o', 'name')).toBe('');
  expect(await kubectl('get', 'crd', '-o', 'name')).toContain('incidents.kubesregym.dev');
}, 300_000);
