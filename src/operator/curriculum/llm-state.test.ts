import { expect, test } from '@jest/globals';
import { rulesWith, statusIn } from '../../curriculum/testing.ts';
import { llmMs, withLlmState } from './llm-state.ts';

const early = new Date('2026-01-01T00:00:00Z');
const late = new Date('2026-01-01T01:00:00Z');
const there = { status: 'True', reason: 'Configured', message: 'm (anthropic) is asked' } as const;
const poor = { status: 'False', reason: 'BudgetSpent', message: 'All is spent' } as const;
const none = { status: 'False', reason: 'NotConfigured', message: 'LLM_BACKEND is not set' } as const;
const designing = rulesWith({ designer: { kind: 'llm' } }).spec;
const judging = rulesWith({ judge: { kind: 'both' } }).spec;
const plain = rulesWith().spec;
const status = statusIn('warmup');

test.each([
  ['an LLM as designer', designing],
  ['an LLM as judge', judging],
])('a Curriculum with %s says whether it is there', (_, spec) => {
  const [condition, ...others] = withLlmState(status, spec, there, early).conditions ?? [];
  expect(condition).toMatchObject({ type: 'LlmAvailable', ...there, lastTransitionTime: early.toISOString() });
  expect(others).toEqual([]);
});
test('its time moves with its status alone', () => {
  const first = withLlmState(status, designing, poor, early);
  expect(withLlmState(first, designing, poor, late)).toEqual(first);
  expect(withLlmState(first, designing, none, late).conditions).toMatchObject([{ ...none, lastTransitionTime: early.toISOString() }]);
  expect(withLlmState(first, designing, there, late).conditions).toMatchObject([{ ...there, lastTransitionTime: late.toISOString() }]);
});
test('a Curriculum that wants no LLM says nothing of it, nor any longer', () => {
  expect(withLlmState(status, plain, there, early).conditions).toBeUndefined();
  expect(withLlmState(withLlmState(status, designing, there, early), plain, there, late).conditions).toBeUndefined();
});
test('is looked at again where it may change', () => {
  expect(llmMs(designing, there)).toBe(30_000);
  expect(llmMs(judging, poor)).toBe(30_000);
  expect(llmMs(designing, none)).toBeUndefined();
  expect(llmMs(plain, there)).toBeUndefined();
});
