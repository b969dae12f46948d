import { describe, expect, test } from '@jest/globals';
import type { Episode, EpisodeStatus } from '../../api/episode.ts';
import type { IncidentStatus } from '../../api/incident.ts';
import { cutBytes } from '../../api/text.ts';
import { assignment } from '../../curriculum/testing.ts';
import { DEFAULT_WEIGHTS } from '../../reward/weights.ts';
import { planEpisode } from './plan.ts';
import {
  at,
  type Case,
  control,
  episode,
  expectPlan,
  failed,
  health,
  hurting,
  incident,
  judgement,
  mutated,
  playing,
  resolved,
  running,
  step,
  T0,
} from './testing.ts';

const ofCurriculum = (status: EpisodeStatus = {}): Episode =>
  episode(status, { incident: undefined, curriculumRef: { name: 'c' }, seed: 1 });
const referring = episode({}, { incident: undefined, incidentRef: { name: 'e' } });
/** As an Incident that ran out of time has it: users were hurt. */
const timedOut: IncidentStatus = { conditions: [...(hurting.conditions ?? []), ...(failed('TimedOut').conditions ?? [])] };
const ended: EpisodeStatus = { ...running, assignment: 'a-1', outcome: 'GaveUp', scorable: true, finishedTime: T0.toISOString() };

