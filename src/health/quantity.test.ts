import { describe, expect, test } from '@jest/globals';
import { formatQuantity, parseQuantity } from './quantity.ts';

describe('parseQuantity', () => {
  test.each([
    ['128Mi', 134217728],
    ['1Gi', 1073741824],
    ['250m', 0.25],
    ['2', 2],
    ['1.5', 1.5],
    ['1e3', 1000],
    ['64G', 64e9],
    ['12k', 12000],
  ])('%s is %d', (text, value) => expect(parseQuantity(text)).toBeCloseTo(value, 9));

  test.each(['', 'many', '12 Mi', '1KiB'])('"%s" is refused', (text) => expect(() => parseQuantity(text)).toThrow('is not a quantity'));
});

test.each([
  ['requests.memory', 100 * 2 ** 20, '100Mi'],
  ['limits.cpu', 0.035, '35m'],
  ['pods', 3.5, '3'],
])('formatQuantity writes %s as people do', (resource, value, text) => expect(formatQuantity(resource, value)).toBe(text));
