import { describe, expect, test } from '@jest/globals';
import type { IncidentStatus } from '../api/incident.ts';
import { shopBaseline } from '../faults/testing.ts';
import { FakeClock } from '../kube/fake-clock.ts';
import { type ProofGround, type ProofObservation, planProof, prove } from './proof.ts';

const app = shopBaseline();
const incident = { faults: [{ type: 'scale_zero', target: { namespace: 'auth', name: 'auth-service' } }] };
const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string, message = reason) => ({
  ...{ type, status, reason, message },
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const status = (...conditions: ReturnType<typeof condition>[]): IncidentStatus => ({ conditions, holdSeconds: 5 });
const injecting = status(condition('Succeeded', 'Unknown', 'Injecting'));
const quiet = status(condition('Injected', 'True', 'FaultsInjected'), condition('Succeeded', 'Unknown', 'WaitingForSymptom'));
const hurting = status(
  condition('Injected', 'True', 'FaultsInjected'),
  condition('SymptomObserved', 'True', 'SymptomSeen'),
  condition('Resolved', 'False', 'Broken', 'auth/auth-service has 0 replicas'),
  condition('Succeeded', 'Unknown', 'Running'),
);
const resolved = status(condition('Succeeded', 'True', 'Healthy'));
const ended = (reason: string) => status(condition('Succeeded', 'False', reason, `ended by ${reason}`));

describe('planProof', () => {
  const at = (part: Partial<ProofObservation>): ProofObservation => ({ made: true, typed: false, spareArena: true, seconds: 0, ...part });
  test.each<[string, Partial<ProofObservation>, object]>([
    ['makes the Incident where an arena is to spare', { made: false }, { do: 'make' }],
    ['takes no arena that agents wait for', { made: false, spareArena: false }, { do: 'end', proof: { outcome: 'undecided' } }],
    ['waits for the arena', { status: injecting, seconds: 20 }, { do: 'wait', seconds: 100 }],
    ['waits until it hurts', { status: quiet, seconds: 59 }, { do: 'wait', seconds: 61 }],
    ['types the fixes once it hurts', { status: hurting }, { do: 'type' }],
    ['types them once', { status: hurting, typed: true, seconds: 25 }, { do: 'wait', seconds: 100 }],
    ['is proven once it is resolved', { status: resolved, typed: true }, { do: 'end', proof: { outcome: 'proven' } }],
    ['is refuted when it resolves by itself', { status: resolved }, { do: 'end', proof: { outcome: 'refuted' } }],
    [
      'is refuted when it does not hurt',
      { status: ended('SymptomNeverSeen') },
      { do: 'end', proof: { outcome: 'refuted', problem: 'ended by SymptomNeverSeen' } },
    ],
    ['is refuted when it cannot be played', { status: ended('InvalidSpec') }, { do: 'end', proof: { outcome: 'refuted' } }],
    ['is undecided when its arena is lost', { status: ended('ArenaLost') }, { do: 'end', proof: { outcome: 'undecided' } }],
    ['is undecided when it is never injected', { status: injecting, seconds: 121 }, { do: 'end', proof: { outcome: 'undecided' } }],
    ['is undecided when the Incident is gone', { status: undefined }, { do: 'end', proof: { outcome: 'undecided' } }],
    [
      'is refuted when nothing says that it hurts, nor that it does not',
      { status: quiet, seconds: 121 },
      { do: 'end', proof: { outcome: 'refuted', problem: 'It did not hurt in time' } },
    ],
    [
      'is refuted when the fixes do not resolve it, with what is still wrong',
      { status: hurting, typed: true, seconds: 126 },
      { do: 'end', proof: { outcome: 'refuted', problem: expect.stringContaining('auth/auth-service has 0 replicas') } },
    ],
    [
      'is refuted when a line of the fixes fails',
      { status: hurting, typed: true, failedLine: 'kubectl scale x' },
      { do: 'end', proof: { outcome: 'refuted', problem: expect.stringContaining('kubectl scale x') } },
    ],
  ])('%s', (_, part, expected) => {
    expect(planProof(at(part))).toMatchObject(expected);
  });
});

describe('prove', () => {
  /** A gym that shows these statuses, one after the other, and remembers what was asked of it. */
  function gym(statuses: (IncidentStatus | undefined)[], clock: FakeClock, change: Partial<ProofGround> = {}) {
    const done: string[] = [];
    const ground: ProofGround = {
      hasSpareArena: () => true,
      make: async ({ faults }) => void done.push(`make ${faults[0].type}`),
      next: async (seconds) => {
        if (statuses.length > 1) return statuses.shift();
        await clock.advance(seconds * 1000);
        return statuses[0];
      },
      type: async (lines) => void done.push(...lines),
      remove: async () => void done.push('remove'),
      ...change,
    };
    return { ground, done };
  }
  const fix = 'kubectl scale deployment/auth-service -n auth --replicas=1';

  test('injects, waits, types the reference fix, waits, and cleans up', async () => {
    const clock = new FakeClock();
    const { ground, done } = gym([injecting, quiet, hurting, hurting, resolved], clock);
    expect(await prove(incident, app, ground, clock)).toEqual({ outcome: 'proven' });
    expect(done).toEqual(['make scale_zero', fix, 'remove']);
  });
  test('gives up when nothing happens any more, and cleans up', async () => {
    const clock = new FakeClock();
    const { ground, done } = gym([hurting], clock);
    expect(await prove(incident, app, ground, clock)).toMatchObject({ outcome: 'refuted' });
    expect(done.at(-1)).toBe('remove');
    expect(clock.now().getTime() - Date.parse('2026-01-01T00:00:00Z')).toBe(125_000);
  });
  test.each<[string, Partial<ProofGround>, string]>([
    ['the gym refuses the Incident', { make: () => Promise.reject(new Error('forbidden')) }, 'forbidden'],
    ['the gym is lost while it waits', { next: () => Promise.reject(new Error('no answer')) }, 'no answer'],
    ['the shell breaks', { type: () => Promise.reject(new Error('closed')) }, 'closed'],
  ])('is undecided when %s, and cleans up', async (_, change, problem) => {
    const clock = new FakeClock();
    const { ground, done } = gym([hurting], clock, change);
    expect(await prove(incident, app, ground, clock)).toEqual({ outcome: 'undecided', problem });
    expect(done.at(-1)).toBe('remove');
  });
  test('keeps its verdict when cleaning up fails', async () => {
    const clock = new FakeClock();
    const { ground } = gym([hurting, hurting, resolved], clock, { remove: () => Promise.reject(new Error('gone')) });
    expect(await prove(incident, app, ground, clock)).toEqual({ outcome: 'proven' });
  });
});
