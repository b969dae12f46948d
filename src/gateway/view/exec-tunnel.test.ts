import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { plainOutput, realInput } from './exec-tunnel.ts';

const id = 'k3x9q2m7ab';
const arena = { id, plain: ['payments'] };
const frame = (channel: number, content: string | Buffer) => Buffer.concat([Buffer.of(channel), Buffer.from(content as string)]);
const collect = (make: (send: (frame: Buffer) => void) => (frame: Buffer) => void, frames: Buffer[]) => {
  const sent: Buffer[] = [];
  const push = make((bytes) => sent.push(bytes));
  for (const one of frames) push(one);
  return { sent, push };
};
const text = (frames: Buffer[], channel: number) =>
  Buffer.concat(frames.filter((one) => one[0] === channel).map((one) => one.subarray(1))).toString();

describe('output of an exec', () => {
  test('stdout and stderr are mapped apart, across frames, and held text comes before the exit status', () => {
    const { sent } = collect(
      (send) => plainOutput(arena, send),
      [
        frame(1, `a payments-${id.slice(0, 4)}`),
        frame(2, `b-${id}`),
        frame(1, `${id.slice(4)}.svc -${id.slice(0, 2)}`),
        frame(3, `{"message":"payments-${id}"}`),
      ],
    );
    expect(text(sent, 1)).toBe(`a payments.svc -${id.slice(0, 2)}`);
    expect(text(sent, 2)).toBe('b');
    expect(sent.at(-1)).toEqual(frame(3, '{"message":"payments"}'));
  });
  test('a closed stream gives out what was held', () => {
    const { sent } = collect((send) => plainOutput(arena, send), [frame(1, 'x-'), frame(255, Buffer.of(1))]);
    expect(sent).toEqual([frame(1, 'x'), frame(1, '-'), frame(255, Buffer.of(1))]);
  });
});

describe('stdin of an exec', () => {
  const make = (send: (frame: Buffer) => void) => realInput(arena, send);
  test('is mapped word by word, across frames, and flushed when it closes', () => {
    const { sent } = collect(make, [frame(0, 'curl web.pay'), frame(0, 'ments\nx.payments'), frame(255, Buffer.of(0))]);
    expect(text(sent, 0)).toBe(`curl web.payments-${id}\nx.payments-${id}`);
    expect(sent.at(-1)).toEqual(frame(255, Buffer.of(0)));
  });
  test('a word without an end is handed on when nothing follows', async () => {
    const { sent } = collect(make, [frame(0, 'ls')]);
    expect(sent).toEqual([]);
    await pause(80);
    expect(sent).toEqual([frame(0, 'ls')]);
  });
  test('binary stays byte by byte, resizes pass', () => {
    const bytes = Buffer.concat([Buffer.from([0, 255]), Buffer.from(' x.payments.svc ')]);
    const { sent } = collect(make, [frame(0, bytes), frame(4, '{"Width":1}'), frame(0, 'x.payments.svc\n')]);
    expect(sent).toEqual([frame(0, bytes), frame(4, '{"Width":1}'), frame(0, 'x.payments.svc\n')]);
  });
});
