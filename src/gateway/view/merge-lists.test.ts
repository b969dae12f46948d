import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type FetchPart, type ListPart, mergeLists } from './merge-lists.ts';

const names = ['auth', 'frontend', 'payments'];

/** An API server with this many items in each namespace; its continue token is the next index. */
const server =
  (counts: Record<string, number>): FetchPart =>
  async (namespace, query) => {
    const from = Number(query.continue ?? 0);
    const to = Math.min(counts[namespace], from + Number(query.limit ?? Number.POSITIVE_INFINITY));
    const items = Array.from({ length: to - from }, (_, index) => `${namespace}/${from + index}`);
    const more = to < counts[namespace] ? { continue: String(to), remainingItemCount: counts[namespace] - to } : {};
    return { status: 200, document: { kind: 'PodList', metadata: { resourceVersion: String(100 - namespace.length), ...more }, items } };
  };
const metadata = (part: ListPart) => part.document.metadata as Record<string, string>;

describe('lists over all namespaces', () => {
  test('items come in the order of the namespaces, with the smallest resourceVersion', async () => {
    const { document } = await mergeLists(names, {}, server({ auth: 1, frontend: 0, payments: 2 }));
    expect(document).toEqual({ kind: 'PodList', metadata: { resourceVersion: '92' }, items: ['auth/0', 'payments/0', 'payments/1'] });
  });
  test('rows of Tables are merged', async () => {
    const { document } = await mergeLists(names, {}, async (namespace) => ({
      status: 200,
      document: { kind: 'Table', metadata: { resourceVersion: '9007199254740993' }, columnDefinitions: ['c'], rows: [namespace] },
    }));
    expect(document).toEqual({ kind: 'Table', metadata: { resourceVersion: '9007199254740993' }, columnDefinitions: ['c'], rows: names });
  });
  test('a part that fails is the answer', async () => {
    const failure = { status: 410, document: { kind: 'Status' } };
    expect(
      await mergeLists(names, {}, async (namespace) => (namespace === 'frontend' ? failure : server({ auth: 1 })(namespace, {}))),
    ).toBe(failure);
  });
  test('a continue token of somebody else is refused', async () => {
    for (const token of ['x', Buffer.from('["kube-system",""]').toString('base64url'), Buffer.from('{}').toString('base64url')]) {
      expect(await mergeLists(names, { continue: token }, server({ auth: 1, frontend: 1, payments: 1 }))).toMatchObject({ status: 400 });
    }
  });
  test('pages of any size bring every item once, in order, and never more than asked for', async () => {
    const count = fc.integer({ min: 0, max: 7 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(count, count, count), fc.integer({ min: 1, max: 8 }), async (sizes, limit) => {
        const counts = Object.fromEntries(names.map((name, index) => [name, sizes[index]]));
        const all: unknown[] = [];
        let next: string | undefined;
        do {
          const page = await mergeLists(names, { limit: String(limit), continue: next }, server(counts));
          const items = page.document.items as unknown[];
          expect(items.length).toBeLessThanOrEqual(limit);
          all.push(...items);
          next = metadata(page).continue;
        } while (next);
        expect(all).toEqual(names.flatMap((name) => Array.from({ length: counts[name] }, (_, index) => `${name}/${index}`)));
      }),
    );
  });
});
