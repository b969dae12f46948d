import { expect, test } from '@jest/globals';
import type { Curriculum } from '../../api/curriculum.ts';
import { rulesWith } from '../../curriculum/testing.ts';
import { curriculumFromEnv, spendingLimits } from './default.ts';

test.each([
  ['nothing, the defaults', {}, {}],
  ['a mode', { GYM_MODE: 'adversarial' }, { mode: 'adversarial' }],
  ['a least difficulty', { EVAL_MIN_DIFFICULTY: '0.4' }, { minDifficulty: 0.4 }],
  ['the greatest one', { EVAL_MIN_DIFFICULTY: '0.7' }, { minDifficulty: 0.7 }],
  ['empty ones, the defaults', { GYM_MODE: '', EVAL_MIN_DIFFICULTY: '' }, {}],
])('the environment may say %s', (_name, env, spec) => {
  expect(curriculumFromEnv(env)).toEqual(spec);
});

test.each([
  [{ GYM_MODE: 'hard' }, /GYM_MODE is hard; it must be standard or adversarial/],
  [
    { EVAL_MIN_DIFFICULTY: '0.75' },
    /EVAL_MIN_DIFFICULTY is 0.75; it must be a number from 0 to 0.7, the difficulty of the hardest incident/,
  ],
  [{ EVAL_MIN_DIFFICULTY: '-1' }, /is -1/],
  [{ EVAL_MIN_DIFFICULTY: 'high' }, /is high/],
])('%j is refused with a sentence', (env, message) => {
  expect(() => curriculumFromEnv(env)).toThrow(message);
});

type Spec = Parameters<typeof rulesWith>[0];
const judging = { judge: { kind: 'both' } } as const;
const designing = { designer: { kind: 'llm' } } as const;

test.each<[string, Spec[], ReturnType<typeof spendingLimits>]>([
  ['no Curriculum, no limits', [], {}],
  ['none that limits anything, no limits', [judging, designing], {}],
  ['one, its limits', [{ ...judging, llm: { tokensPerHour: 5, usdPerHour: 0.5 } }], { tokens: 5, usd: 0.5 }],
  [
    'several, the least of each kind',
    [
      { ...judging, llm: { tokensPerHour: 5, usdPerHour: 2 } },
      { ...designing, llm: { tokensPerHour: 9, usdPerHour: 1 } },
    ],
    { tokens: 5, usd: 1 },
  ],
  ['one that limits and one that does not, its limit', [judging, { ...designing, llm: { usdPerHour: 3 } }], { usd: 3 }],
  ['none at all allowed, none for all', [judging, { ...judging, llm: { tokensPerHour: 0 } }], { tokens: 0 }],
  [
    'one that wants no LLM, nothing: it spends nothing either',
    [{ llm: { tokensPerHour: 0, usdPerHour: 0 } }, { ...judging, llm: { tokensPerHour: 7 } }],
    { tokens: 7 },
  ],
])('of what LLMs may cost decides: %s', (_, specs, limits) => {
  const curricula = specs.map((spec) => ({ spec: rulesWith(spec).spec }) as Curriculum);
  expect(spendingLimits(curricula)).toEqual(limits);
});
