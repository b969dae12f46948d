import { describe, expect, test } from '@jest/globals';
import { FAULT_TYPES } from '../faults/index.ts';
import { isAdversarial, personaOf, unlockedAt } from './rules.ts';
import { rulesWith } from './testing.ts';

test('the tiers, and what it takes to leave them', () => {
  const tiers = rulesWith().spec.tiers.map(({ name, maxDifficulty, minTrials, advanceRate }) => [
    name,
    maxDifficulty,
    minTrials,
    advanceRate,
  ]);
  expect(tiers).toEqual([
    ['warmup', 0.25, 5, 0.6],
    ['beginner', 0.4, 5, 0.6],
    ['intermediate', 0.6, 8, 0.65],
    ['advanced', 0.8, 10, 0.7],
    ['expert', 0.95, 0, undefined],
  ]);
});

describe('unlocked', () => {
  const easy = ['crashloop', 'image_pull', 'oom_kill', 'scale_zero'];
  const seven = [...easy, 'bad_config', 'liveness_probe', 'resource_quota'].sort();
  const cases: Record<string, [number, string[], number, boolean, boolean]> = {
    'warmup: four faults that show in the pods': [0, easy, 1, false, false],
    'beginner: all seven': [1, seven, 1, false, false],
    'intermediate: pairs': [2, seven, 2, false, false],
    'advanced: triples and red herrings': [3, seven, 3, true, false],
    'expert: designs by an LLM': [4, seven, 3, true, true],
  };
  test.each(Object.entries(cases))('%s', (_name, [index, types, faultsAtOnce, redHerrings, llmDesigns]) => {
    const unlocked = unlockedAt(rulesWith(), index);
    expect({ ...unlocked, types: [...unlocked.types].sort() }).toEqual({ types, faultsAtOnce, redHerrings, llmDesigns });
  });
  test('a fault that no tier names comes with the last one', () => {
    const rules = { ...rulesWith(), types: [...FAULT_TYPES, 'clock_skew'] };
    expect([3, 4].map((index) => unlockedAt(rules, index).types.includes('clock_skew'))).toEqual([false, true]);
  });
  test('a denied fault never comes, nor one that is not among those allowed', () => {
    expect(unlockedAt(rulesWith({ faults: { deny: ['oom_kill'] } }), 4).types).not.toContain('oom_kill');
    expect(unlockedAt(rulesWith({ faults: { allow: ['oom_kill', 'bad_config'], deny: ['bad_config'] } }), 4).types).toEqual(['oom_kill']);
  });
});

describe('persona', () => {
  const cases: Record<string, [number, string]> = {
    'a junior below .4': [0.39, 'junior'],
    'a senior from .4': [0.4, 'senior'],
    'a senior below .7': [0.69, 'senior'],
    'a principal from .7': [0.7, 'principal'],
  };
  test.each(Object.entries(cases))('%s', (_name, [difficulty, persona]) => expect(personaOf(difficulty)).toBe(persona));
  test('the spec can name another', () => expect(personaOf(0.1, 'principal')).toBe('principal'));
});

describe('adversarial', () => {
  const cases: Record<string, ['standard' | 'adversarial', number, string[], boolean]> = {
    'from difficulty .6 with two graduated': ['adversarial', 0.6, ['a', 'b'], true],
    'not below .6': ['adversarial', 0.59, ['a', 'b'], false],
    'not with one graduated': ['adversarial', 0.95, ['a'], false],
    'never in standard mode': ['standard', 0.95, ['a', 'b', 'c'], false],
  };
  test.each(Object.entries(cases))('%s', (_name, [mode, difficulty, graduated, expected]) => {
    expect(isAdversarial(rulesWith({ mode }).spec, difficulty, graduated)).toBe(expected);
  });
});
