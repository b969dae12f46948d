import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Arena } from '../../src/api/arena.ts';
import { GROUP } from '../../src/api/group.ts';
import type { Incident } from '../../src/api/incident.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { installCrd, readCrd } from '../../src/kube/crd-install.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { type Resource, Resources } from '../../src/kube/resource.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const CRDS = join(import.meta.dirname, '..', '..', 'crds');
const NAMESPACE = 'default';
let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane();
  client = new KubeClient(loadKubeConfig({ path: plane.kubeconfigPath }));
  for (const file of readdirSync(CRDS).filter((f) => f.startsWith(GROUP))) await installCrd(client, readCrd(join(CRDS, file)));
}, 180_000);

afterAll(async () => {
  await client?.close();
  await plane?.stop();
});

const target = { namespace: 'payments', name: 'payment-api' };
let serial = 0;

/** Creates an object with any spec at all; a new name each time. */
function create(resource: Resource, spec: unknown): Promise<KubeObject> {
  const metadata = { namespace: NAMESPACE, name: `${resource.plural}-${++serial}` };
  const { group, version, kind } = resource;
  return client.create(resource, { apiVersion: `${group}/${version}`, kind, metadata, spec } as KubeObject);
}

/** The API server's words when it refuses; fails when it does not. */
async function refusal(request: Promise<unknown>): Promise<string> {
  const error = await request.then(
    () => new Error('it was accepted'),
    (e: unknown) => e,
  );
  if (!(error instanceof ApiError)) throw error;
  expect(error.code).toBe(422);
  return error.message;
}

describe('what is refused at the door', () => {
  const oom = { type: 'oom_kill', target };
  const step = { episode: 'e', index: 1, action: 'Command', completedTime: '2026-01-01T00:00:00Z' };
  const tier = (name: string, maxDifficulty: number) => ({ name, maxDifficulty });
  const cases: [string, Resource, unknown, string][] = [
    ['an unknown fault type', Resources.incidents, { faults: [{ type: 'earthquake', target }] }, 'Unsupported value: "earthquake"'],
    ['a sixth fault', Resources.incidents, { faults: Array(6).fill(oom) }, 'must have at most 5 items'],
    [
      'a target that is no name',
      Resources.incidents,
      { faults: [{ type: 'oom_kill', target: { ...target, name: 'A b' } }] },
      'should match',
    ],
    ['a fault without a target', Resources.incidents, { faults: [{ type: 'oom_kill' }] }, 'target: Required value'],
    ['a difficulty above 1', Resources.incidents, { faults: [], difficulty: 2 }, 'less than or equal to 1'],
    ['an Episode of no incident', Resources.episodes, {}, 'give exactly one of incident, incidentRef and curriculumRef'],
    [
      'an Episode of two incidents',
      Resources.episodes,
      { incident: { faults: [] }, incidentRef: { name: 'x' } },
      'give exactly one of incident, incidentRef and curriculumRef',
    ],
    ['an Episode of a Curriculum without a seed', Resources.episodes, { curriculumRef: { name: 'c' } }, 'a curriculumRef needs a seed'],
    ['a run without a Curriculum', Resources.episodes, { incidentRef: { name: 'x' }, run: 'r' }, 'split and run go with a curriculumRef'],
    ['a split that there is not', Resources.episodes, { curriculumRef: { name: 'c' }, seed: 1, split: 'dev' }, 'Unsupported value: "dev"'],
    ['an unknown red herring', Resources.incidents, { faults: [], redHerrings: [{ kind: 'ghost', target }] }, 'Unsupported value: "ghost"'],
    ['an unknown app', Resources.incidents, { app: 'bank', faults: [] }, 'Unsupported value: "bank"'],
    ['tiers that go down', Resources.curricula, { tiers: [tier('hard', 0.8), tier('easy', 0.2)] }, 'tiers go from the easiest up'],
    ['a least difficulty above every tier', Resources.curricula, { tiers: [tier('easy', 0.2)], minDifficulty: 0.5 }, 'is above every tier'],
    ['a least difficulty that no incident has', Resources.curricula, { minDifficulty: 0.75 }, 'less than or equal to 0.7'],
    ['a reward that pays for failing', Resources.curricula, { reward: { failed: 3 } }, 'less than or equal to -1'],
    ['too many steps', Resources.episodes, { incidentRef: { name: 'x' }, maxSteps: 65 }, 'less than or equal to 64'],
    ['an unknown action', Resources.steps, { ...step, action: 'Cheat' }, 'Unsupported value: "Cheat"'],
    ['a time that is none', Resources.steps, { ...step, completedTime: 'soon' }, 'must be of type date-time'],
  ];
  test.each(cases)('%s', async (_name, resource, spec, words) => {
    expect(await refusal(create(resource, spec))).toContain(words);
  });
});

