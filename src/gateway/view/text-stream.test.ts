import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mapLines, PlainTextStream, plainText } from './text-stream.ts';

const id = 'k3x9q2m7ab';
const arena = { id, plain: ['payments'] };
const through = (chunks: Buffer[]) => {
  const stream = new PlainTextStream(arena);
  return Buffer.concat([...chunks.map((chunk) => Buffer.from(stream.push(chunk))), stream.end()]);
};

describe('text towards the agent', () => {
  test('the id goes wherever the chunks are cut, also inside characters', () => {
    const text = Buffer.from(`search payments-${id}.svc — ü -${id.slice(0, 5)} payments-${id}-k3 -`);
    const expected = `search payments.svc — ü -${id.slice(0, 5)} payments-k3 -`;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: text.length })), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        expect(through(places.slice(1).map((end, index) => text.subarray(places[index], end))).toString()).toBe(expected);
      }),
    );
  });
  test.each([
    ['not UTF-8', Buffer.from([0xff, 0xd8, 0x00])],
    ['with a NUL byte', Buffer.from('a\0b')],
  ])('what is %s stays byte by byte, and all that follows', (_, head) => {
    const chunks = [Buffer.concat([head, Buffer.from(`payments-${id}`)]), Buffer.from(`payments-${id}`)];
    expect(through(chunks)).toEqual(Buffer.concat(chunks));
  });
  test('bytes that were held back come before the first binary chunk', () => {
    const chunks = [Buffer.from(`a-${id.slice(0, 4)}`), Buffer.from([0, 1])];
    expect(through(chunks)).toEqual(Buffer.concat(chunks));
  });
  test('as a Transform it hands on a log', async () => {
    const out = await Readable.from([Buffer.from(`x-${id.slice(0, 3)}`), Buffer.from(`${id.slice(3)}\n-`)])
      .pipe(plainText(arena))
      .toArray();
    expect(Buffer.concat(out).toString()).toBe('x\n-');
  });
});

describe('lines', () => {
  test('are mapped whole whatever the chunks, and can be dropped', async () => {
    const input = Readable.from(['{"a":1}\n{"b"', ':2}\n{"c":3}\n\nlast'].map((text) => Buffer.from(text)));
    const out = await input.pipe(mapLines((line) => (line.includes('b') ? undefined : `<${line}>`))).toArray();
    expect(Buffer.concat(out).toString()).toBe('<{"a":1}>\n<{"c":3}>\n<last>\n');
  });
  test('a line without end and a mapping that throws break the stream, not the process', async () => {
    await expect(
      Readable.from([Buffer.alloc(20, 'x')])
        .pipe(mapLines((line) => line, 10))
        .toArray(),
    ).rejects.toThrow(/more than 10 bytes/);
    await expect(
      Readable.from([Buffer.from('{\n')])
        .pipe(mapLines(JSON.parse))
        .toArray(),
    ).rejects.toThrow(SyntaxError);
  });
});
