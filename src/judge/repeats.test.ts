import { describe, expect, test } from '@jest/globals';
import { findRepeats } from './repeats.ts';

const look = { normalized: 'kubectl get pod', mutations: 0 };
const other = { normalized: 'kubectl get event', mutations: 0 };
const fix = { normalized: 'kubectl scale deployment/x --replicas=1', mutations: 1 };

describe('findRepeats', () => {
  const cases: [string, Parameters<typeof findRepeats>[0], boolean[]][] = [
    ['the first time is no repeat', [look], [false]],
    ['the same again is one', [look, look], [false, true]],
    ['also with other looks between', [look, other, look], [false, false, true]],
    ['a look before and after a change is none', [look, fix, look], [false, false, false]],
    ['a third look after the change is one', [look, fix, look, look], [false, false, false, true]],
    ['a change that failed is no change', [look, { ...fix, mutations: 0 }, look], [false, false, true]],
    ['the same fix twice in a row is one', [fix, fix], [false, true]],
    ['the same fix after another change is none', [fix, { ...fix, normalized: 'other' }, fix], [false, false, false]],
    ['what cannot be compared never repeats', [{ mutations: 0 }, { mutations: 0 }], [false, false]],
  ];
  test.each(cases)('%s', (_sentence, steps, want) => expect(findRepeats(steps)).toEqual(want));
});