describe('what is accepted', () => {
  test('an Incident gets its defaults, nested ones too, and loses what the schema does not know', async () => {
    const incident = (await create(Resources.incidents, { faults: [{ type: 'oom_kill', target, surprise: 1 }] })) as Incident;
    expect(incident.spec).toMatchObject({ app: 'default', resolution: { timeoutSeconds: 1800 }, ttlSecondsAfterFinished: 3600 });
    expect(incident.spec.faults).toEqual([{ type: 'oom_kill', target }]);
  });

  test('an Incident stays as it was made, its TTL apart', async () => {
    const { metadata } = await create(Resources.incidents, { faults: [{ type: 'oom_kill', target }] });
    const patch = (spec: Record<string, unknown>) => client.mergePatch(Resources.incidents, metadata, { spec });
    expect(await refusal(patch({ faults: [] }))).toContain('faults cannot be changed');
    expect(await refusal(patch({ app: 'tickets' }))).toContain('app cannot be changed');
    expect(await refusal(patch({ difficulty: 0.5 }))).toContain('difficulty cannot be changed');
    expect(await refusal(patch({ alert: { severity: 'info', title: 't', message: 'm' } }))).toContain('alert cannot be changed');
    const changed = await patch({ ttlSecondsAfterFinished: 60 });
    expect((changed as Incident).spec.ttlSecondsAfterFinished).toBe(60);
  });

  test('an Arena stays a copy of what it was made as', async () => {
    const { metadata, spec } = (await create(Resources.arenas, {})) as Arena;
    expect(spec).toEqual({ app: 'default' });
    const changed = client.mergePatch(Resources.arenas, metadata, { spec: { app: 'tickets' } });
    expect(await refusal(changed)).toContain('app cannot be changed');
  });

  test('an Arena is claimed once', async () => {
    const { metadata } = await create(Resources.arenas, {});
    const claim = (uid: string | null) => client.mergePatch(Resources.arenas, metadata, { spec: { claimRef: uid && { name: 'i', uid } } });
    await claim('u1');
    expect(await refusal(claim('u2'))).toContain('an arena is claimed once');
    expect(await refusal(claim(null))).toContain('an arena is claimed once');
  });

  test('a Step never changes, and steps are found by their episode', async () => {
    const spec = { episode: 'mine', index: 1, action: 'Command', completedTime: '2026-01-01T00:00:00Z' };
    const { metadata } = await create(Resources.steps, spec);
    await create(Resources.steps, { ...spec, episode: 'other' });
    expect(await refusal(client.mergePatch(Resources.steps, metadata, { spec: { command: 'x' } }))).toContain('a step is never changed');
    const { items } = await client.list(Resources.steps, { namespace: NAMESPACE, fieldSelector: 'spec.episode=mine' });
    expect(items.map((s) => s.metadata.name)).toEqual([metadata.name]);
  });

  test('status is written through its own door only, and a stale write conflicts', async () => {
    const incident = await create(Resources.incidents, { faults: [] });
    const ref = { ...incident.metadata };
    await client.mergePatch(Resources.incidents, ref, { status: { phase: 'Smuggled' } });
    const stored = await client.get(Resources.incidents, ref);
    expect(stored.status).toBeUndefined();
    const patched = await client.patchStatus(
      Resources.incidents,
      { ...ref, resourceVersion: stored.metadata.resourceVersion ?? '' },
      { phase: 'Pending' },
    );
    expect(patched.status).toEqual({ phase: 'Pending' });
    const stale = client.patchStatus(
      Resources.incidents,
      { ...ref, resourceVersion: stored.metadata.resourceVersion ?? '' },
      { phase: 'Late' },
    );
    await expect(stale).rejects.toMatchObject({ code: 409 });
    expect(patched.metadata.generation).toBe(1);
  });

  test('installing again changes nothing', async () => {
    const crd = readCrd(join(CRDS, 'kubesregym.dev_arenas.yaml'));
    const before = await client.get(Resources.customResourceDefinitions, crd.metadata);
    await installCrd(client, crd);
    expect((await client.get(Resources.customResourceDefinitions, crd.metadata)).metadata.generation).toBe(before.metadata.generation);
  });
});
