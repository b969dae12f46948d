import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Assignment } from '../../src/api/assignment.ts';
import { findCondition } from '../../src/api/conditions.ts';
import type { Curriculum, CurriculumStatus, ReadyDesign } from '../../src/api/curriculum.ts';
import type { Episode } from '../../src/api/episode.ts';
import { API_VERSION, FIXING_ANNOTATION, GYM_NAMESPACE } from '../../src/api/group.ts';
import type { Incident, IncidentStatus } from '../../src/api/incident.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { isConflict } from '../../src/kube/errors.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { type EventObject, Resources } from '../../src/kube/resource.ts';
import type { Llm } from '../../src/llm/llm.ts';
import type { OpenLlm } from '../../src/llm/open.ts';
import { designName, isProof, proofIncident } from '../../src/operator/curriculum/proof-incident.ts';
import { installBase } from '../../src/operator/install.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { startOperatorHere } from '../support/operator-here.ts';

/** No node, so no arena is ever Ready and no LLM is asked: these tests leave proofs behind as a killed operator does, in every state. */
let plane: ControlPlane;
let client: KubeClient;
let curricula: Reflector<Curriculum>;
let assignments: Reflector<Assignment>;
let incidents: Reflector<Incident>;
let episodes: Reflector<Episode>;
let events: Reflector<EventObject>;
const running: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
  client = new KubeClient(loadKubeConfig({ path: plane.kubeconfigPath }));
  await installBase(client);
  const namespace = GYM_NAMESPACE;
  curricula = new Reflector<Curriculum>({ client, resource: Resources.curricula, namespace });
  assignments = new Reflector<Assignment>({ client, resource: Resources.assignments, namespace });
  incidents = new Reflector<Incident>({ client, resource: Resources.incidents, namespace });
  episodes = new Reflector<Episode>({ client, resource: Resources.episodes, namespace });
  events = new Reflector<EventObject>({ client, resource: Resources.events, namespace });
  for (const watch of [curricula, assignments, incidents, episodes, events]) watch.start();
}, 300_000);
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()));
});
afterAll(async () => {
  await Promise.all([curricula, assignments, incidents, episodes, events].map((watch) => watch?.stop()));
  await client?.close();
  await plane?.stop();
});

/** Closed after the test. */
function startOperator(identity: string, llm?: OpenLlm): void {
  running.push(startOperatorHere({ kubeconfig: plane.kubeconfigPath, identity, llm }));
}

const limit = () => AbortSignal.timeout(60_000);
const inGym = (name: string) => ({ namespace: GYM_NAMESPACE, name });

/** One tier in which designs may come, and one fault, so that every draw is of it. */
const SPEC = {
  tiers: [{ name: 'only', maxDifficulty: 0.95, unlocks: { faultsAtOnce: 3, redHerrings: true, llmDesigns: true } }],
  faults: { allow: ['scale_zero'] },
  designer: { kind: 'llm', noFaultShare: 0 },
};

const makeCurriculum = (name: string, spec: object = SPEC) =>
  client.create(Resources.curricula, { apiVersion: API_VERSION, kind: 'Curriculum', metadata: inGym(name), spec: spec as never });

const designFor = (curriculum: Curriculum, number = 0): ReadyDesign => ({
  ...{ name: designName(curriculum, number), fault: 'scale_zero', tier: 'only', difficulty: 0.1, story: 'It was stopped.' },
  incident: {
    faults: [{ type: 'scale_zero', target: { namespace: 'auth', name: 'auth-service' }, params: {} }],
    alert: { severity: 'critical', title: 'A design', message: 'Logins fail.' },
    difficulty: 0.1,
  },
});

/** Writes a status until nobody else writes between reading and writing. */
async function setStatus(name: string, change: (status: CurriculumStatus) => CurriculumStatus): Promise<void> {
  for (;;) {
    const seen = await client.get(Resources.curricula, inGym(name));
    const written = await client
      .replace(Resources.curricula, { ...seen, status: change(seen.status as CurriculumStatus) }, { subresource: 'status' })
      .catch((error) => (isConflict(error) ? undefined : Promise.reject(error)));
    if (written) return;
  }
}

/** A proof as an operator that was killed leaves it, with this status. */
async function leaveProof(curriculum: Curriculum, status?: IncidentStatus): Promise<Incident> {
  const proof = proofIncident(curriculum, designFor(curriculum));
  const annotations = { ...proof.metadata.annotations, [FIXING_ANNOTATION]: new Date().toISOString() };
  const made = await client.create(Resources.incidents, { ...proof, metadata: { ...proof.metadata, annotations } });
  if (status) await client.replace(Resources.incidents, { ...made, status }, { subresource: 'status' });
  return made;
}

function ended(succeeded: 'True' | 'False', reason: string): IncidentStatus {
  const now = new Date().toISOString();
  const condition = { type: 'Succeeded', status: succeeded, reason, message: `It ended with ${reason}`, lastTransitionTime: now };
  return { conditions: [condition], finishedTime: now };
}

