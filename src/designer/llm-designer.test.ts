import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { inlineIncidentSchema } from '../api/incident.ts';
import { FAULT_TYPES, faultOf } from '../faults/index.ts';
import { RED_HERRING_KINDS } from '../faults/red-herrings/index.ts';
import { validateComposition } from '../faults/red-herrings/plan.ts';
import { shopBaseline } from '../faults/testing.ts';
import { type Ask, designIncident, type Proposal, proposalSchema } from './llm-designer.ts';
import { type DesignBrief, designTargets, systemPrompt, userPrompt } from './llm-prompt.ts';
import { heldOutPairs } from './variations.ts';

const app = shopBaseline();
const brief: DesignBrief = {
  app,
  about: 'bad_config',
  types: FAULT_TYPES,
  faultsAtOnce: 3,
  maxDifficulty: 0.95,
  weakSpots: ['bad_config'],
  mastery: { bad_config: 0.2, scale_zero: 0.9 },
  minDifficulty: 0,
  redHerrings: true,
  known: [],
};
const proposal: Proposal = {
  story: 'A renamed host and a stopped cache: logins point at the cache, payments at nothing.',
  faults: [
    { type: 'bad_config', target: 'payments/payment-gateway', params: { variable: 'PAYMENT_API_URL', mode: 'port' }, cascade: null },
    { type: 'scale_zero', target: 'frontend/frontend-cache', params: {}, cascade: 'login_without_sessions' },
  ],
  redHerrings: [{ kind: 'change_note', target: 'auth/auth-service' }],
};
const first = proposal.faults[0];
const answering =
  (answer: unknown): Ask =>
  async () =>
    answer as never;
const design = (answer: unknown, change: Partial<DesignBrief> = {}) => designIncident({ ...brief, ...change }, answering(answer));

describe('a proposal', () => {
  test('becomes an incident that can be played, announced where customers are hurt', async () => {
    const made = await design(proposal);
    if (!('incident' in made)) throw new Error(made.problem);
    expect(made.story).toBe(proposal.story);
    expect(validateComposition(made.incident, app)).toBeUndefined();
    expect(() => inlineIncidentSchema(FAULT_TYPES, RED_HERRING_KINDS).parse(made.incident)).not.toThrow();
    expect(made.incident.faults[0]).toMatchObject({ params: { variable: 'PAYMENT_API_URL', mode: 'port', suffix: expect.any(String) } });
    expect(made.incident.alert?.message).toContain('Login requests to web-app');
    expect(made.incident.alert?.message).not.toContain('frontend-cache');
    expect(made.incident.difficulty).toBeGreaterThan(0.5);
  });
  test('gives the same bytes each time', async () => {
    expect(await design(proposal)).toEqual(await design(structuredClone(proposal)));
  });
  test('writes nothing that an agent reads', async () => {
    const made = await design({ ...proposal, story: 'The cause is scale_zero on frontend-cache' });
    expect(JSON.stringify('incident' in made && made.incident.alert)).not.toMatch(/cause|scale_zero/);
  });
});

