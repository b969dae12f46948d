import { type Command, InvalidArgumentError, Option } from 'commander';
import { curriculumSpecSchema } from '../api/curriculum.ts';
import { LEARNERS, type LearnerName } from '../curriculum/learners.ts';
import { paperSource } from '../curriculum/paper-source.ts';
import type { Rules } from '../curriculum/rules.ts';
import { type SimulationReport, simulate } from '../curriculum/simulate.ts';
import { difficultyOf } from '../designer/difficulty.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import { alignedColumns } from './table.ts';

interface SimulateFlags {
  learner: LearnerName;
  episodes: number;
  seed: number;
  json?: boolean;
}

/** Scenarios on paper of each set of faults: few enough that a simulation also meets what happens when they are used up. */
const VARIANTS = 12;
const SPEC = curriculumSpecSchema(FAULT_TYPES).parse({});
/** The default Curriculum, on paper. */
export const PAPER_RULES: Rules = {
  spec: SPEC,
  types: FAULT_TYPES,
  source: paperSource({
    types: FAULT_TYPES,
    difficultyOf: (faults) => difficultyOf({ faults: faults.map((type) => ({ type })) }),
    tiers: SPEC.tiers.map(({ maxDifficulty }) => maxDifficulty),
    variants: VARIANTS,
  }),
};

/** `gymctl curriculum simulate`. */
export function register(program: Command): void {
  const curriculum = program.command('curriculum').description('what agents train next');
  curriculum
    .command('simulate')
    .description('train a synthetic learner with the default Curriculum, without a cluster, and print where it ends')
    .addOption(new Option('--learner <name>', 'who learns').choices(Object.keys(LEARNERS)).makeOptionMandatory())
    .option('--episodes <n>', `episodes in all, in groups of ${SPEC.groupSize}`, wholeNumber(SPEC.groupSize), 2000)
    .option('--seed <n>', 'decides all that is left to chance', wholeNumber(0), 0)
    .option('--json', 'print JSON')
    .action(({ learner, episodes, seed, json }: SimulateFlags) => {
      const report = simulate({ learner: LEARNERS[learner](), episodes, seed, rules: PAPER_RULES });
      console.log(json ? JSON.stringify({ learner, seed, ...report }) : simulationText(report));
    });
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

const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`give a whole number of ${least} or more`);
    return value;
  };
