import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AssignmentStatus } from '../api/assignment.ts';
import type { Episode, EpisodeStatus } from '../api/episode.ts';
import { API_VERSION } from '../api/group.ts';
import { closeGroup, faultsInFlight, knowsEnd, trialOf, withMembers } from './group.ts';
import { assignment } from './testing.ts';

const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString();
const episode = (uid: string, status: EpisodeStatus): Episode => ({
  ...{ apiVersion: API_VERSION, kind: 'Episode', metadata: { name: `e-${uid}`, uid }, spec: {}, status },
});
const running = (uid: string, started = 0) => episode(uid, { startedTime: at(started) });
const resolved = (uid: string, reward = 4) =>
  episode(uid, { startedTime: at(0), finishedTime: at(60), outcome: 'Resolved', scorable: true, reward });
const failed = (uid: string) => episode(uid, { startedTime: at(0), finishedTime: at(60), outcome: 'GaveUp', scorable: true, reward: -2 });
const unscorable = (uid: string) =>
  episode(uid, { startedTime: at(0), finishedTime: at(60), outcome: 'InfrastructureFailed', scorable: false });
const neverStarted = (uid: string) => episode(uid, { finishedTime: at(60), outcome: 'InfrastructureFailed', scorable: false });

const rule = { groupSize: 3, groupTimeoutSeconds: 600 };
const close = (episodes: Episode[], seconds: number) => closeGroup(withMembers({}, episodes), new Date(at(seconds)), rule);

describe('a group', () => {
  const open: Record<string, [Episode[], number, { waitMs?: number }]> = {
    'waits for its first start': [[], 0, {}],
    'waits for its members': [[resolved('1'), resolved('2'), running('3')], 60, { waitMs: 540_000 }],
    'waits from the last start on': [[resolved('1'), running('2', 500)], 1000, { waitMs: 100_000 }],
    'waits for another try when one ended before its alert': [
      [resolved('1'), resolved('2'), neverStarted('3'), neverStarted('4')],
      60,
      { waitMs: 600_000 },
    ],
    'does not wait for what has not begun': [[episode('1', {})], 5000, {}],
  };
  test.each(Object.entries(open))('%s', (_name, [episodes, seconds, expected]) => expect(close(episodes, seconds)).toEqual(expected));

  const closed: Record<string, [Episode[], number, Partial<AssignmentStatus>]> = {
    'closes when enough members are final': [[resolved('1'), failed('2'), failed('3')], 60, { success: 0.3333, reward: 0 }],
    'closes ten minutes after the last start with what is there': [[resolved('1'), running('2')], 600, { success: 1, reward: 4 }],
    'leaves out who is unscorable': [[resolved('1'), failed('2'), unscorable('3')], 60, { success: 0.5, reward: 1 }],
    'has no success when nobody is scorable': [[unscorable('1'), unscorable('2'), unscorable('3')], 60, {}],
    'leaves out who ended before its alert': [
      [resolved('1'), neverStarted('2'), failed('3'), failed('4')],
      60,
      { success: 0.3333, reward: 0 },
    ],
    'closes after the timeout when nobody ever started': [[neverStarted('1')], 660, {}],
    'counts all that are final, also more than it waits for': [
      [resolved('1'), resolved('2'), resolved('3'), failed('4')],
      60,
      { success: 0.75, reward: 2.5 },
    ],
  };
  test.each(Object.entries(closed))('%s', (_name, [episodes, seconds, expected]) => {
    const result = close(episodes, seconds);
    const { closedTime, success, reward } = 'closed' in result ? result.closed : {};
    expect(closedTime).toBe(at(seconds));
    expect({ success, reward }).toEqual(expected);
  });

  test('does not change any more once it is closed', () => {
    const status = { members: [], closedTime: at(0), success: 1 };
    expect(withMembers(status, [failed('1')])).toBe(status);
    expect(closeGroup(status, new Date(at(9)), rule)).toEqual({ closed: status });
  });
  test('keeps no seat for who ended before its alert, and knows of it', () => {
    const waiting = episode('1', {});
    const joined = withMembers({}, [waiting]);
    expect(joined.members?.map(({ uid }) => uid)).toEqual(['1']);
    expect(knowsEnd(joined, neverStarted('1'))).toBe(false);
    const left = withMembers(joined, [neverStarted('1')]);
    expect(left).toEqual({ members: [], startedTime: at(60), lastStartTime: at(60) });
    expect(knowsEnd(left, neverStarted('1'))).toBe(true);
    expect(withMembers(left, []).lastStartTime).toBe(at(60));
  });
  test.each<[string, Episode, boolean]>([
    ['who is final', resolved('1'), true],
    ['who is still playing', running('2'), false],
    ['who was never seen', resolved('3'), false],
  ])('says whether it knows the end of one %s', (_name, one, expected) => {
    expect(knowsEnd(withMembers({}, [resolved('1'), running('2')]), one)).toBe(expected);
    expect(knowsEnd({ closedTime: at(0) }, one)).toBe(true);
  });
  test('remembers members that are gone', () => {
    const first = withMembers({}, [resolved('1')]);
    expect(withMembers(first, [running('2')]).members?.map(({ uid }) => uid)).toEqual(['1', '2']);
  });
  test('is bounded', () => {
    const many = Array.from({ length: 100 }, (_, i) => running(String(i)));
    expect(withMembers({}, many).members).toHaveLength(64);
  });
  test('comes out the same in whichever order the results arrive', () => {
    const results = fc.array(fc.tuple(fc.boolean(), fc.double({ min: -2, max: 8, noNaN: true })), { minLength: 3, maxLength: 8 });
    const arrivals = results.chain((all) => {
      const members = all.map(([won, reward], i) => (won ? resolved(String(i), reward) : failed(String(i))));
      return fc.tuple(fc.constant(members), fc.shuffledSubarray(members, { minLength: members.length }));
    });
    fc.assert(
      fc.property(arrivals, ([members, order]) => {
        let status = withMembers(
          {},
          members.map((member) => running(member.metadata.uid ?? '')),
        );
        for (const member of order) status = withMembers(status, [member]);
        const by = { ...rule, groupSize: members.length };
        expect(closeGroup(status, new Date(at(60)), by)).toEqual(closeGroup(withMembers({}, members), new Date(at(60)), by));
      }),
    );
  });
});

