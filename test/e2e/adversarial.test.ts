import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findCondition } from '../../src/api/conditions.ts';
import type { Curriculum } from '../../src/api/curriculum.ts';
import { API_VERSION, GYM_NAMESPACE } from '../../src/api/group.ts';
import { ConditionType } from '../../src/api/reasons.ts';
import { restart } from '../../src/cli/curriculum/restart.ts';
import { known, rulesWith, statusIn } from '../../src/curriculum/testing.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { Resources } from '../../src/kube/resource.ts';
import { FakeLlm, type LlmReply } from '../support/fake-llm.ts';
import { type Gym, startGym } from '../support/gym.ts';
import { playSeed } from '../support/trainee.ts';

const NAME = 'adversarial';
const FAULT = 'scale_zero';
const CHALLENGED = 'challenged';

interface FaultSchema {
  properties: { type: { const: string }; target: { enum: string[] }; params: { properties?: Record<string, { enum: string[] }> } };
}

const fake = new FakeLlm('openai');
let gym: Gym;
let curricula: Reflector<Curriculum>;
/** How often the model takes a resolution back before it lets one stand. */
let vetoes = 0;

/** What the model breaks, in turns, for a design that it made before is refused; and what it lays beside. */
const BROKEN: readonly Record<string, string>[] = [
  { scale_zero: 'auth/auth-service', image_pull: 'payments/payment-gateway' },
  { scale_zero: 'payments/payment-gateway', image_pull: 'auth/auth-service' },
];
let proposals = 0;
const HERRING = { kind: 'stale_event', target: 'frontend/web-app' };

/** A model that designs what its schema allows, everything at once where it may, and judges everything alike. */
fake.decide = ({ body }): LlmReply => {
  const { properties } = body.response_format.json_schema.schema;
  if (properties.story) {
    const { maxItems, items } = properties.faults;
    const broken = BROKEN[proposals++ % BROKEN.length];
    const faults = (items.anyOf ?? [items]).slice(0, maxItems).map(({ properties: { type, target, params } }: FaultSchema) => ({
      type: type.const,
      target: target.enum.find((name) => name === broken[type.const]) ?? target.enum[0],
      params: Object.fromEntries(Object.entries(params.properties ?? {}).map(([name, choice]) => [name, choice.enum[0]])),
      cascade: null,
    }));
    const redHerrings = properties.redHerrings.maxItems > 0 ? [HERRING] : [];
    return { says: JSON.stringify({ story: 'Somebody tidied up and nobody noticed', faults, redHerrings }) };
  }
  if (properties.score) return { says: JSON.stringify({ score: 0.5, phase: 'investigate', feedback: 'A sound line.', hint: null }) };
  return { says: JSON.stringify({ diagnosis: 0, fix: 1, veto: vetoes-- > 0, reason: 'It came back by itself' }) };
};

const seen = (name = NAME) => curricula.get({ namespace: GYM_NAMESPACE, name });
const play = (seed: number) => playSeed(gym, { curriculum: NAME, run: 'one', seed }, [FAULT]);
const make = (name: string, spec: object) =>
  gym.client.create(Resources.curricula, {
    apiVersion: API_VERSION,
    kind: 'Curriculum',
    metadata: { name, namespace: GYM_NAMESPACE },
    spec: spec as Curriculum['spec'],
  });
const assignmentOf = (episode: { status?: { assignment?: string } }) =>
  gym.client.get(Resources.assignments, { namespace: GYM_NAMESPACE, name: episode.status?.assignment as string });

beforeAll(async () => {
  const env = { LLM_BACKEND: 'openai', LLM_BASE_URL: await fake.start(), LLM_MODEL: 'fake', OPENAI_API_KEY: 'none' };
  gym = await startGym({ spare: 2, max: 5, sessions: 4, env });
  curricula = new Reflector<Curriculum>({ client: gym.client, resource: Resources.curricula, namespace: GYM_NAMESPACE });
  curricula.start();
  const unlocks = { faults: [FAULT], faultsAtOnce: 1, redHerrings: false, llmDesigns: true };
  await make(NAME, {
    groupSize: 1,
    faults: { allow: [FAULT] },
    tiers: [{ name: 'open', maxDifficulty: 0.95, unlocks }],
    designer: { kind: 'llm', noFaultShare: 0 },
    judge: { kind: 'both', veto: true },
  });
}, 900_000);