const cases: Record<string, Case> = {
  'a new episode makes its incident': { given: {}, action: 'createIncident' },
  'an incident that is referenced and missing ends the episode with its name': {
    given: { episode: episode({}, { incident: undefined, incidentRef: { name: 'nope' } }) },
    outcome: 'InfrastructureFailed',
    scorable: false,
    reason: 'IncidentNotFound',
  },
  'a referenced incident is claimed first': {
    given: { episode: referring, incident: incident(hurting) },
    action: 'claimIncident',
  },
  'a second episode on the same incident is refused': {
    given: { episode: referring, incident: incident(hurting), claimedBy: 'other' },
    outcome: 'InfrastructureFailed',
    reason: 'IncidentTaken',
  },
  'an incident that was resolved before the episode claimed it is not scored, and not claimed': {
    given: { episode: referring, incident: incident(resolved) },
    outcome: 'InfrastructureFailed',
    scorable: false,
    reason: 'IncidentOver',
    message: 'Incident e was over before this episode began; make a new one',
  },
  'nor is one that was resolved before the alert went out': {
    given: { episode: referring, incident: incident(resolved), claimedBy: 'eu' },
    outcome: 'InfrastructureFailed',
    scorable: false,
    reason: 'IncidentOver',
  },
  'nor one that had timed out by then': {
    given: { episode: referring, incident: incident({ ...hurting, ...timedOut }), claimedBy: 'eu' },
    outcome: 'InfrastructureFailed',
    scorable: false,
    reason: 'IncidentOver',
  },
  'a referenced incident that is resolved once the alert is out is scored': {
    given: playing([step(1, mutated)], {
      episode: { ...referring, status: running },
      incident: incident(resolved),
      claimedBy: 'eu',
      now: at(9),
    }),
    outcome: 'Resolved',
    scorable: true,
  },
  'a fault that never took effect is unscorable': {
    given: { incident: incident(failed('SymptomNeverSeen')) },
    outcome: 'InfrastructureFailed',
    scorable: false,
    reason: 'IncidentFailed',
  },
  'an episode whose gateway is gone is unscorable': {
    given: { gatewayAlive: false },
    outcome: 'InfrastructureFailed',
    reason: 'GatewayLost',
  },
  'a step that changed nothing is decided at once': { given: playing([step(1)]), decided: 1, settling: false },
  'a step that is not judged yet waits': { given: playing([step(1)], { judgements: new Map() }), decided: 0 },
  'steps are decided in order, a gap waits': { given: playing([step(2)]), decided: 0 },
  'a step that changed something waits for the health watch': {
    given: playing([step(1, mutated)], { health: health('settling', 2), now: at(2) }),
    decided: 0,
    waitMs: 23_000,
  },
  'broken is not believed before controllers had time to notice': {
    given: playing([step(1, mutated)], { health: health('broken', 0.3), now: at(0.3) }),
    decided: 0,
    waitMs: 700,
  },
  'broken is believed after the grace': {
    given: playing([step(1, mutated)], { health: health('broken', 1.1), now: at(1.1) }),
    decided: 1,
    settling: false,
  },
  'a settle that outlives its frame is answered as settling': {
    given: playing([step(1, mutated)], { health: health('settling', 25), now: at(25) }),
    decided: 1,
    settling: true,
  },
  'a settle that outlives even what an end would wait for it goes on, and nothing is asked for in the past': {
    given: playing([step(1, mutated)], { health: health('settling', 200), now: at(200) }),
    decided: 1,
    settling: true,
  },
  'a resolved incident resolves the episode': {
    given: playing([step(1, mutated)], { incident: incident(resolved), now: at(9) }),
    outcome: 'Resolved',
    scorable: true,
    decided: 1,
  },
  'every line typed before it was resolved counts, that the agent left does not': {
    given: playing([step(1), step(2, mutated), step(3, { action: 'Detach' })], { incident: incident(resolved), now: at(9) }),
    outcome: 'Resolved',
    decided: 2,
  },
  'a resolved incident waits for the Step of the line that a gateway still runs': {
    given: playing([], { episode: episode(running, { gateway: 'g' }), incident: incident(resolved), now: at(10) }),
    waitMs: 21_000,
  },
  'a resolution after a settle needs no further Step': {
    given: playing([], {
      episode: episode({ ...running, settling: true }, { gateway: 'g' }),
      incident: incident(resolved),
      now: at(10),
    }),
    outcome: 'Resolved',
  },
  'a resolution that no line explains counts once no line can run any more': {
    given: playing([], { episode: episode(running, { gateway: 'g' }), incident: incident(resolved), now: at(31) }),
    outcome: 'Resolved',
    decided: 0,
  },
  'a gateway that dies between a line and its Step leaves nothing to score': {
    given: playing([], { episode: episode(running, { gateway: 'g' }), incident: incident(resolved), gatewayAlive: false, now: at(20) }),
    outcome: 'InfrastructureFailed',
    scorable: false,
  },
  'a right fix on the last step counts: the end waits out the settle': {
    given: playing([step(1), step(2), step(3, mutated)], { health: health('settling', 26), now: at(26) }),
    decided: 3,
    settling: true,
  },
  'the last step without effect ends the episode': {
    given: playing([step(1), step(2), step(3)]),
    decided: 3,
    outcome: 'StepsExhausted',
    scorable: true,
  },
  'a broken settle after the last step ends the episode': {
    given: playing([step(1), step(2), step(3, mutated)], { health: health('broken', 30), now: at(30) }),
    outcome: 'StepsExhausted',
  },
  'a report waits out a pending settle': {
    given: playing([step(1, mutated), step(2, { action: 'Report', verdict: 'resolved', completedTime: at(26).toISOString() })], {
      episode: episode({ ...running, decidedSteps: 1, settling: true, steps: [] }),
      health: health('settling', 27),
      now: at(27),
    }),
    decided: 1,
    waitMs: 24_000,
  },
  'a report waits out the hold of a change that was known to be broken when it was answered': {
    given: playing([step(1, mutated), step(2, { action: 'Report', verdict: 'resolved', completedTime: at(20).toISOString() })], {
      episode: episode({ ...running, decidedSteps: 1, steps: [] }),
      health: health('healthy', 22),
      now: at(22),
    }),
    decided: 1,
    waitMs: 23_000,
  },
  'so does an agent that leaves': {
    given: playing([step(1, mutated), step(2, { action: 'Detach', completedTime: at(20).toISOString() })], {
      episode: episode({ ...running, decidedSteps: 1, steps: [] }),
      health: health('settling', 22),
      now: at(22),
    }),
    decided: 1,
  },
  'a report on what is broken still ends the episode, whatever was changed before': {
    given: playing([step(1, mutated), step(2, { action: 'Report', verdict: 'resolved', completedTime: at(20).toISOString() })], {
      episode: episode({ ...running, decidedSteps: 1, steps: [] }),
      health: health('broken', 22),
      now: at(22),
    }),
    decided: 2,
    outcome: 'GaveUp',
  },
  'a wrong report ends the episode': {
    given: playing([step(1, { action: 'Report', verdict: 'resolved' })]),
    outcome: 'GaveUp',
  },
  'no-fault on a control that nobody touched resolves it': {
    given: playing([step(1, { action: 'Report', verdict: 'no-fault' })], { incident: incident(control) }),
    outcome: 'Resolved',
  },
  'no-fault after touching something does not': {
    given: playing([step(1, mutated), step(2, { action: 'Report', verdict: 'no-fault' })], {
      incident: incident(control),
      health: health('broken', 5),
      now: at(5),
    }),
    outcome: 'GaveUp',
  },
  'an agent that leaves has abandoned': { given: playing([step(1, { action: 'Detach' })]), outcome: 'Abandoned', scorable: true },
  'an agent that leaves before the alert is unscorable': {
    given: { incident: incident({}), steps: [step(1, { action: 'Detach' })] },
    outcome: 'Abandoned',
    scorable: false,
  },
  'an incident that timed out times the episode out': {
    given: { ...playing([]), incident: incident({ ...hurting, ...failed('TimedOut') }) },
    outcome: 'TimedOut',
    scorable: true,
  },
  'environment time over the deadline times the episode out': {
    given: playing([step(1, { durationMs: 31_000 })], { episode: episode(running, { deadlineSeconds: 30 }) }),
    outcome: 'TimedOut',
  },
  'an episode of a Curriculum asks for its assignment first': { given: { episode: ofCurriculum() }, action: 'assign' },
  'with an assignment it makes the incident': {
    given: { episode: ofCurriculum({ assignment: 'a-1' }), assignment: assignment() },
    action: 'createIncident',
  },
  'an assignment that is refused ends it, unscorable, with the reason': {
    given: { episode: ofCurriculum(), refusal: 'Curriculum c does not exist' },
    outcome: 'InfrastructureFailed',
    scorable: false,
    reason: 'AssignmentRefused',
  },
  'an assignment that was deleted before the incident was made ends it': {
    given: { episode: ofCurriculum({ assignment: 'a-1' }) },
    outcome: 'InfrastructureFailed',
    reason: 'AssignmentRefused',
  },
  'an old episode that its Curriculum was told of expires': {
    given: { episode: ofCurriculum(ended), now: at(4000), told: true },
    outcome: 'GaveUp',
    action: 'expire',
  },
  'an old episode that its Curriculum was not told of stays': {
    given: { episode: ofCurriculum(ended), now: at(4000), told: false },
    outcome: 'GaveUp',
    waitMs: 1000,
  },
  'a change in a control is answered at once': {
    given: playing([step(1, mutated)], { incident: incident(control), health: health('healthy', 2), now: at(2) }),
    decided: 1,
    settling: false,
  },
};

