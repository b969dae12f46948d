import { expect, test } from '@jest/globals';
import { assignmentName } from './assignment.ts';

const key = { curriculum: 'default', run: 'r', split: 'train', seed: 1 } as const;

test('a key has one name', () => {
  expect(assignmentName(key)).toMatch(/^a-[0-9a-f]{20}$/);
  expect(assignmentName({ ...key })).toBe(assignmentName(key));
});

test.each([
  ['curriculum', { ...key, curriculum: 'other' }],
  ['run', { ...key, run: 'other' }],
  ['split', { ...key, split: 'eval' as const }],
  ['seed', { ...key, seed: 2 }],
  ['curriculum and run, cut elsewhere', { ...key, curriculum: 'defaultr', run: '' }],
])('another %s has another', (_what, other) => expect(assignmentName(other)).not.toBe(assignmentName(key)));
