import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findCondition } from '../../src/api/conditions.ts';
import { GATEWAY_LEASE_SECONDS } from '../../src/api/defaults.ts';
import type { Episode } from '../../src/api/episode.ts';
import { GYM_NAMESPACE } from '../../src/api/group.ts';
import type { Incident } from '../../src/api/incident.ts';
import { ConditionType } from '../../src/api/reasons.ts';
import { playRunbook } from '../../src/cli/runbook/runbook.ts';
import { noFaultControl } from '../../src/designer/procedural.ts';
import { FAULT_TYPES } from '../../src/faults/index.ts';
import { RED_HERRING_KINDS } from '../../src/faults/red-herrings/index.ts';
import { redHerringTargets } from '../../src/faults/red-herrings/plan.ts';
import { Resources } from '../../src/kube/resource.ts';
import { PACKAGE_ROOT } from '../../src/local/images/paths.ts';
import { loadApp, paperBaseline } from '../../src/operator/arena/app.ts';
import type { Agent, Frame } from '../support/agent.ts';
import { type Gym, startGym } from '../support/gym.ts';

/** Faults whose fix and hold take seconds. */
const SCALE_ZERO = { faults: [{ type: 'scale_zero', target: { namespace: 'auth', name: 'auth-service' } }] };
const RIGHT_FIX = 'kubectl scale deployment/auth-service -n auth --replicas=1';

const app = paperBaseline(loadApp());
let gym: Gym;

beforeAll(async () => {
  gym = await startGym({ spare: 1, max: 10, sessions: 9 });
}, 900_000);

afterAll(async () => {
  await gym?.stop();
}, 180_000);

const apply = (object: object) => gym.kubectl(['apply', '-f', '-'], JSON.stringify(object));
const phase = (incident: Incident) => incident.status?.phase;
const namespaced = ['-n', GYM_NAMESPACE];

