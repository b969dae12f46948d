import { describe, expect, test } from '@jest/globals';
import { evalChoice } from './eval-choice.ts';
import { rulesWith } from './testing.ts';

const { source } = rulesWith();
const pools = source.pools('eval').length;
const all = source.pools('eval').reduce((sum, pool) => sum + source.count(pool), 0);

describe('evalChoice', () => {
  test('a seed has one answer, in whichever order the pools are listed', () => {
    const reversed = { ...source, pools: (split: 'train' | 'eval') => source.pools(split).toReversed() };
    for (let seed = 0; seed < 100; seed++) expect(evalChoice(seed, reversed)).toEqual(evalChoice(seed, source));
  });
  test('any stretch of as many seeds as pools meets every pool', () => {
    const met = new Set(Array.from({ length: pools }, (_, i) => JSON.stringify(evalChoice(17 + i, source).pool)));
    expect(met.size).toBe(pools);
  });
  test('no scenario comes twice until it says so', () => {
    const keys = new Set<string>();
    for (let seed = 0; seed < 3 * all; seed++) {
      const { scenario, usedUp } = evalChoice(seed, source);
      expect(keys.has(scenario.key)).toBe(usedUp);
      keys.add(scenario.key);
    }
    expect(keys.size).toBe(all);
  });
  test('nothing is easier than the least difficulty, and nothing is played twice for it', () => {
    const keys = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const { scenario, usedUp } = evalChoice(seed, source, 0.5);
      expect(scenario.difficulty).toBeGreaterThanOrEqual(0.5);
      expect(keys.has(scenario.key)).toBe(usedUp);
      keys.add(scenario.key);
    }
  });
  test('the judge is as strict as the incident is hard', () => {
    for (let seed = 0; seed < 30; seed++) {
      const { scenario, persona } = evalChoice(seed, source);
      expect(persona).toBe(scenario.difficulty < 0.4 ? 'junior' : scenario.difficulty < 0.7 ? 'senior' : 'principal');
    }
  });
  test.each([-1, 0.5])('refuses seed %p', (seed) => expect(() => evalChoice(seed, source)).toThrow(`Seed ${seed} is no integer from 0`));
  test('says so when nothing is hard enough', () => {
    expect(() => evalChoice(0, source, 0.99)).toThrow(
      'Nothing that is held out has a difficulty of 0.99 or more: the hardest has 0.8; lower minDifficulty',
    );
  });
});
