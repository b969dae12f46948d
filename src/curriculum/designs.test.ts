import { describe, expect, test } from '@jest/globals';
import type { CurriculumStatus, ReadyDesign } from '../api/curriculum.ts';
import type { Choice } from './choose.ts';
import { fittingDesign, nextDesign, withDesign, withoutDesign } from './designs.ts';
import { known, rulesWith, statusIn } from './testing.ts';

const rules = rulesWith({ designer: { kind: 'llm' } });
const design = (name: string, fault: string, change: Partial<ReadyDesign> = {}): ReadyDesign => ({
  ...{ name, fault, tier: 'expert', difficulty: 0.6, story: 'A story' },
  incident: { faults: [{ type: fault, target: { namespace: 'payments', name: 'payment-api' } }] },
  ...change,
});
const expert = (part: Partial<CurriculumStatus> = {}) => ({ ...statusIn('expert', rules), ...part });

describe('the next design', () => {
  test('is asked for where the tier unlocks designs, and in adversarial mode before', () => {
    expect(nextDesign('c', expert(), rules)).toMatchObject({ number: 0, tier: 'expert', faultsAtOnce: 3, maxDifficulty: 0.95 });
    expect(nextDesign('c', statusIn('advanced', rules), rules)).toBeUndefined();
    const adversarial = rulesWith({ designer: { kind: 'llm' }, mode: 'adversarial' });
    const two = { mastery: ['oom_kill', 'crashloop'].map((fault) => known(fault, 1, true)) };
    expect(nextDesign('c', statusIn('intermediate', adversarial, two), adversarial)).toMatchObject({ redHerrings: false, faultsAtOnce: 2 });
  });
  test('is never asked for from a procedural designer', () => {
    const procedural = rulesWith();
    expect(nextDesign('c', statusIn('expert', procedural), procedural)).toBeUndefined();
  });
  test('is about a weak spot, while there is one that no ready design is about', () => {
    const mastery = [known('bad_config', 0.2), known('scale_zero', 0.3), known('oom_kill', 1)];
    const weak = statusIn('expert', rules, { mastery });
    for (let designed = 0; designed < 20; designed++) {
      expect(['bad_config', 'scale_zero']).toContain(nextDesign('c', { ...weak, designed }, rules)?.about);
      const one = { ...weak, designed, designs: [design('a', 'bad_config')] };
      expect(nextDesign('c', one, rules)?.about).toBe('scale_zero');
    }
    expect(nextDesign('c', weak, rules)).toMatchObject({
      weakSpots: ['bad_config', 'scale_zero'],
      mastery: { bad_config: 0.2, oom_kill: 1 },
    });
  });
  test('is about all unlocked faults in turn, the same for the same number', () => {
    const about = (designed: number) => nextDesign('c', expert({ designed }), rules)?.about;
    const all = Array.from({ length: 60 }, (_, i) => about(i));
    expect(new Set(all)).toEqual(new Set(expert().unlocked));
    expect(Array.from({ length: 60 }, (_, i) => about(i))).toEqual(all);
  });
  test('waits while two are ready; those that fit no longer do not count', () => {
    const two = [design('a', 'oom_kill'), design('b', 'scale_zero')];
    expect(nextDesign('c', expert({ designs: two }), rules)).toBeUndefined();
    expect(nextDesign('c', expert({ designs: [two[0], design('b', 'scale_zero', { difficulty: 0.96 })] }), rules)).toBeDefined();
  });
});

describe('a draw', () => {
  const choice = (change: Partial<Choice> = {}): Choice => ({
    ...{ tier: 'expert', stint: 0, persona: 'principal', maxDifficulty: 0.95, redHerrings: true, llmDesign: true, adversarial: false },
    draw: {
      pool: { split: 'train', type: 'oom_kill', size: 1, band: 0 },
      ...{ ordinal: 0, usedUp: false, startsOver: false, scenario: { key: 'k', faults: [], difficulty: 0.2 } },
    },
    ...change,
  });
  const faults = (...types: string[]) => ({ faults: types.map((type) => ({ type, target: { namespace: 'auth', name: type } })) });
  const herring = { redHerrings: [{ kind: 'change_note', target: { namespace: 'auth', name: 'auth-service' } }] };
  test.each<[string, Partial<ReadyDesign>, Partial<Choice>, typeof rules, boolean]>([
    ['is replaced by a design about its fault', {}, {}, rules, true],
    ['is played where no design may take its place', {}, { llmDesign: false }, rules, false],
    ['is played where nothing is to be broken', {}, { draw: undefined }, rules, false],
    ['is played when the design is about another fault', { fault: 'crashloop' }, {}, rules, false],
    ['is played when the design is too hard', { difficulty: 0.96 }, {}, rules, false],
    ['is played when the design is too easy', {}, {}, rulesWith({ designer: { kind: 'llm' }, minDifficulty: 0.7 }), false],
    [
      'is played when a fault of the design is denied by now',
      { incident: faults('oom_kill', 'crashloop') },
      {},
      rulesWith({ designer: { kind: 'llm' }, faults: { deny: ['crashloop'] } }),
      false,
    ],
    [
      'is played when the design has too many faults',
      { incident: faults('oom_kill', 'crashloop', 'bad_config', 'scale_zero') },
      {},
      rules,
      false,
    ],
    ['is replaced by a design with red herrings', { incident: { ...faults('oom_kill'), ...herring } }, {}, rules, true],
  ])('%s', (_, change, chosen, by, fits) => {
    const ready = design('a', 'oom_kill', change);
    expect(fittingDesign(choice(chosen), { ...statusIn('expert', by), designs: [ready] }, by)).toEqual(fits ? ready : undefined);
  });
  test('gets the oldest of several', () => {
    const status = expert({ designs: [design('a', 'crashloop'), design('b', 'oom_kill'), design('c', 'oom_kill')] });
    expect(fittingDesign(choice(), status, rules)?.name).toBe('b');
  });
  test('gets none where none is ready', () => {
    expect(fittingDesign(choice(), expert(), rules)).toBeUndefined();
  });
});

describe('the ready designs', () => {
  test('take one more once, and lose those that fit no longer', () => {
    const status = expert({ designs: [design('stale', 'oom_kill', { difficulty: 0.99 }), design('a', 'crashloop')] });
    const more = withDesign(status, design('b', 'oom_kill'), rules);
    expect(more.designs?.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(withDesign(more, design('b', 'oom_kill'), rules)).toEqual(more);
  });
  test('lose the one that is used', () => {
    const status = expert({ designs: [design('a', 'crashloop'), design('b', 'oom_kill')] });
    expect(withoutDesign(status, 'a').designs?.map(({ name }) => name)).toEqual(['b']);
  });
});
