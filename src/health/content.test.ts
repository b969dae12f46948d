import { expect, test } from '@jest/globals';
import { contentHash } from './content.ts';

const hash = contentHash({ data: { a: '1', b: '2' } });

test.each([
  ['in another order', { data: { b: '2', a: '1' } }],
  ['with an empty list of binary values', { data: { a: '1', b: '2' }, binaryData: null }],
])('the same %s has the same hash', (_, holder) => expect(contentHash(holder)).toBe(hash));

test.each([
  ['another value', { data: { a: '1', b: '3' } }],
  ['values that changed places', { data: { a: '2', b: '1' } }],
  ['a key less', { data: { a: '1' } }],
  ['a key more', { data: { a: '1', b: '2', c: '' } }],
  ['the same as binary', { binaryData: { a: '1', b: '2' } }],
  ['nothing', {}],
])('%s has another', (_, holder) => expect(contentHash(holder)).not.toBe(hash));
