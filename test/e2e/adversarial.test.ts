import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findCondition } from '../../src/api/conditions.ts';
import type { Curriculum } from '../../src/api/curriculum.ts';
import { API_VERSION, GYM_NAMESPACE } from '../../src/api/group.ts';
import { ConditionType } from '../../src/api/reasons.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { Resources } from '../../src/kube/resource.ts';
import { FakeLlm, type LlmReply } from '../support/fake-llm.ts';
import { type Gym, startGym } from '../support/gym.ts';
import { playSeed } from '../support/trainee.ts';

const NAME = 'adversarial';
const FAULT = 'scale_zero';

const fake = new FakeLlm('openai');
let gym: Gym;
let curricula: Reflector<Curriculum>;
/** How often the model takes a resolution back before it lets one stand. */
let vetoes = 0;

/** A model that designs the first thing its schema allows, and judges everything alike. */
fake.decide = ({ body }): LlmReply => {
  const { properties } = body.response_format.json_schema.schema;
  if (properties.story) {
    const [first] = properties.faults.items.anyOf ?? [properties.faults.items];
    const fault = { type: FAULT, target: first.properties.target.enum[0], params: {}, cascade: null };
    return { says: JSON.stringify({ story: 'Somebody tidied up and nobody noticed', faults: [fault], redHerrings: [] }) };
  }
  if (properties.score) return { says: JSON.stringify({ score: 0.5, phase: 'investigate', feedback: 'A sound line.', hint: null }) };
  return { says: JSON.stringify({ diagnosis: 0, fix: 1, veto: vetoes-- > 0, reason: 'It came back by itself' }) };
};

const seen = () => curricula.get({ namespace: GYM_NAMESPACE, name: NAME });
const play = (seed: number) => playSeed(gym, { curriculum: NAME, run: 'one', seed }, [FAULT]);
const assignmentOf = (episode: { status?: { assignment?: string } }) =>
  gym.client.get(Resources.assignments, { namespace: GYM_NAMESPACE, name: episode.status?.assignment as string });

beforeAll(async () => {
  const env = { LLM_BACKEND: 'openai', LLM_BASE_URL: await fake.start(), LLM_MODEL: 'fake', OPENAI_API_KEY: 'none' };
  gym = await startGym({ spare: 2, max: 5, sessions: 4, env });
  curricula = new Reflector<Curriculum>({ client: gym.client, resource: Resources.curricula, namespace: GYM_NAMESPACE });
  curricula.start();
  const unlocks = { faults: [FAULT], faultsAtOnce: 1, redHerrings: false, llmDesigns: true };
  await gym.client.create(Resources.curricula, {
    apiVersion: API_VERSION,
    kind: 'Curriculum',
    metadata: { name: NAME, namespace: GYM_NAMESPACE },
    spec: {
      mode: 'adversarial',
      groupSize: 1,
      faults: { allow: [FAULT] },
      tiers: [{ name: 'open', maxDifficulty: 0.95, unlocks }],
      designer: { kind: 'llm', noFaultShare: 0 },
      judge: { kind: 'both', veto: true },
    } as unknown as Curriculum['spec'],
  });
}, 900_000);

afterAll(async () => {
  await curricula?.stop();
  await gym?.client.delete(Resources.curricula, { namespace: GYM_NAMESPACE, name: NAME }).catch(() => {});
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

  test('when it fails, the rules judge, the procedure designs, and nobody waits', async () => {
    fake.decide = () => ({ status: 500 });
    const { status } = await play(2);
    expect(status).toMatchObject({ outcome: 'Resolved', scorable: true });
    expect(status?.steps?.filter((s) => s.action === 'Command').every((s) => s.judge === 'heuristic')).toBe(true);
    expect(status?.llm?.fallbacks).toBeGreaterThan(0);
  }, 240_000);
});