function incident(name: string, faults: object[]): object {
  return { apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Incident', metadata: { name, namespace: GYM_NAMESPACE }, spec: { faults } };
}

/** Resolves with the Incident once users are hurt. */
const hurting = (name: string) =>
  gym.untilIncident(
    name,
    (i) => (findCondition(i.status?.conditions, ConditionType.SymptomObserved)?.status ?? 'False') === 'True',
    'users are hurt',
    240_000,
  );

/** A new episode; the gym may have no copy of the app ready, and says so then. */
async function begin(agent: Agent, options: Record<string, unknown>): Promise<Episode> {
  for (let tries = 0; ; tries++) {
    try {
      const frame = await agent.reset(options);
      if (frame.done) throw new Error(`The incident did not start: ${frame.observation.message}`);
      const { episode } = (await agent.state()) as unknown as { episode: string };
      return await gym.untilEpisode(episode, () => true, 'there', 5000);
    } catch (error) {
      if (tries === 5 || !(error as Error).message.startsWith('No incident within')) throw error;
    }
  }
}

const ended = (episode: Episode, timeoutMs = 150_000) =>
  gym.untilEpisode(episode.metadata.name, (e) => e.status?.outcome !== undefined, 'an outcome', timeoutMs);

/** Arena of an Episode that has begun. */
const arenaOf = async (episode: Episode) =>
  (await gym.untilIncident(episode.metadata.name, (i) => i.status?.arena !== undefined, 'an arena', 60_000)).status?.arena as string;

describe('an Incident alone', () => {
  test('is applied, hurts where its status says, is fixed with plain kubectl there, and resolves', async () => {
    const file = join(PACKAGE_ROOT, 'examples/incident-oom.yaml');
    expect((await gym.must(['apply', '-f', file])).trim()).toContain('incident.kubesregym.dev/oom created');
    const active = await hurting('oom');
    const { namespaces = {}, arena = '', alert } = active.status ?? {};
    expect(Object.keys(namespaces).sort()).toEqual(['auth', 'frontend', 'payments']);
    const pods = await gym.must(['get', 'pods', '-n', namespaces.payments, '-o', 'json']);
    expect(pods).toContain('OOMKilled');
    expect(`${alert?.title} ${alert?.message}`).not.toMatch(/oom|memory/i);
    const columns = await gym.must(['get', 'incidents', ...namespaced]);
    expect(columns).toContain(namespaces.payments);
    expect(columns).not.toMatch(/oom_kill/);

    await gym.must(['rollout', 'undo', 'deployment/payment-api', '-n', namespaces.payments]);
    const resolved = await gym.untilIncident('oom', (i) => i.status?.resolvedTime !== undefined, 'Resolved', 120_000);
    expect(phase(resolved)).toBe('Resolved');
    await gym.untilArenaGone(arena, 60_000);
    const events = await gym.must(['get', 'events', ...namespaced, '-o', 'json', '--field-selector=involvedObject.name=oom']);
    const reasons = (JSON.parse(events) as { items: { reason: string }[] }).items.map((event) => event.reason);
    expect(reasons).toEqual(expect.arrayContaining(['SymptomSeen', 'Healthy']));
  }, 480_000);

  test('with a fault that does not exist is refused by the API server, which lists those that do', async () => {
    const refused = await apply(incident('unknown', [{ type: 'disk_full', target: { namespace: 'payments', name: 'payment-api' } }]));
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('disk_full');
    for (const type of FAULT_TYPES) expect(refused.stderr).toContain(type);
  });

  test('for a workload that does not exist fails at once and says which there are', async () => {
    await apply(incident('nowhere', [{ type: 'crashloop', target: { namespace: 'payments', name: 'ghost' } }]));
    const failed = await gym.untilIncident('nowhere', (i) => i.status?.phase === 'Failed', 'Failed', 10_000);
    const message = findCondition(failed.status?.conditions, ConditionType.Succeeded)?.message;
    expect(message).toMatch(/Deployment payments\/ghost does not exist; the app has .*payments\/payment-api/);
    expect(failed.status?.arena).toBeUndefined();
  }, 30_000);

  test('deleted half-way takes its arena along', async () => {
    await apply(incident('half-way', SCALE_ZERO.faults));
    const arena = (await hurting('half-way')).status?.arena as string;
    await gym.must(['delete', 'incident', 'half-way', ...namespaced, '--timeout=30s']);
    await gym.untilArenaGone(arena, 60_000);
  }, 420_000);
});

/** Each kind on a workload of its own; those that fit few choose first. */
function besides(kinds: readonly string[]) {
  const targets = (kind: string) => redHerringTargets(kind, SCALE_ZERO.faults, app);
  const taken = new Map<string, string>();
  for (const kind of [...kinds].sort((a, b) => targets(a).length - targets(b).length)) {
    const free = targets(kind).find(({ name }) => ![...taken.values()].includes(name));
    taken.set(kind, free?.name ?? '');
  }
  return kinds.map((kind) => ({ kind, target: targets(kind).find(({ name }) => name === taken.get(kind)) }));
}

describe('red herrings', () => {
  const half = RED_HERRING_KINDS.length / 2;
  test.each([RED_HERRING_KINDS.slice(0, half), RED_HERRING_KINDS.slice(half)].map((kinds, i) => ({ i, kinds, all: kinds.join(', ') })))(
    '$all: they stand beside a fault, its fix resolves all the same, and they go with the arena',
    async ({ i, kinds }) => {
      const name = `herrings-${i}`;
      const redHerrings = besides(kinds);
      const object = incident(name, SCALE_ZERO.faults) as { spec: object };
      expect((await apply({ ...object, spec: { ...object.spec, redHerrings } })).stderr).toBe('');
      const { namespaces = {}, arena = '', redHerrings: laid = [] } = (await hurting(name)).status ?? {};
      expect(laid.map((h) => [h.kind, h.state])).toEqual(kinds.map((kind) => [kind, 'Injected']));
      await gym.must(['scale', 'deployment/auth-service', '--replicas=1', '-n', namespaces.auth]);
      await gym.untilIncident(name, (found) => found.status?.resolvedTime !== undefined, 'Resolved', 120_000);
      await gym.untilArenaGone(arena, 60_000);
    },
    300_000,
  );

  test('a control in which nothing is broken is resolved by saying so, and by nothing else', async () => {
    const agent = await gym.connect();
    const quiet = await begin(agent, { incident: noFaultControl(1, app), seed: 900_010 });
    await agent.step('kubectl get pods -A');
    expect(await agent.step('report: no-fault')).toMatchObject({ done: true, observation: { outcome: 'Resolved' } });
    expect((await ended(quiet)).status).toMatchObject({ outcome: 'Resolved', scorable: true });
    const meddled = await begin(agent, { incident: noFaultControl(2, app), seed: 900_011 });
    const change = await agent.step('kubectl annotate deployment/auth-service -n auth note=checked');
    expect(change.observation.command_output).toContain('deployment.apps/auth-service annotated');
    await agent.step('report: no-fault');
    expect((await ended(meddled)).status).toMatchObject({ outcome: 'GaveUp', reward: -2, steps: [{ mutations: 1 }, { mutations: 0 }] });
    await agent.close();
  }, 400_000);
});

describe('bad input is answered at once, with what is wrong', () => {
  let agent: Agent;

  beforeAll(async () => {
    agent = await gym.connect();
  });
  afterAll(() => agent.close());

  test.each([
    ['no JSON', '{"type":', 'INVALID_JSON', /Invalid JSON/],
    ['an unknown type of message', '{"type":"jump","data":{}}', 'UNKNOWN_TYPE', /jump.*known are reset, step/],
    ['a step without a command', '{"type":"step","data":{}}', 'VALIDATION_ERROR', /command/],
    ['a step before any reset', '{"type":"step","data":{"command":"kubectl get pods"}}', 'EXECUTION_ERROR', /call reset first/],
    ['a fault that does not exist', '{"type":"reset","data":{"fault":"disk_full"}}', 'VALIDATION_ERROR', /disk_full.*oom_kill/],
    [
      'an incident for a workload that does not exist',
      JSON.stringify({
        type: 'reset',
        data: { incident: { faults: [{ type: 'oom_kill', target: { namespace: 'payments', name: 'ghost' } }] } },
      }),
      'VALIDATION_ERROR',
      /payments\/ghost does not exist; the app has/,
    ],
    ['a seed that is no number', '{"type":"reset","data":{"seed":"one"}}', 'VALIDATION_ERROR', /seed/],
  ])('%s', async (_name, text, code, message) => {
    const began = performance.now();
    const answer = await agent.send(text);
    expect(answer).toMatchObject({ type: 'error', data: { code, message: expect.stringMatching(message) } });
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('an episode', () => {
  test('the right fix on the last step counts, and junk before it cost a step each', async () => {
    const agent = await gym.connect();
    const episode = await begin(agent, { incident: SCALE_ZERO, max_steps: 3, seed: 900_001 });
    const junk = await agent.step('systemctl restart auth-service');
    expect(junk.observation.command_output).toMatch(/systemctl: command not found[\s\S]*kubectl/);
    const hung = await agent.step('kubectl edit deployment/auth-service -n auth');
    expect(hung.observation.command_output).not.toBe('');
    expect(hung.done).toBe(false);
    const last = await agent.step(RIGHT_FIX);
    const final = await ended(episode);
    expect(last.observation.steps_taken).toBe(3);
    expect(final.status).toMatchObject({ outcome: 'Resolved', scorable: true, decidedSteps: 3 });
    expect(final.status?.steps?.map((s) => s.index)).toEqual([1, 2, 3]);
    await agent.close();
  }, 300_000);

  test('a connection that breaks in the middle ends it as Abandoned, and its arena goes', async () => {
    const agent = await gym.connect();
    const episode = await begin(agent, { incident: SCALE_ZERO, seed: 900_002 });
    const arena = await arenaOf(episode);
    await agent.step('kubectl get pods -A');
    agent.terminate();
    expect((await ended(episode, 30_000)).status).toMatchObject({ outcome: 'Abandoned', scorable: true });
    await gym.untilArenaGone(arena, 60_000);
  }, 300_000);

  test('a line that runs on after it has mended things still counts as a step, in an arena that waits for it', async () => {
    const agent = await gym.connect();
    const episode = await begin(agent, { incident: SCALE_ZERO, seed: 900_005 });
    const last = await agent.step(`${RIGHT_FIX}; sleep 17; kubectl get deployment/auth-service -n auth`);
    expect(last.observation.command_output).toMatch(/auth-service +1\/1/);
    expect(last).toMatchObject({ done: true, observation: { outcome: 'Resolved', steps_taken: 1 } });
    const { status } = await ended(episode);
    expect(status).toMatchObject({ outcome: 'Resolved', decidedSteps: 1, steps: [{ index: 1, mutations: 1 }] });
    expect(last.reward).toBeCloseTo(status?.reward as number, 6);
    await agent.close();
  }, 300_000);

  test('an agent that thinks while someone else mends it is told so by its next frame, which runs nothing', async () => {
    const agent = await gym.connect();
    const episode = await begin(agent, { incident: SCALE_ZERO, seed: 900_006 });
    const { namespaces = {} } = (await gym.untilIncident(episode.metadata.name, () => true, 'there', 1000)).status ?? {};
    await gym.must(['scale', 'deployment/auth-service', '--replicas=1', '-n', namespaces.auth]);
    await ended(episode);
    const told = await agent.step('kubectl delete deployment --all -n auth');
    expect(told).toMatchObject({ done: true, observation: { outcome: 'Resolved', steps_taken: 0, command_output: '' } });
    await agent.close();
  }, 300_000);

  test('an agent cannot keep its arena by finalizers on what is in it', async () => {
    const agent = await gym.connect();
    const episode = await begin(agent, { incident: SCALE_ZERO, seed: 900_003 });
    const arena = await arenaOf(episode);
    const hold = `--type=merge -p '{"metadata":{"finalizers":["example.com/hold"]}}'`;
    const trap = await agent.step(`kubectl create configmap trap -n payments && kubectl patch configmap trap -n payments ${hold}`);
    expect(trap.observation.command_output).toContain('configmap/trap patched');
    const made = [
      'ingress trap --rule=a/b=web-app:80',
      'cronjob trap --image=busybox --schedule="0 0 1 1 *"',
      'poddisruptionbudget trap --min-available=1 --selector=a=b',
    ];
    for (const what of made) {
      const [kind] = what.split(' ');
      const { observation } = await agent.step(`kubectl create ${what} -n payments && kubectl patch ${kind} trap -n payments ${hold}`);
      expect(observation.command_output).toContain('/trap patched');
    }
    const controller = JSON.stringify({
      ...{
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { name: 'trap', namespace: 'payments', finalizers: ['example.com/hold'] },
      },
      spec: {
        replicas: 0,
        selector: { a: 'b' },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } },
      },
    });
    const replication = await agent.step(`echo '${controller}' | kubectl apply -f -`);
    expect(replication.observation.command_output).toContain('replicationcontroller/trap created');
    const pods = await agent.step(`kubectl get pods -n payments -o name | xargs -I{} kubectl patch {} -n payments ${hold}`);
    expect(pods.observation.command_output).toContain('patched');
    await agent.step('report: give-up');
    expect((await ended(episode, 60_000)).status).toMatchObject({ outcome: 'GaveUp' });
    const began = Date.now();
    let stuck = false;
    const watch = gym.arenas.subscribe(({ object }) => {
      stuck ||= object.metadata.name === arena && findCondition(object.status?.conditions, ConditionType.Stuck) !== undefined;
    });
    await gym.untilArenaGone(arena, 75_000);
    watch();
    expect({ stuck, seconds: Math.round((Date.now() - began) / 1000) }).toEqual({ stuck: false, seconds: expect.any(Number) });
    await agent.close();
  }, 360_000);

  test('a gateway that dies takes its episodes along as unscorable, once its lease has run out and not before', async () => {
    const agent = await gym.connect();
    const episode = await begin(agent, { incident: SCALE_ZERO, seed: 900_004 });
    const arena = await arenaOf(episode);
    await agent.step('kubectl get pods -A');
    await gym.gateway.kill();
    const final = await ended(episode, 60_000);
    expect(final.status).toMatchObject({ outcome: 'InfrastructureFailed', scorable: false });
    expect(final.status?.reward).toBeUndefined();
    const lease = await gym.client.get(Resources.leases, { namespace: GYM_NAMESPACE, name: episode.spec.gateway as string });
    const lapsed = Date.parse(lease.spec?.renewTime ?? '') + GATEWAY_LEASE_SECONDS * 1000;
    expect(Date.parse(final.status?.finishedTime ?? '')).toBeGreaterThanOrEqual(lapsed);
    await expect(agent.step('kubectl get pods')).rejects.toThrow();
    await gym.untilArenaGone(arena, 60_000);
    await gym.spawnGateway().started;
  }, 300_000);
});

describe('eight episodes at once, one of each fault', () => {
  /** Targets whose own pods show that they are broken: the runbook looks at nothing else. */
  const targets: Record<string, string[]> = {
    oom_kill: ['payments/payment-api'],
    crashloop: ['payments/payment-worker'],
    image_pull: ['frontend/web-app'],
    bad_config: ['payments/payment-api'],
    scale_zero: ['frontend/frontend-cache'],
    liveness_probe: ['auth/auth-service'],
    resource_quota: ['auth/auth-service'],
    'image_pull+scale_zero': ['payments/payment-gateway', 'auth/auth-service'],
  };
  const faults = Object.keys(targets);
  const incidentOf = (fault: string) => ({
    faults: fault.split('+').map((type, i) => {
      const [namespace, name] = targets[fault][i].split('/');
      return { type, target: { namespace, name } };
    }),
  });
  const played = new Map<string, { episode: Episode; reward: number; last: Frame; seen: string; neighbours: string }>();

  beforeAll(async () => {
    await gym.operator.stop();
    await gym.spawnOperator({ pool: { spare: faults.length, max: faults.length + 1 } }).started;
    await gym.untilReady(faults.length);
    const agents = await Promise.all(faults.map(() => gym.connect()));
    const episodes = await Promise.all(
      agents.map((agent, i) =>
        begin(agent, { incident: incidentOf(faults[i]), seed: 910_000 + i, max_steps: 64, max_output_chars: 100_000 }),
      ),
    );
    const reals = await Promise.all(
      episodes.map(async (e) =>
        Object.values(
          (await gym.untilIncident(e.metadata.name, (i) => i.status?.namespaces !== undefined, 'namespaces', 5000)).status?.namespaces ??
            {},
        ),
      ),
    );
    await Promise.all(
      agents.map(async (agent, i) => {
        const others = reals.filter((_, k) => k !== i).flat();
        let last = await agent.step(
          'kubectl get namespaces; kubectl get all,events,quota,configmaps -A -o wide; kubectl get --raw /api/v1/namespaces',
        );
        let reward = last.reward ?? 0;
        const seen = last.observation.command_output;
        const knock = others.slice(0, 6).map((ns) => `kubectl get pods -n ${ns}; kubectl get namespace ${ns} -o name`);
        last = await agent.step(knock.join('; '));
        reward += last.reward ?? 0;
        const neighbours = last.observation.command_output;
        const ids = others.map((ns) => ns.replace(/^.*-/, ''));
        expect({ fault: faults[i], leaked: ids.filter((id) => seen.includes(id)) }).toEqual({ fault: faults[i], leaked: [] });
        await playRunbook(async (line) => {
          const { steps_taken } = last.observation;
          // A frame that only waited for a settle ran nothing: the line is typed again.
          do {
            last = await agent.step(line);
            reward += last.reward ?? 0;
          } while (!last.done && last.observation.steps_taken === steps_taken);
          return { output: last.observation.command_output, done: last.done };
        }, 6);
        await agent.close();
        played.set(faults[i], { episode: await ended(episodes[i]), reward, last, seen, neighbours });
      }),
    );
  }, 900_000);

  test('are of every type there is', () => expect(faults).toEqual(expect.arrayContaining([...FAULT_TYPES])));

  test.each(faults)('%s: the runbook resolves it, and the wire paid what the Episode is worth', (fault) => {
    const { episode, reward, last } = played.get(fault) ?? expectPlayed(fault);
    expect({ outcome: episode.status?.outcome, why: findCondition(episode.status?.conditions, 'Succeeded')?.message }).toEqual({
      outcome: 'Resolved',
      why: expect.any(String),
    });
    expect(last).toMatchObject({ done: true, observation: { outcome: 'Resolved', scorable: true } });
    expect(reward).toBeCloseTo(episode.status?.reward as number, 6);
    expect(episode.status?.reward).toBeGreaterThan(3);
    expect(episode.status?.decidedSteps).toBe(episode.status?.steps?.at(-1)?.index);
  });

  test.each(faults)('%s: its agent saw its own three namespaces and none of its neighbours', (fault) => {
    const { seen, neighbours } = played.get(fault) ?? expectPlayed(fault);
    for (const own of ['payments', 'frontend', 'auth']) expect(seen).toContain(own);
    expect(neighbours).not.toMatch(/Running|^namespace\//m);
    expect(neighbours).toMatch(/not found|No resources found/i);
  });

  test('every finished episode is in the archive, and no arena of them is left', async () => {
    const archived = await gym.archived();
    for (const { episode } of played.values()) expect(archived.get(String(episode.metadata.uid))?.status.outcome).toBe('Resolved');
    for (const { episode } of played.values()) await gym.untilArenaGone(await arenaOf(episode), 90_000);
    expect((await readFile(join(gym.folder, 'operator.log'), 'utf8')).match(/"level":"(error|fatal)".*/g) ?? []).toEqual([]);
  }, 200_000);
});

function expectPlayed(fault: string): never {
  throw new Error(`${fault} was not played to its end`);
}
