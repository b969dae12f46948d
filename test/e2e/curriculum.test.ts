import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TRANSFER_APP } from '../../src/api/apps.ts';
import type { Assignment } from '../../src/api/assignment.ts';
import { isTrue } from '../../src/api/conditions.ts';
import { type Curriculum, curriculumSpecSchema } from '../../src/api/curriculum.ts';
import type { Episode } from '../../src/api/episode.ts';
import { API_VERSION, GYM_NAMESPACE } from '../../src/api/group.ts';
import type { Incident } from '../../src/api/incident.ts';
import { ConditionType } from '../../src/api/reasons.ts';
import { evalChoice } from '../../src/curriculum/eval-choice.ts';
import { scenarioSource } from '../../src/designer/scenarios.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { Resources } from '../../src/kube/resource.ts';
import { PACKAGE_ROOT } from '../../src/local/images/paths.ts';
import { loadApp, paperBaseline } from '../../src/operator/arena/app.ts';
import { type Gym, startGym } from '../support/gym.ts';
import { playSeed } from '../support/trainee.ts';

const NAME = 'e2e';
const GROUPS = 6;
const GROUP_SIZE = 2;
/** What the agent can do; the rest it gives up at once. */
const GOOD_AT = ['oom_kill', 'image_pull', 'scale_zero'];

let gym: Gym;
let curricula: Reflector<Curriculum>;
let assignments: Assignment[] = [];
const episodes: Episode[] = [];
let curriculum: Curriculum;

beforeAll(async () => {
  gym = await startGym({ spare: 4, max: 8, sessions: 8 });
  curricula = new Reflector<Curriculum>({ client: gym.client, resource: Resources.curricula, namespace: GYM_NAMESPACE });
  curricula.start();
  await gym.client.create(Resources.curricula, {
    apiVersion: API_VERSION,
    kind: 'Curriculum',
    metadata: { name: NAME, namespace: GYM_NAMESPACE },
    spec: { groupSize: GROUP_SIZE, designer: { noFaultShare: 0 } } as Curriculum['spec'],
  });
  const seeds = Array.from({ length: GROUPS * GROUP_SIZE }, (_, i) => Math.floor(i / GROUP_SIZE));
  const seat = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      episodes.push(await playSeed(gym, { curriculum: NAME, run: 'one', seed }, GOOD_AT));
    }
  };
  await Promise.all(Array.from({ length: 4 }, seat));
  const ref = { namespace: GYM_NAMESPACE, name: NAME };
  curriculum = (await curricula.waitFor(() => {
    const seen = curricula.get(ref);
    return seen?.status?.trials === GROUPS && seen.status.folding.length === 0 ? seen : undefined;
  }, AbortSignal.timeout(30_000))) as Curriculum;
  const all = await gym.client.list(Resources.assignments, { namespace: GYM_NAMESPACE });
  assignments = all.items.filter((a) => a.spec.curriculum === NAME);
}, 900_000);

afterAll(async () => {
  await curricula?.stop();
  await gym?.client.delete(Resources.curricula, { namespace: GYM_NAMESPACE, name: NAME }).catch(() => {});
  for (const { metadata } of assignments) await gym.client.delete(Resources.assignments, metadata).catch(() => {});
  await gym?.stop();
}, 180_000);

/** The Curriculum has no controls, so a seed's scenario is a matter of the other app and the tiers alone. */
const scenarios = scenarioSource(
  paperBaseline(loadApp({ name: TRANSFER_APP })),
  curriculumSpecSchema()
    .parse({})
    .tiers.map((tier) => tier.maxDifficulty),
  { allHeldOut: true },
);
const scenarioOf = (seed: number) => evalChoice(seed, scenarios).scenario;

/** A seed that the agent can resolve. */
function transferSeed(): number {
  for (let seed = 0; ; seed++) {
    const [fault, ...more] = scenarioOf(seed).faults;
    if (more.length === 0 && GOOD_AT.includes(fault.type)) return seed;
  }
}

const outcomeOf = (uid: string): string | undefined => episodes.find((e) => e.metadata.uid === uid)?.status?.outcome;
const resolvedOf = (assignment: string): number =>
  episodes.filter((e) => e.status?.assignment === assignment && e.status.outcome === 'Resolved').length;

