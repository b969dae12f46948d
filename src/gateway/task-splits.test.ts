import { expect, test } from '@jest/globals';
import { loadApps, paperBaselines } from '../operator/arena/app.ts';
import { taskSplits } from './task-splits.ts';

test('the Task API offers all splits; of transfer there is more than of eval, because all of that app is held out', () => {
  const splits = taskSplits(paperBaselines(loadApps()));
  expect(splits.map(({ name, type }) => [name, type])).toEqual([
    ['train', 'train'],
    ['eval', 'test'],
    ['transfer', 'test'],
  ]);
  const [, heldOut, transfer] = splits.map(({ count }) => count);
  expect(heldOut).toBeGreaterThan(1000);
  expect(transfer).toBeGreaterThan(heldOut);
});
