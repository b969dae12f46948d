import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApi, WIDGETS, type Widget } from '../../test/support/fake-api.ts';
import type { KubeClient } from './client.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';

let api: FakeApi;
let client: KubeClient;
let reflector: Reflector<Widget> | undefined;

beforeEach(async () => {
  api = new FakeApi();
  await api.start();
  client = api.client();
});

afterEach(async () => {
  await reflector?.stop();
  await client.close();
  await api.stop();
});

/** A started, synced reflector and what it told a subscriber. */
async function follow(options: Partial<ReflectorOptions<Widget>> = {}) {
  const told: string[] = [];
  reflector = new Reflector({ client, resource: WIDGETS, random: () => 0, ...options });
  reflector.subscribe(({ type, object }) => told.push(`${type} ${object.metadata.name}=${object.value}`));
  reflector.start();
  await reflector.waitForSync(limit());
  return { told, mirror: reflector };
}

const limit = () => AbortSignal.timeout(5000);
const has = (mirror: Reflector<Widget>, name: string, value?: string) => () => {
  const widget = mirror.get({ namespace: 'a', name });
  return value === undefined ? !widget : widget?.value === value;
};
/** Resolves when the server holds an open watch. */
async function watching(mirror: Reflector<Widget>, marker: string): Promise<void> {
  api.put(marker, 'up');
  await mirror.waitFor(has(mirror, marker, 'up'), limit());
}

