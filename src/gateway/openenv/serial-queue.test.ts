import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../kube/fake-clock.ts';
import { SerialQueue } from './serial-queue.ts';

const settled = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

describe('SerialQueue', () => {
  test('never runs two at once and keeps the order', async () => {
    const queue = new SerialQueue(new FakeClock());
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} starts`);
      await settled();
      log.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all([queue.run(work('a'), 1000), queue.run(work('b'), 1000)])).toEqual(['a', 'b']);
    expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
    await settled();
    expect(queue.busy).toBe(false);
  });

  test('a failure is its own caller’s alone', async () => {
    const queue = new SerialQueue(new FakeClock());
    const failing = queue.run(async () => {
      throw new Error('no');
    }, 1000);
    const next = queue.run(async () => 'fine', 1000);
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('fine');
  });

  test('a caller is answered at its limit; what follows still waits for the late work, and is dropped when it waits too long', async () => {
    const clock = new FakeClock();
    const queue = new SerialQueue(clock);
    const gate = Promise.withResolvers<void>();
    const ran: string[] = [];
    const late = queue.run(() => gate.promise, 50_000);
    await settled();
    const toldLate = expect(late).rejects.toMatchObject({
      code: 'EXECUTION_ERROR',
      message: expect.stringContaining('No answer within 50 s'),
    });
    await clock.advance(50_000);
    await toldLate;

    const dropped = queue.run(async () => ran.push('dropped'), 50_000);
    await settled();
    const toldDropped = expect(dropped).rejects.toMatchObject({
      code: 'EXECUTION_ERROR',
      message: expect.stringContaining('was not run'),
    });
    await clock.advance(50_000);
    await toldDropped;

    const last = queue.run(async () => ran.push('last'), 50_000);
    await settled();
    expect(ran).toEqual([]);
    expect(queue.busy).toBe(true);
    gate.resolve();
    await last;
    expect(ran).toEqual(['last']);
  });

  test('abort answers who runs, who waits and who comes later, and starts nothing more', async () => {
    const queue = new SerialQueue(new FakeClock());
    const gate = Promise.withResolvers<void>();
    const ran: string[] = [];
    const running = queue.run(() => gate.promise, 1000);
    const waiting = queue.run(async () => ran.push('waiting'), 1000);
    queue.abort(new Error('closed'));
    await expect(running).rejects.toThrow('closed');
    await expect(waiting).rejects.toThrow('closed');
    await expect(queue.run(async () => ran.push('later'), 1000)).rejects.toThrow('closed');
    gate.resolve();
    await settled();
    expect(ran).toEqual([]);
  });
});