describe('is turned down with a sentence', () => {
  const changed = (part: Partial<Proposal['faults'][number]>) => ({ ...proposal, faults: [{ ...first, ...part }] });
  test.each<[string, unknown, Partial<DesignBrief>, string]>([
    ['no object at all', 'sorry', {}, 'does not fit its schema'],
    ['a fault type that was not offered', proposal, { types: [] }, 'does not fit its schema'],
    ['a workload that does not exist', changed({ target: 'payments/ledger' }), {}, 'does not fit its schema'],
    ['a parameter of its own making', changed({ params: { ...first.params, suffix: '-x' } }), {}, 'does not fit its schema'],
    ['more faults than allowed', proposal, { faultsAtOnce: 1 }, 'does not fit its schema'],
    ['more than it may say', { ...proposal, story: 'x'.repeat(2000) }, {}, 'does not fit its schema'],
    ['another fault first', { ...proposal, faults: proposal.faults.toReversed() }, {}, 'has to be about bad_config'],
    [
      'a parameter that this workload does not have',
      changed({ params: { variable: 'DATABASE_URL', mode: 'port' } }),
      {},
      'variable "DATABASE_URL" must be one of PAYMENT_API_URL',
    ],
    [
      'two faults in a namespace',
      { ...proposal, faults: [first, { type: 'scale_zero', target: 'payments/payment-db', params: {}, cascade: null }] },
      {},
      'Two faults are in namespace payments',
    ],
    ['a page that would not be true', changed({ cascade: 'settlement_stalled' }), {}, 'Cascade settlement_stalled would not be true'],
    [
      'a red herring on what is broken',
      { ...proposal, redHerrings: [{ kind: 'change_note', target: 'payments/payment-gateway' }] },
      {},
      'which is broken',
    ],
    ['more difficulty than allowed', proposal, { maxDifficulty: 0.5 }, 'from 0 to 0.5'],
    ['less difficulty than asked for', proposal, { minDifficulty: 0.9 }, 'from 0.9 to 0.95'],
    ['red herrings or cascades where the tier has none', proposal, { redHerrings: false }, 'does not fit its schema'],
    [
      'what was designed before',
      { ...proposal, story: 'Another story' },
      { known: ['bad_config payments/payment-gateway + scale_zero frontend/frontend-cache'] },
      'It was designed before: bad_config payments/payment-gateway',
    ],
  ])('when it holds %s', async (_, answer, change, sentence) => {
    expect(await design(answer, change)).toEqual({ outcome: 'invalid', problem: expect.stringContaining(sentence) });
  });
  test('when there is no answer', async () => {
    const silent: Ask = () => Promise.reject(new Error('timeout'));
    expect(await designIncident(brief, silent)).toEqual({ outcome: 'failed', problem: 'No proposal: timeout' });
  });
});

describe('the schema', () => {
  test('offers no pair that is held out for eval', () => {
    const heldOut = heldOutPairs(app);
    for (const type of FAULT_TYPES) {
      expect(designTargets(type, app).length).toBeGreaterThan(0);
      for (const target of designTargets(type, app)) expect(heldOut).not.toContain(`${type}@${target}`);
    }
  });
  test('travels as JSON Schema that leaves nothing open', () => {
    const json = z.toJSONSchema(proposalSchema(brief), { unrepresentable: 'throw' });
    const objects = JSON.stringify(json).match(/"type":"object"/g)?.length;
    expect(JSON.stringify(json).match(/"additionalProperties":false/g)).toHaveLength(objects ?? 0);
  });
});

describe('the prompt', () => {
  test('is constant where it may be cached, and holds the whole app', () => {
    expect(systemPrompt(app)).toBe(systemPrompt(shopBaseline()));
    for (const d of app.deployments) expect(systemPrompt(app)).toContain(`${d.metadata.namespace}/${d.metadata.name}`);
    for (const kind of RED_HERRING_KINDS) expect(systemPrompt(app)).toContain(kind);
  });
  test('says what the on-call is bad at, and which faults there are', () => {
    const prompt = userPrompt(brief);
    expect(prompt).toContain('"weakSpots": [\n  "bad_config"\n ]');
    expect(prompt).toContain('"scale_zero": 0.9');
    for (const type of FAULT_TYPES) expect(prompt).toContain(faultOf(type).description);
  });
  test('reaches the model with the schema', async () => {
    const asked: unknown[] = [];
    const ask: Ask = async (request) => {
      asked.push(request);
      return request.schema.parse(proposal);
    };
    expect('incident' in (await designIncident(brief, ask))).toBe(true);
    expect(asked).toEqual([{ system: systemPrompt(app), user: userPrompt(brief), schema: expect.anything(), maxTokens: 1500 }]);
  });
});