const known = (name: string) =>
  curricula.waitFor(() => {
    const seen = curricula.get(inGym(name));
    return seen?.status?.tier ? seen : undefined;
  }, limit());
const gone = (incident: Incident) => incidents.waitFor(() => !incidents.get(incident.metadata), limit());
const told = (reason: string, curriculum: Curriculum) =>
  events.waitFor(() => events.list().find((event) => event.reason === reason && event.regarding?.uid === curriculum.metadata.uid), limit());

const ask = (curriculum: string, seed: number) =>
  client.create(Resources.episodes, {
    ...{ apiVersion: API_VERSION, kind: 'Episode', metadata: inGym(`${curriculum}-${seed}`) },
    spec: { curriculumRef: { name: curriculum }, run: 'r', seed },
  });

const assigned = (episode: Episode) =>
  assignments.waitFor(() => {
    const name = episodes.get(episode.metadata)?.status?.assignment;
    return name ? assignments.get(inGym(name)) : undefined;
  }, limit());

describe('a ready design', () => {
  test('goes to one seed and leaves the Curriculum with the same write; the others get procedural incidents', async () => {
    const curriculum = await makeCurriculum('ready');
    startOperator('one');
    await known('ready');
    const design = designFor(curriculum);
    await setStatus('ready', (status) => ({ ...status, designs: [design] }));
    await curricula.waitFor(() => curricula.get(inGym('ready'))?.status?.designs?.length, limit());
    const all = await Promise.all((await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => ask('ready', seed)))).map(assigned));
    const designed = all.filter(({ spec }) => spec.design);
    expect(designed.map(({ spec }) => [spec.design, spec.incident.alert?.title])).toEqual([[design.name, 'A design']]);
    const { status } = await client.get(Resources.curricula, inGym('ready'));
    expect([status?.designs, status?.runs[0].trials]).toEqual([[], 6]);
    await told('DesignUsed', curriculum);
  }, 120_000);
});

describe('a proof that an operator left behind', () => {
  test('is concluded by the next one: the design is ready, the Incident goes', async () => {
    const curriculum = await makeCurriculum('left');
    const proof = await leaveProof(curriculum, ended('True', 'Healthy'));
    startOperator('next');
    await gone(proof);
    const { status } = await client.get(Resources.curricula, inGym('left'));
    expect(status?.designs).toMatchObject([designFor(curriculum)]);
    await told('DesignProven', curriculum);
  }, 120_000);

  test.each([
    ['refuted', 'SymptomNeverSeen', 'DesignRefuted'],
    ['undecided', 'ArenaLost', 'DesignUndecided'],
  ])(
    'and that is %s is removed, told of, and never ready',
    async (name, reason, event) => {
      const curriculum = await makeCurriculum(name);
      const proof = await leaveProof(curriculum, ended('False', reason));
      startOperator('next');
      await gone(proof);
      expect((await told(event, curriculum)).note).toContain('scale_zero auth/auth-service');
      expect((await client.get(Resources.curricula, inGym(name))).status?.designs).toBeUndefined();
    },
    120_000,
  );

  test('and that has no arena is given up: agents come first', async () => {
    const curriculum = await makeCurriculum('crowded');
    const proof = await leaveProof(curriculum);
    startOperator('next');
    await gone(proof);
    await told('DesignUndecided', curriculum);
  }, 120_000);

  test('is removed where the Curriculum wants no designs any more', async () => {
    const curriculum = await makeCurriculum('changed', { ...SPEC, designer: { kind: 'procedural', noFaultShare: 0 } });
    const proof = await leaveProof(curriculum, ended('True', 'Healthy'));
    startOperator('next');
    await gone(proof);
    expect((await client.get(Resources.curricula, inGym('changed'))).status?.designs).toBeUndefined();
  }, 120_000);
});

describe('without an arena to spare', () => {
  test('no LLM is asked, resets are answered, and the Curriculum says that there is one', async () => {
    let asked = 0;
    const complete: Llm['complete'] = () => {
      asked++;
      return Promise.reject(new Error('nobody should ask'));
    };
    await makeCurriculum('alone');
    const llm: Llm = { backend: 'openai', model: 'm', complete };
    startOperator('one', {
      ...{ llm, isAsked: () => true },
      state: () => ({ status: 'True', reason: 'Configured', message: 'm (openai) is asked' }),
    });
    const { spec } = await assigned(await ask('alone', 1));
    expect([spec.design, spec.incident.faults[0].type]).toEqual([undefined, 'scale_zero']);
    const available = await curricula.waitFor(
      () => findCondition(curricula.get(inGym('alone'))?.status?.conditions, 'LlmAvailable'),
      limit(),
    );
    expect(available).toMatchObject({ status: 'True', reason: 'Configured' });
    expect(asked).toBe(0);
    expect(incidents.list().filter((i) => isProof(i) && !i.metadata.deletionTimestamp)).toEqual([]);
  }, 120_000);
});