describe('a Curriculum that an agent trains in', () => {
  test('gave both members of each group the same incident, and no two groups the same', () => {
    expect(assignments).toHaveLength(GROUPS);
    const hashes = assignments.map(({ metadata }) => [
      ...new Set(episodes.filter((e) => e.status?.assignment === metadata.name).map((e) => e.status?.scenarioHash)),
    ]);
    expect(hashes.every((own) => own.length === 1 && own[0])).toBe(true);
    expect(new Set(hashes.flat()).size).toBe(GROUPS);
    expect(assignments.map((a) => ({ usedUp: a.spec.usedUp, counted: a.status?.counted }))).toEqual(
      assignments.map(() => ({ usedUp: false, counted: true })),
    );
  });

  test('was told of each episode once, and knows what the agent can and what it cannot do', () => {
    const expected = new Map<string, number[]>();
    for (const { spec, status } of [...assignments].sort((a, b) =>
      (a.status?.closedTime ?? '').localeCompare(b.status?.closedTime ?? ''),
    )) {
      const fault = spec.pool?.type as string;
      // A reset that found no copy of the app ready left an unscorable member.
      const scored = (status?.members ?? []).filter(({ final, scorable }) => final && scorable);
      expect(scored.map(({ success }) => success)).toEqual(scored.map(({ uid }) => outcomeOf(uid) === 'Resolved'));
      expected.set(fault, [...(expected.get(fault) ?? []), scored.filter(({ success }) => success).length / scored.length]);
    }
    const { mastery = [] } = curriculum.status ?? {};
    expect(Object.fromEntries(mastery.map(({ fault, results }) => [fault, results]))).toEqual(Object.fromEntries(expected));
    const resolved = (good: boolean): number =>
      assignments
        .filter((a) => GOOD_AT.includes(a.spec.pool?.type ?? '') === good)
        .reduce((sum, a) => sum + resolvedOf(a.metadata.name), 0);
    expect(resolved(false)).toBe(0);
    // The runbook may miss one on a busy machine; what the Curriculum knows of it must be true all the same.
    expect(resolved(true)).toBeGreaterThan(0);
  });

  test('calls weak what the agent failed, and nothing that it can do', () => {
    const { mastery = [], weakSpots } = curriculum.status ?? {};
    const failed = mastery.filter(({ fault, rate }) => !GOOD_AT.includes(fault) && rate === 0).map(({ fault }) => fault);
    expect(failed.length).toBeGreaterThan(0);
    expect(weakSpots).toEqual(expect.arrayContaining(failed));
    const mastered = mastery.filter(({ rate }) => rate === 1).map(({ fault }) => fault);
    expect(weakSpots?.filter((fault) => mastered.includes(fault))).toEqual([]);
  });

  test('tried every unlocked fault before it came back to one', () => {
    const first = [...assignments].sort((a, b) => (a.spec.trial ?? 0) - (b.spec.trial ?? 0)).slice(0, 4);
    expect(new Set(first.map((a) => a.spec.pool?.type)).size).toBe(4);
  });

  test('shows where it stands, and tells of it in Events', async () => {
    const line = await gym.must(['get', 'curriculum', NAME, '-n', GYM_NAMESPACE, '--no-headers']);
    expect(line).toContain(curriculum.status?.tier);
    expect(line).toContain(curriculum.status?.masterySummary);
    expect(line).toContain(curriculum.status?.lastRewards);
    if (curriculum.status?.stint) {
      const events = await gym.must(['get', 'events', '-n', GYM_NAMESPACE, `--field-selector=involvedObject.name=${NAME}`]);
      expect(events).toContain('Promoted');
    }
  });

  test('plays split transfer in the other app, and is told nothing of it', async () => {
    const seed = transferSeed();
    const episode = await playSeed(gym, { curriculum: NAME, run: 'transfer', seed, split: 'transfer' }, GOOD_AT);
    expect(episode.status?.outcome).toBe('Resolved');
    const incident = gym.incidents.get({ namespace: GYM_NAMESPACE, name: episode.metadata.name });
    expect(incident?.spec.app).toBe('tickets');
    expect(Object.keys(incident?.status?.namespaces ?? {}).sort()).toEqual(['booking', 'members', 'website']);
    expect(incident?.spec.faults).toEqual(scenarioOf(seed).faults.map((fault) => expect.objectContaining({ target: fault.target })));
    expect(curricula.get({ namespace: GYM_NAMESPACE, name: NAME })?.status?.trials).toBe(GROUPS);
  }, 600_000);

  test('is offered with its splits by the Task API', async () => {
    const splits = (await (await fetch(`${gym.url}/kube_sre_gym/splits`)).json()) as { name: string; type: string }[];
    expect(splits).toContainEqual({ name: 'transfer', type: 'test' });
    const asked = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ split: 'transfer', index: 3 }),
    };
    const answer = await fetch(`${gym.url}/kube_sre_gym/task`, asked);
    expect(await answer.json()).toEqual({ task: { id: 'transfer-3', split: 'transfer', index: 3 } });
  });

  test('says nothing of an unknown Curriculum but that it does not exist', async () => {
    const agent = await gym.connect();
    const frame = await agent.reset({ curriculum: 'nowhere', seed: 1 });
    expect(frame).toMatchObject({ done: true, reward: null, observation: { scorable: false } });
    expect(frame.observation.message).toMatch(/Curriculum nowhere does not exist; there is .*default/);
    await agent.close();
  });
});

test('an Incident of the other app, applied by hand, gets a copy of that app and is solved in it', async () => {
  await gym.must(['apply', '-f', join(PACKAGE_ROOT, 'examples/incident-other-app.yaml')]);
  const hurts = (i: Incident): boolean => isTrue(i.status?.conditions, ConditionType.SymptomObserved);
  const hurting = await gym.untilIncident('other-app', hurts, 'users are hurt', 240_000);
  const { namespaces = {}, arena = '', alert } = hurting.status ?? {};
  expect(Object.keys(namespaces).sort()).toEqual(['booking', 'members', 'website']);
  expect(alert?.title).toMatch(/^order-api/);
  expect(gym.arenas.get({ namespace: GYM_NAMESPACE, name: arena })?.spec.app).toBe('tickets');

  await gym.must(['rollout', 'undo', 'deployment/order-api', '-n', namespaces.booking]);
  await gym.untilIncident('other-app', (i) => i.status?.resolvedTime !== undefined, 'Resolved', 120_000);
  await gym.untilArenaGone(arena, 60_000);
}, 480_000);
