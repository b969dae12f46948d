import { expect, test } from '@jest/globals';
import type { IncidentStatus } from '../api/incident.ts';
import { type ProofObservation, planProof } from './proof.ts';

const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string, message = reason) => ({
  ...{ type, status, reason, message },
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const status = (...conditions: ReturnType<typeof condition>[]): IncidentStatus => ({ conditions, holdSeconds: 5 });
const waiting = status(condition('ArenaReady', 'False', 'WaitingForArena'), condition('Succeeded', 'Unknown', 'WaitingForArena'));
const claimed = condition('ArenaReady', 'True', 'ArenaClaimed');
const injecting = status(claimed, condition('Succeeded', 'Unknown', 'Injecting'));
const injected = condition('Injected', 'True', 'FaultsInjected');
const quiet = status(claimed, injected, condition('Succeeded', 'Unknown', 'WaitingForSymptom'));
const hurting = status(
  ...[claimed, injected, condition('SymptomObserved', 'True', 'SymptomSeen')],
  condition('Resolved', 'False', 'Broken', 'auth/auth-service has 0 replicas'),
  condition('Succeeded', 'Unknown', 'Running'),
);
const resolved = status(condition('Succeeded', 'True', 'Healthy'));
const ended = (reason: string) => status(condition('Succeeded', 'False', reason, `ended by ${reason}`));
const proof = (outcome: string, message?: unknown) => ({ do: 'end', proof: { outcome, ...(message ? { message } : {}) } });
const fixing = { fixing: true, fixed: true };

test.each<[string, Partial<ProofObservation>, object]>([
  ['waits when nobody has looked at the Incident yet', { status: undefined }, { do: 'wait', seconds: 120 }],
  ['waits for the arena', { status: waiting, seconds: 20 }, { do: 'wait', seconds: 100 }],
  ['is undecided when agents take the last arena', { status: waiting, spareArena: false }, proof('undecided')],
  ['keeps an arena that it has', { status: injecting, spareArena: false }, { do: 'wait', seconds: 120 }],
  ['waits until it hurts', { status: quiet, seconds: 59 }, { do: 'wait', seconds: 61 }],
  ['fixes once it hurts', { status: hurting }, { do: 'fix' }],
  ['fixes again after a restart: repeating it changes nothing', { status: hurting, fixing: true }, { do: 'fix' }],
  ['waits for the hold after the fix', { status: hurting, ...fixing, seconds: 25 }, { do: 'wait', seconds: 100 }],
  ['is proven once it is resolved', { status: resolved, ...fixing }, proof('proven')],
  ['is proven also where another process did the fixing', { status: resolved, fixing: true }, proof('proven')],
  ['is refuted when it resolves by itself', { status: resolved }, proof('refuted')],
  ['is refuted when it does not hurt', { status: ended('SymptomNeverSeen') }, proof('refuted', 'ended by SymptomNeverSeen')],
  ['is refuted when it cannot be played', { status: ended('InvalidSpec') }, proof('refuted')],
  ['is undecided when its arena is lost', { status: ended('ArenaLost') }, proof('undecided')],
  ['is undecided when it is never injected', { status: injecting, seconds: 121 }, proof('undecided')],
  [
    'is refuted when nothing says that it hurts, nor that it does not',
    { status: quiet, seconds: 121 },
    proof('refuted', 'It did not hurt in time'),
  ],
  [
    'is refuted when the fix does not resolve it, with what is still wrong',
    { status: hurting, ...fixing, seconds: 126 },
    proof('refuted', expect.stringContaining('auth/auth-service has 0 replicas')),
  ],
])('a proof %s', (_, part, expected) => {
  expect(planProof({ status: undefined, fixing: false, fixed: false, spareArena: true, seconds: 0, ...part })).toMatchObject(expected);
});
