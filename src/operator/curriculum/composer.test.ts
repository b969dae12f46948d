import { expect, test } from '@jest/globals';
import { shopBaseline } from '../../faults/testing.ts';
import { composerFor, MAX_SOURCES } from './composer.ts';

test('what can be drawn is worked out once for each list of tiers, with as many lists as are kept', () => {
  const composer = composerFor('default', shopBaseline());
  const lists = Array.from({ length: MAX_SOURCES }, (_, i) => [0.2 + i / 100]);
  const first = lists.map((tiers) => composer.source(tiers));
  expect(lists.map((tiers, i) => composer.source(tiers) === first[i])).toEqual(lists.map(() => true));
});