afterAll(async () => {
  await curricula?.stop();
  for (const name of [NAME, CHALLENGED]) await gym?.client.delete(Resources.curricula, { namespace: GYM_NAMESPACE, name }).catch(() => {});
  await gym?.stop();
  await fake.stop();
}, 180_000);

describe('with an LLM', () => {
  test('an incident is designed ahead, proven in a spare arena, and played; its lines are judged by the model', async () => {
    const ready = await curricula.waitFor(() => {
      const curriculum = seen();
      return curriculum?.status?.designs?.length ? curriculum : undefined;
    }, AbortSignal.timeout(240_000));
    const [design] = ready.status?.designs ?? [];
    expect(design.incident.faults.map((f) => f.type)).toEqual([FAULT]);
    expect(findCondition(ready.status?.conditions, ConditionType.LlmAvailable)).toMatchObject({ status: 'True', reason: 'Configured' });

    const episode = await play(0);
    const { spec } = await assignmentOf(episode);
    expect({ design: spec.design, faults: spec.incident.faults }).toEqual({ design: design.name, faults: design.incident.faults });
    expect(episode.status).toMatchObject({ outcome: 'Resolved', scorable: true });
    expect(episode.status?.steps?.filter((s) => s.action === 'Command').map((s) => s.judge)).toContain('llm');
    expect(episode.status?.llm).toMatchObject({ calls: expect.any(Number), fallbacks: 0 });
    expect(episode.status?.llm?.calls).toBeGreaterThan(1);
  }, 420_000);

  test('a resolution that the model takes back is none until another step was made and it lets it stand', async () => {
    vetoes = 1;
    const { status } = await play(1);
    expect(status).toMatchObject({ outcome: 'Resolved', veto: { reason: 'It came back by itself' } });
    expect(status?.decidedSteps).toBeGreaterThan(status?.veto?.step as number);
  }, 240_000);

  test('adversarial mode aims a design of several faults at an agent that has graduated in two, below the tier where designs come anyway', async () => {
    const faults = Object.keys(BROKEN[0]);
    const input = { groupSize: 1, faults: { allow: faults }, designer: { kind: 'llm' as const, noFaultShare: 0 } };
    const rules = rulesWith({ ...input, mode: 'adversarial' });
    const learned = statusIn('advanced', rules, { mastery: faults.map((fault) => known(fault, 1, true)) });
    await make(CHALLENGED, { ...input, mode: 'standard' });
    await restart(gym.client, { namespace: GYM_NAMESPACE, name: CHALLENGED }, learned);
    const standard = await playSeed(gym, { curriculum: CHALLENGED, run: 'standard', seed: 0 }, []);
    expect((await assignmentOf(standard)).spec).toMatchObject({ tier: 'advanced' });
    expect(seen(CHALLENGED)?.status?.designed ?? 0).toBe(0);

    await restart(gym.client, { namespace: GYM_NAMESPACE, name: CHALLENGED }, learned);
    await gym.client.mergePatch(Resources.curricula, { namespace: GYM_NAMESPACE, name: CHALLENGED }, { spec: { mode: 'adversarial' } });
    // One about each fault, so that whichever is drawn has one.
    await curricula.waitFor(() => seen(CHALLENGED)?.status?.designs?.length === 2, AbortSignal.timeout(300_000));
    const episode = await playSeed(gym, { curriculum: CHALLENGED, run: 'one', seed: 0 }, faults);
    const { spec } = await assignmentOf(episode);
    expect(spec.design).toBeDefined();
    expect(BROKEN).toContainEqual(
      Object.fromEntries(spec.incident.faults.map(({ type, target }) => [type, `${target.namespace}/${target.name}`])),
    );
    expect(spec.incident.redHerrings?.map(({ kind }) => kind)).toEqual([HERRING.kind]);
    expect(episode.status).toMatchObject({ outcome: 'Resolved', scorable: true });
  }, 600_000);

  test('when it fails, the rules judge, the procedure designs, and nobody waits', async () => {
    fake.decide = () => ({ status: 500 });
    const { status } = await play(2);
    expect(status).toMatchObject({ outcome: 'Resolved', scorable: true });
    expect(status?.steps?.filter((s) => s.action === 'Command').every((s) => s.judge === 'heuristic')).toBe(true);
    expect(status?.llm?.fallbacks).toBeGreaterThan(0);
  }, 240_000);
});
