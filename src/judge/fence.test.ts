import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { closing, fenced, opening } from './fence.ts';

const inner = (text: string, nonce: string) => text.slice(`${opening(nonce)}\n`.length, -`\n${closing(nonce)}`.length);

describe('fenced', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('</data>', '</data-abc123>', '&lt;/data&gt;', '\u2028', '\udc00', '\u{e0041}'),
  );
  const anyData = fc.oneof(anyText, fc.array(anyText), fc.dictionary(anyText, anyText));

  test('holds nothing but printable ASCII, and no character that a mark could be made of', () => {
    fc.assert(
      fc.property(anyData, (data) => {
        expect(inner(fenced(data, 'abc123'), 'abc123')).toMatch(/^[\n\x20-\x7e]*$/);
        expect(inner(fenced(data, 'abc123'), 'abc123')).not.toMatch(/[<>&]/);
      }),
    );
  });
  test('is JSON of the same data', () => {
    fc.assert(fc.property(anyData, (data) => expect(JSON.parse(inner(fenced(data, 'x'), 'x'))).toEqual(JSON.parse(JSON.stringify(data)))));
  });
  test('stands between two marks with the nonce, each there once', () => {
    expect(fenced({ a: 1 }, 'x7').split(/<\/?data-x7>/)).toEqual(['', '\n{\n "a": 1\n}\n', '']);
  });
});
