import { describe, expect, test } from '@jest/globals';
import { cutBytes } from '../api/text.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';
import { EventRecorder, type GymEvent } from './events.ts';
import { FakeClock } from './fake-clock.ts';
import type { EventObject } from './resource.ts';

const INCIDENT = { apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Incident', metadata: { name: 'inc', namespace: 'gym', uid: 'u1' } };
const INJECTED: GymEvent = { type: 'Normal', reason: 'FaultsInjected', action: 'Inject', note: 'Injected 1 fault' };

function setUp() {
  const clock = new FakeClock();
  const created: EventObject[] = [];
  const patched: { name: string; body: unknown }[] = [];
  const failures: Error[] = [];
  const calls = {
    create: async (_resource: unknown, event: EventObject) => {
      const failure = failures.shift();
      if (failure) throw failure;
      created.push(event);
      return event;
    },
    mergePatch: async (_resource: unknown, ref: { name: string }, body: unknown) => {
      const failure = failures.shift();
      if (failure) throw failure;
      patched.push({ name: ref.name, body });
    },
  };
  const client = calls as unknown as KubeClient;
  const recorder = new EventRecorder({ client, reportingController: 'kubesregym.dev/operator', reportingInstance: 'pod-1', clock });
  return { clock, created, patched, failures, recorder };
}

describe('EventRecorder', () => {
  test('writes what, why, about whom and by whom', async () => {
    const { recorder, created } = setUp();
    recorder.event(INCIDENT, INJECTED);
    await recorder.flush();
    expect(created).toMatchObject([
      {
        metadata: { namespace: 'gym' },
        eventTime: '2026-01-01T00:00:00.000000Z',
        regarding: { kind: 'Incident', name: 'inc', namespace: 'gym', uid: 'u1' },
        reportingController: 'kubesregym.dev/operator',
        reportingInstance: 'pod-1',
        ...INJECTED,
      },
    ]);
  });

  test('the same event again makes a series of the first', async () => {
    const { recorder, created, patched, clock } = setUp();
    for (let i = 0; i < 3; i++) {
      recorder.event(INCIDENT, INJECTED);
      await clock.advance(1000);
    }
    await recorder.flush();
    expect(created).toHaveLength(1);
    expect(patched.map((p) => p.body)).toEqual([
      { series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' } },
      { series: { count: 3, lastObservedTime: '2026-01-01T00:00:02.000000Z' } },
    ]);
  });

  test('a series ends after six quiet minutes, and another note is another event', async () => {
    const { recorder, created, clock } = setUp();
    recorder.event(INCIDENT, INJECTED);
    recorder.event(INCIDENT, { ...INJECTED, note: 'Injected 2 faults' });
    await clock.advance(6 * 60_000 + 1);
    recorder.event(INCIDENT, INJECTED);
    await recorder.flush();
    expect(created).toHaveLength(3);
  });

  test('a series whose event expired starts anew', async () => {
    const { recorder, created, failures } = setUp();
    recorder.event(INCIDENT, INJECTED);
    await recorder.flush();
    failures.push(new ApiError('patch', 404, {}));
    recorder.event(INCIDENT, INJECTED);
    await recorder.flush();
    expect(created).toHaveLength(2);
  });

  test('an object gets 25 events at once, then one every five minutes', async () => {
    const { recorder, created, clock } = setUp();
    for (let i = 0; i < 40; i++) recorder.event(INCIDENT, { ...INJECTED, note: `Note ${i}` });
    await recorder.flush();
    expect(created).toHaveLength(25);
    await clock.advance(5 * 60_000);
    recorder.event(INCIDENT, { ...INJECTED, note: 'Later' });
    recorder.event(INCIDENT, { ...INJECTED, note: 'Too many' });
    await recorder.flush();
    expect(created).toHaveLength(26);
  });

  test('a failure reaches nobody, and the next event is recorded', async () => {
    const { recorder, created, failures } = setUp();
    failures.push(new ApiError('create', 403, {}));
    recorder.event(INCIDENT, INJECTED);
    recorder.event(INCIDENT, { ...INJECTED, note: 'Next' });
    await recorder.flush();
    expect(created.map((e) => e.note)).toEqual(['Next']);
  });
});

describe('cutBytes', () => {
  const cases: [string, string, number, string][] = [
    ['leaves what fits', 'abc', 3, 'abc'],
    ['makes room for the ellipsis', 'abcdefgh', 6, 'abc…'],
    ['never halves a character', 'ééééé', 8, 'éé…'],
    ['counts bytes, not characters', '😀😀😀', 11, '😀😀…'],
  ];
  test.each(cases)('%s', (_name, text, limit, expected) => {
    expect(cutBytes(text, limit)).toBe(expected);
    expect(Buffer.byteLength(cutBytes(text, limit))).toBeLessThanOrEqual(limit);
  });
});