describe('planEpisode', () => {
  test.each(Object.entries(cases))('%s', (_name, c) => expectPlan(c));

  test('the alert goes out when users are hurt, and names nothing but itself', () => {
    const plan = planEpisode({
      episode: episode(),
      incident: incident(hurting),
      now: T0,
      steps: [],
      judgements: new Map(),
      gatewayAlive: true,
      difficulty: 0.5,
    });
    expect(plan.status).toMatchObject({ phase: 'Running', alert: hurting.alert, decidedSteps: 0, maxSteps: 3 });
  });

  test('the assignment caps the steps, and its weights make the reward', () => {
    const weights = { ...DEFAULT_WEIGHTS, failed: -1.5 };
    const begun = planEpisode({
      episode: ofCurriculum({ assignment: 'a-1', weights }),
      assignment: assignment({ maxSteps: 2 }),
      incident: incident(hurting),
      now: T0,
      steps: [step(1, { action: 'Report', verdict: 'give-up' })],
      judgements: new Map([[1, judgement]]),
      gatewayAlive: true,
      difficulty: 0.5,
    });
    expect(begun.status).toMatchObject({ maxSteps: 2, outcome: 'GaveUp', reward: -1.5 });
  });

  test('a line that asks nothing new is marked, the first of its kind is not', () => {
    const { status } = planEpisode({
      ...{ episode: episode(), now: T0, steps: [], judgements: new Map(), gatewayAlive: true, difficulty: 0.5 },
      ...playing([step(1), step(2, { command: 'kubectl get po -A' })]),
    });
    expect(status.steps?.map(({ repeat }) => repeat)).toEqual([undefined, true]);
  });
  test('cutBytes keeps whole characters and fits', () => {
    expect(cutBytes('abc', 3)).toBe('abc');
    const cut = cutBytes('é'.repeat(10), 9);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(9);
    expect(cut).toBe('ééé…');
  });
});
