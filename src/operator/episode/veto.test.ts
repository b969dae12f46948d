import { describe, test } from '@jest/globals';
import type { EpisodeObservation, Health } from './plan.ts';
import { at, type Case, episode, expectPlan, health, incident, mutated, playing, resolved, running, step } from './testing.ts';

/** An episode whose resolution was taken back after step `veto`, with `steps` steps typed by now. */
const vetoedAfter = (veto: number, steps: number, verdict: Health['verdict']): Partial<EpisodeObservation> => ({
  ...playing(
    Array.from({ length: steps }, (_, i) => step(i + 1, mutated)),
    { health: health(verdict, 20), now: at(20) },
  ),
  episode: episode({ ...running, veto: { step: veto, reason: 'luck' } }),
  incident: incident(resolved),
});

const cases: Record<string, Case> = {
  'a resolution that the judge takes back lets the episode go on': {
    given: playing([step(1, mutated)], {
      episode: episode({ ...running, veto: { step: 1, reason: 'luck' } }),
      incident: incident(resolved),
    }),
    decided: 1,
  },
  'after a veto the next step counts, when all is healthy still': {
    given: vetoedAfter(1, 2, 'healthy'),
    decided: 2,
    outcome: 'Resolved',
  },
  'after a veto the next step resolves nothing, when something broke since': { given: vetoedAfter(1, 2, 'broken'), decided: 2 },
  'after a veto an agent that leaves has left': {
    given: {
      ...vetoedAfter(1, 1, 'healthy'),
      steps: [step(1, mutated), step(2, { action: 'Detach', command: '' })],
    },
    decided: 2,
    outcome: 'Abandoned',
  },
  'after a veto a change is answered when its effect is known': {
    given: { ...vetoedAfter(1, 2, 'settling'), now: at(2), health: health('settling', 2) },
    decided: 1,
    waitMs: 1000,
  },
  'after a veto time runs out as without one': {
    given: { ...vetoedAfter(1, 1, 'healthy'), now: at(9 + 1800) },
    outcome: 'TimedOut',
    reason: 'JudgeVeto',
  },
  'after a veto on the last step the steps are used up': {
    given: vetoedAfter(3, 3, 'healthy'),
    decided: 3,
    outcome: 'StepsExhausted',
    scorable: true,
    reason: 'JudgeVeto',
  },
};

describe('planEpisode with a veto', () => {
  test.each(Object.entries(cases))('%s', (_name, c) => expectPlan(c));
});
