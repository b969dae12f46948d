import { describe, expect, test } from '@jest/globals';
import { FakeClock } from './fake-clock.ts';
import { createMetrics } from './metrics.ts';
import { TokenBucket, WorkQueue } from './work-queue.ts';

interface Gate {
  key: string;
  finish: (result?: { requeueAfterMs?: number }) => void;
  fail: (error?: Error) => void;
}

/** A queue whose work ends when the test says so. */
function gatedQueue(concurrency = 2) {
  const clock = new FakeClock();
  const gates: Gate[] = [];
  const retries: number[] = [];
  const queue = new WorkQueue({
    name: 'test',
    clock,
    concurrency,
    process: (key) =>
      new Promise((resolve, reject) => {
        gates.push({ key, finish: (result) => resolve(result), fail: (error = new Error('broken')) => reject(error) });
      }),
    onError: (_key, _error, ms) => retries.push(ms),
  });
  queue.start();
  const started = () => gates.map((g) => g.key);
  const gate = (index: number): Gate => {
    const found = gates[index];
    if (!found) throw new Error(`nothing was started as number ${index}`);
    return found;
  };
  return { clock, queue, gate, retries, started };
}

describe('WorkQueue', () => {
  test('a key added many times while it waits is worked on once', async () => {
    const { queue, started, clock } = gatedQueue(1);
    queue.add('a');
    for (let i = 0; i < 5; i++) queue.add('b');
    expect(queue.depth).toBe(1);
    await clock.advance(0);
    expect(started()).toEqual(['a']);
  });

  test('a key added while it is worked on runs again afterwards, never beside itself', async () => {
    const { queue, started, gate, clock } = gatedQueue(4);
    queue.add('a');
    queue.add('a');
    queue.add('a');
    expect(started()).toEqual(['a']);
    gate(0).finish();
    await clock.advance(0);
    expect(started()).toEqual(['a', 'a']);
    gate(1).finish();
    await clock.advance(0);
    expect(started()).toEqual(['a', 'a']);
  });

  test('a key that is worked on does not hold up others behind it', async () => {
    const { queue, started, clock } = gatedQueue(2);
    for (const key of ['a', 'a', 'b', 'c']) queue.add(key);
    await clock.advance(0);
    expect(started()).toEqual(['a', 'b']);
    expect(queue.active).toBe(2);
  });

  test('failures wait 5 ms, doubling to 30 s, and a success starts over', async () => {
    const { queue, gate, retries, clock } = gatedQueue();
    queue.add('a');
    for (let i = 0; i < 16; i++) {
      gate(i).fail();
      await clock.advance(30_000);
    }
    expect(retries.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
    expect(retries.slice(-2)).toEqual([30_000, 30_000]);
    gate(16).finish();
    await clock.advance(0);
    queue.add('a');
    gate(17).fail();
    await clock.advance(0);
    expect(retries.at(-1)).toBe(5);
  });

  test('an event runs a key at once although it waits for its retry', async () => {
    const { queue, gate, started, clock } = gatedQueue();
    queue.add('a');
    gate(0).fail();
    await clock.advance(1);
    queue.add('a');
    expect(started()).toEqual(['a', 'a']);
    gate(1).finish();
    await clock.advance(60_000);
    expect(started()).toEqual(['a', 'a']);
  });

  test('the earliest of several times counts', async () => {
    const { queue, started, clock } = gatedQueue();
    queue.addAfter('a', 5000);
    queue.addAfter('a', 1000);
    queue.addAfter('a', 3000);
    await clock.advance(999);
    expect(started()).toEqual([]);
    await clock.advance(1);
    expect(started()).toEqual(['a']);
    expect(clock.pending).toBe(0);
  });

  test('a result may ask for the key again', async () => {
    const { queue, gate, started, clock } = gatedQueue();
    queue.add('a');
    gate(0).finish({ requeueAfterMs: 700 });
    await clock.advance(699);
    expect(started()).toEqual(['a']);
    await clock.advance(1);
    expect(started()).toEqual(['a', 'a']);
  });

  test('a time of zero asks for the key now', async () => {
    const { queue, started } = gatedQueue();
    queue.addAfter('a', 0);
    expect(started()).toEqual(['a']);
  });

  test('nothing runs before start, all of it after', async () => {
    const seen: string[] = [];
    const queue = new WorkQueue({
      name: 'late',
      clock: new FakeClock(),
      process: async (key) => {
        seen.push(key);
        return undefined;
      },
    });
    queue.add('a');
    queue.add('b');
    expect(seen).toEqual([]);
    queue.start();
    expect(seen).toEqual(['a', 'b']);
  });

  test('stop drops what waits, takes nothing more and resolves when the work under way is done', async () => {
    const { queue, gate, started, clock } = gatedQueue(1);
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 10);
    let stopped = false;
    const stopping = Promise.all([queue.stop(), queue.stop()]).then(() => {
      stopped = true;
    });
    await clock.advance(1000);
    expect(stopped).toBe(false);
    gate(0).fail();
    await stopping;
    queue.add('d');
    await clock.advance(60_000);
    expect(started()).toEqual(['a']);
    expect(clock.pending).toBe(0);
  });

  test('its metrics start at zero and count adds, retries and times', async () => {
    const metrics = createMetrics();
    const clock = new FakeClock();
    let fail = true;
    const queue = new WorkQueue({
      name: 'q',
      clock,
      metrics,
      process: async () => {
        if (fail) throw new Error('broken');
        return undefined;
      },
    });
    expect(await metrics.registry.metrics()).toContain('workqueue_retries_total{name="q",controller="q"} 0');
    queue.add('a');
    queue.start();
    await clock.advance(4);
    fail = false;
    await clock.advance(10);
    const text = await metrics.registry.metrics();
    expect(text).toContain('workqueue_adds_total{name="q",controller="q"} 2');
    expect(text).toContain('workqueue_retries_total{name="q",controller="q"} 1');
    expect(text).toContain('workqueue_depth{name="q",controller="q"} 0');
    expect(text).toContain('workqueue_work_duration_seconds_count{name="q",controller="q"} 2');
  });
});

describe('TokenBucket', () => {
  test('lets the burst through at once, then makes callers wait their turn', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, 10, 3);
    expect([bucket.reserve(), bucket.reserve(), bucket.reserve()]).toEqual([0, 0, 0]);
    expect(bucket.reserve()).toBeCloseTo(100);
    expect(bucket.reserve()).toBeCloseTo(200);
    await clock.advance(1000);
    expect(bucket.reserve()).toBe(0);
  });

  test('refuses rather than waits when asked to try', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, 1, 1);
    expect([bucket.tryTake(), bucket.tryTake()]).toEqual([true, false]);
    await clock.advance(1000);
    expect(bucket.tryTake()).toBe(true);
  });
});