describe('what a group tells', () => {
  const done = { closedTime: at(60), success: 0.5, reward: 1 };
  test('is its result, with what froze when it was drawn', () => {
    expect(trialOf(assignment({ tier: 'beginner', stint: 3 }, done))).toEqual({
      ...{ assignment: 'a-1', fault: 'oom_kill', tier: 'beginner', stint: 3, success: 0.5, reward: 1, closedTime: at(60) },
    });
  });
  test('names no fault where nothing was broken', () => expect(trialOf(assignment({ pool: undefined }, done))).not.toHaveProperty('fault'));
  const silent: Record<string, ReturnType<typeof assignment>> = {
    'an open one tells nothing': assignment({}, { members: [] }),
    'one without a scorable member tells nothing': assignment({}, { closedTime: at(60) }),
    'an eval one tells nothing': assignment({ split: 'eval' }, done),
    'a transfer one tells nothing': assignment({ split: 'transfer' }, done),
  };
  test.each(Object.entries(silent))('%s', (_name, quiet) => expect(trialOf(quiet)).toBeUndefined());
});

test('in flight is what trains and is not counted', () => {
  const faults = faultsInFlight([
    assignment(),
    assignment({ pool: { type: 'crashloop', size: 1, band: 0, ordinal: 0 } }, { closedTime: at(60), success: 1 }),
    assignment({ pool: { type: 'image_pull', size: 1, band: 0, ordinal: 0 } }, { closedTime: at(60), counted: true }),
    assignment({ pool: undefined }),
    assignment({ split: 'eval' }),
  ]);
  expect(faults).toEqual(['oom_kill', 'crashloop']);
});