describe('Reflector', () => {
  test('lists, then follows changes, and objects carry their kind', async () => {
    api.put('x', '1');
    const { told, mirror } = await follow();
    api.put('x', '2');
    api.put('y', '1');
    api.remove('x');
    await mirror.waitFor(has(mirror, 'x'), limit());
    expect(told).toEqual(['ADDED x=1', 'MODIFIED x=2', 'ADDED y=1', 'DELETED x=2']);
    expect(mirror.list('a')).toMatchObject([{ kind: 'Widget', apiVersion: 'fake.dev/v1' }]);
    expect(mirror.list('b')).toEqual([]);
  });

  test('resumes after cuts without listing again, and tells nothing twice', async () => {
    const { told, mirror } = await follow();
    for (let i = 1; i <= 4; i++) {
      await watching(mirror, `marker-${i}`);
      api.cut();
      api.put('x', String(i));
      await mirror.waitFor(has(mirror, 'x', String(i)), limit());
    }
    expect(mirror.stats).toMatchObject({ lists: 1, failures: 4, gone: 0 });
    expect(told.filter((line) => line.includes(' x='))).toEqual(['ADDED x=1', 'MODIFIED x=2', 'MODIFIED x=3', 'MODIFIED x=4']);
  });

  test('lists again after 410 and tells of deletions that it slept through', async () => {
    api.put('x', '1');
    api.put('y', '1');
    const { told, mirror } = await follow();
    await watching(mirror, 'marker');
    api.cut();
    api.remove('x');
    api.put('y', '2');
    api.compact();
    await mirror.waitFor(has(mirror, 'x'), limit());
    expect(mirror.stats).toMatchObject({ lists: 2, gone: 1 });
    expect(told.slice(-2).sort()).toEqual(['DELETED x=1', 'MODIFIED y=2']);
  });

  test('an ERROR event inside the watch with code 410 lists again', async () => {
    const { mirror } = await follow();
    await watching(mirror, 'marker');
    api.sendRaw('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n');
    api.put('x', '1');
    await mirror.waitFor(has(mirror, 'x', '1'), limit());
    expect(mirror.stats).toMatchObject({ gone: 1 });
  });

  test('a bookmark moves the place it resumes from, past a compaction', async () => {
    const { mirror } = await follow();
    await watching(mirror, 'marker');
    api.bookmark();
    api.compact();
    api.put('x', '1');
    await mirror.waitFor(has(mirror, 'x', '1'), limit());
    api.cut();
    api.put('x', '2');
    await mirror.waitFor(has(mirror, 'x', '2'), limit());
    expect(mirror.stats).toMatchObject({ lists: 1, bookmarks: 1, gone: 0 });
    expect(api.requests.filter((r) => r.includes('watch=true')).every((r) => r.includes('allowWatchBookmarks=true'))).toBe(true);
  });

  test('an object that took the name of another is a deletion and an addition', async () => {
    api.put('x', '1');
    const { told, mirror } = await follow();
    await watching(mirror, 'marker');
    api.cut();
    api.remove('x');
    api.put('x', '2');
    api.compact();
    await mirror.waitFor(has(mirror, 'x', '2'), limit());
    expect(told.slice(-2)).toEqual(['DELETED x=1', 'ADDED x=2']);
  });

  test('reads collections larger than a page', async () => {
    for (let i = 0; i < 1201; i++) api.put(`w${i}`, '1');
    const { mirror } = await follow();
    expect(mirror.size).toBe(1201);
    expect(api.requests.filter((r) => r.includes('limit=500'))).toHaveLength(3);
  });

  test('reads everything at once when a page grew too old', async () => {
    for (let i = 0; i < 501; i++) api.put(`w${i}`, '1');
    api.intercept(({ url }) => {
      if (url.searchParams.has('continue')) {
        api.put('late', '1');
        api.compact();
      }
      return false;
    });
    const { mirror } = await follow();
    expect(mirror.size).toBe(502);
    expect(mirror.stats.lists).toBe(1);
  });

  test('keeps trying while the server refuses', async () => {
    api.failNext(3, 503);
    api.put('x', '1');
    const { mirror } = await follow();
    expect(mirror.get({ namespace: 'a', name: 'x' })?.value).toBe('1');
    expect(mirror.stats.failures).toBe(3);
  });

  test('a watch that is refused for good reason lists again rather than resume for ever', async () => {
    const { mirror } = await follow();
    await watching(mirror, 'marker');
    api.failNext(1, 504);
    api.cut();
    api.put('x', '1');
    await mirror.waitFor(has(mirror, 'x', '1'), limit());
    expect(mirror.stats.lists).toBe(2);
  });

  test('a line that was cut is not read; it comes again', async () => {
    const { told, mirror } = await follow();
    await watching(mirror, 'marker');
    api.sendRaw('{"type":"ADDED","object":{"metadata":{"na');
    api.end();
    api.put('x', '1');
    await mirror.waitFor(has(mirror, 'x', '1'), limit());
    expect(told).toEqual(['ADDED marker=up', 'ADDED x=1']);
  });

  test('a watch that ends in good order is opened again without a failure', async () => {
    const { mirror } = await follow();
    await watching(mirror, 'marker');
    api.end();
    api.put('x', '1');
    await mirror.waitFor(has(mirror, 'x', '1'), limit());
    expect(mirror.stats).toMatchObject({ lists: 1, failures: 0 });
  });

  test('the filter keeps others out, and an object that stops passing is deleted', async () => {
    api.put('x', 'keep');
    api.put('z', 'drop');
    const { told, mirror } = await follow({ filter: (w) => w.value !== 'drop' });
    expect(mirror.size).toBe(1);
    api.put('x', 'drop');
    await mirror.waitFor(has(mirror, 'x'), limit());
    expect(told).toEqual(['ADDED x=keep', 'DELETED x=drop']);
  });

  test('what the cache returns is frozen', async () => {
    api.put('x', '1');
    const { mirror } = await follow();
    const widget = mirror.get({ namespace: 'a', name: 'x' });
    expect(() => Object.assign(widget?.metadata ?? {}, { name: 'y' })).toThrow(TypeError);
  });

  test('a subscriber that throws stops neither the watch nor the others', async () => {
    reflector = new Reflector({ client, resource: WIDGETS });
    reflector.subscribe(() => {
      throw new Error('broken');
    });
    const told: string[] = [];
    reflector.subscribe(({ object }) => told.push(object.metadata.name));
    reflector.start();
    api.put('x', '1');
    await reflector.waitFor(has(reflector, 'x', '1'), limit());
    expect(told).toEqual(['x']);
  });

  test('a late subscriber hears of what is there', async () => {
    api.put('x', '1');
    const { mirror } = await follow();
    const told: string[] = [];
    const end = mirror.subscribe(({ type, object }) => told.push(`${type} ${object.metadata.name}`));
    expect(told).toEqual(['ADDED x']);
    end();
    await watching(mirror, 'marker');
    expect(told).toHaveLength(1);
  });

  test('waiters reject when their signal aborts, when the probe throws, and when the reflector stops', async () => {
    const { mirror } = await follow();
    await expect(mirror.waitFor(() => false, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    await expect(
      mirror.waitFor(() => {
        throw new Error('bad probe');
      }, limit()),
    ).rejects.toThrow('bad probe');
    const waiting = expect(mirror.waitFor(() => false)).rejects.toThrow('The watch of widgets was stopped');
    await mirror.stop();
    await waiting;
  });

  test('stop closes the watch', async () => {
    const { mirror } = await follow();
    await watching(mirror, 'marker');
    await mirror.stop();
    api.put('x', '1');
    expect(mirror.get({ namespace: 'a', name: 'x' })).toBeUndefined();
  });
});
