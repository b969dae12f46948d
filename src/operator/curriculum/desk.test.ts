import { describe, expect, test } from '@jest/globals';
import { type AppName, appOf, perApp } from '../../api/apps.ts';
import type { Assignment, AssignmentSpec } from '../../api/assignment.ts';
import type { Curriculum } from '../../api/curriculum.ts';
import { API_VERSION } from '../../api/group.ts';
import { rulesWith } from '../../curriculum/testing.ts';
import { FAULT_TYPES } from '../../faults/index.ts';
import { validateComposition } from '../../faults/red-herrings/plan.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Resource } from '../../kube/resource.ts';
import { loadApps, paperBaselines } from '../arena/app.ts';
import { composerFor } from './composer.ts';
import { AssignmentDesk, type DeskDependencies } from './desk.ts';

const papers = paperBaselines(loadApps());
const composers = perApp((app) => composerFor(app, papers[app]));
const SEEDS = 100;

/** Asks a desk for held-out seeds. It has nothing but Assignments to write to: whoever touched the Curriculum would fail. */
function asking(split: 'eval' | 'transfer', o: { spec?: Parameters<typeof rulesWith>[0]; tier?: string; run?: string } = {}) {
  const { spec, types } = rulesWith(o.spec);
  const metadata = { name: 'c', namespace: 'gym', uid: 'c-1' };
  const curriculum = { apiVersion: API_VERSION, kind: 'Curriculum', metadata, spec, status: o.tier ? { tier: o.tier } : undefined };
  const made = new Map<string, Assignment>();
  const client = {
    create: async ({ kind }: Resource, assignment: Assignment) => {
      expect(kind).toBe('Assignment');
      made.set(assignment.metadata.name, assignment);
      return assignment;
    },
  } as unknown as KubeClient;
  const assignments = { get: ({ name }: { name: string }) => made.get(name), waitFor: async () => {} };
  const world = { curricula: { get: () => curriculum, list: () => [] }, assignments } as unknown as DeskDependencies['world'];
  const desk = new AssignmentDesk({ client, world, composers, types, onHappening: () => {}, onDesign: () => {} });
  const key = { curriculum: 'c', run: o.run ?? 'r', split };
  return async (seed: number): Promise<AssignmentSpec> => (await desk.assign('gym', { ...key, seed })).spec;
}
const all = (ask: (seed: number) => Promise<AssignmentSpec>, count = SEEDS): Promise<AssignmentSpec[]> =>
  Promise.all(Array.from({ length: count }, (_, seed) => ask(seed)));

describe('split transfer', () => {
  test('plays the other app, and every incident can be played in it', async () => {
    const incidents = (await all(asking('transfer'))).map(({ incident }) => incident);
    expect(new Set(incidents.map(appOf))).toEqual(new Set(['tickets']));
    expect(incidents.flatMap((incident) => validateComposition(incident, papers.tickets) ?? [])).toEqual([]);
  });
  test('pages with names of that app alone', async () => {
    const pages = (await all(asking('transfer'))).map(({ incident }) => JSON.stringify(incident.alert));
    const names = (app: AppName) => papers[app].deployments.flatMap(({ metadata }) => [metadata.name, `namespace ${metadata.namespace}`]);
    expect(pages.filter((page) => names('default').some((name) => page.includes(name)))).toEqual([]);
    expect(pages.every((page) => names('tickets').some((name) => page.includes(name)))).toBe(true);
  });
  test('has all that can happen to that app, and leaves nothing of it for training', () => {
    const source = composers.tickets.source([0.95]);
    expect(source.pools('train')).toEqual([]);
    expect(new Set(source.pools('eval').map(({ type }) => type))).toEqual(new Set(FAULT_TYPES));
  });
  test('depends on the seed alone, never on run or tier', async () => {
    const [one, other] = await Promise.all([all(asking('transfer')), all(asking('transfer', { tier: 'expert', run: 'another' }))]);
    expect(one.map(({ incident, persona }) => ({ incident, persona }))).toEqual(
      other.map(({ incident, persona }) => ({ incident, persona })),
    );
  });
  test.each([0, 0.1, 1])('breaks nothing in a share of %p', async (noFaultShare) => {
    const specs = await all(asking('transfer', { spec: { designer: { noFaultShare } } }));
    const controls = specs.filter(({ incident }) => incident.faults.length === 0);
    expect(controls.every(({ pool, incident, usedUp }) => !pool && !usedUp && incident.redHerrings?.length)).toBe(true);
    expect(Math.abs(controls.length / SEEDS - noFaultShare)).toBeLessThan(0.05);
  });
});

test('split eval plays the default app, and its incidents do not say so', async () => {
  const specs = await all(asking('eval'), 50);
  for (const { incident } of specs) expect(incident).not.toHaveProperty('app');
  expect(specs.flatMap(({ incident }) => validateComposition(incident, papers.default) ?? [])).toEqual([]);
});

test('what resets may get is worked out before they ask, for either app and the tiers of the Curriculum', () => {
  const asked: [AppName, readonly number[]][] = [];
  const recording = perApp((app) => ({
    ...composers[app],
    source(tierMaxima: readonly number[]) {
      asked.push([app, tierMaxima]);
      return composers[app].source(tierMaxima);
    },
  }));
  const deps = { client: {}, world: {}, composers: recording, types: FAULT_TYPES, onHappening: () => {}, onDesign: () => {} };
  const { spec } = rulesWith({ tiers: [{ name: 'only', maxDifficulty: 0.3 }] });
  new AssignmentDesk(deps as unknown as DeskDependencies).prepare({ spec } as Curriculum);
  expect(asked).toEqual([
    ['default', [0.3]],
    ['tickets', [0.3]],
  ]);
});
