import { expect, test } from '@jest/globals';
import { evaluate } from '../oracle.ts';
import { type Case, judge, makeArena } from '../testing.ts';

const SETTINGS = 'ConfigMap payments/payment-db-config';

const broken: Case[] = [
  ['a ConfigMap holds something else', (a) => void a.contents.set(SETTINGS, 'other'), 'ContentChanged'],
  ['a Secret was made anew, empty', (a) => void a.contents.set('Secret payments/payment-db-credentials', 'empty'), 'ContentChanged'],
  ['nobody knows what a ConfigMap holds', (a) => void a.contents.delete(SETTINGS), 'ContentChanged'],
];

test.each(broken)('it is broken when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.finding).toMatchObject({ reason, settling: false });
  expect(result.verdict).toBe('broken');
});

test('the finding names the object', () => {
  expect(judge((a) => void a.contents.set(SETTINGS, 'other')).finding?.message).toBe(`${SETTINGS} no longer holds what the team put there`);
});
test('what is gone is missing, not changed', () => {
  const { finding } = judge((a) => {
    a.absent.add(SETTINGS);
    a.contents.delete(SETTINGS);
  });
  expect(finding?.reason).toBe('ObjectMissing');
});
test('what the team did not bring may hold anything', () => {
  expect(judge((a) => void a.contents.set('ConfigMap payments/oncall-notes', 'any')).verdict).toBe('healthy');
});
test('a look that reads watched kinds only says nothing of it, and does not resolve', () => {
  const arena = makeArena();
  const baseline = arena.baseline();
  const { present: _, contents: __, ...watched } = arena.snapshot(baseline);
  expect(evaluate({ snapshot: watched, baseline, faults: [] })).toMatchObject({ verdict: 'healthy', complete: false });
});
