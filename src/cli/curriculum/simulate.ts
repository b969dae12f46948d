import { curriculumSpecSchema } from '../../api/curriculum.ts';
import type { Rules } from '../../curriculum/rules.ts';
import type { SimulationReport } from '../../curriculum/simulate.ts';
import { scenarioSource } from '../../designer/scenarios.ts';
import { FAULT_TYPES } from '../../faults/index.ts';
import { loadApp, paperBaseline } from '../../operator/arena/app.ts';
import { alignedColumns } from '../table.ts';

export const DEFAULT_SPEC = curriculumSpecSchema(FAULT_TYPES).parse({});

/** The default Curriculum over everything that can be broken in the sample app, as the operator has it. Takes a moment. */
export function defaultRules(): Rules {
  const tierMaxima = DEFAULT_SPEC.tiers.map(({ maxDifficulty }) => maxDifficulty);
  return { spec: DEFAULT_SPEC, types: FAULT_TYPES, source: scenarioSource(paperBaseline(loadApp()), tierMaxima) };
}

/** Where the learner ended, and how it got there, for people. */
export function simulationText({ episodes, highestTier, status, scenarios, happenings }: SimulationReport): string {
  const { tier, difficulty, persona, trials, mastery, weakSpots, unlocked } = status;
  const stateOf = (fault: string, graduated: boolean): string => {
    if (!unlocked.includes(fault)) return 'locked';
    if (weakSpots.includes(fault)) return 'weak spot';
    return graduated ? 'graduated' : 'in training';
  };
  const faults = mastery.map((entry) => [entry.fault, String(entry.trials), entry.rate.toFixed(2), stateOf(entry.fault, entry.graduated)]);
  const { drawn, distinct, usedUp, controls } = scenarios;
  return [
    ...happenings.map((happening) => `trial ${happening.trials}: ${happening.message}`),
    '',
    alignedColumns([['FAULT', 'TRIALS', 'SUCCESS', 'STATE'], ...faults]),
    '',
    `${episodes} episodes, ${trials} trials counted: tier ${tier}, difficulty ${difficulty}, judged by a ${persona}; highest tier ${highestTier}`,
    `${drawn} scenarios, ${distinct} different, ${usedUp} again because nothing new was left; ${controls} controls without a fault`,
  ].join('\n');
}
