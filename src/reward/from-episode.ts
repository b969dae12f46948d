import { STEP_COMMAND_BYTES } from '../api/defaults.ts';
import type { StepStatus } from '../api/episode.ts';
import { cleanLine, parseCommand } from '../judge/command.ts';
import { asksOf, findRepeats } from '../judge/repeats.ts';
import type { RewardInput } from './reward.ts';
import type { RewardStep } from './shaping.ts';

/** The part of the reward's input that an Episode's recorded steps tell. */
export interface RecordedWork {
  readonly steps: readonly RewardStep[];
  /** Recorded step of each entry of `steps`. */
  readonly recorded: readonly StepStatus[];
  readonly endedByFix: boolean;
}

/**
 * Reads the work out of the steps an Episode's status holds, the same way for the operator that scores and for whoever explains.
 * Diagnoses, reports and the agent's leaving are no work. A command that the status holds only in part is never a repeat.
 */
export function workOf(recorded: readonly StepStatus[]): RecordedWork {
  const commands = recorded.filter(isWork);
  const repeats = findRepeats(commands.map((step) => ({ asks: asksIn(step.command), mutations: step.mutations ?? 0 })));
  const steps = commands.map((step, i): RewardStep => {
    const repeat = repeats[i];
    return { judgeScore: step.score ?? 0, mutations: step.mutations ?? 0, repeat, ...(step.phase ? { phase: step.phase } : {}) };
  });
  const acted = recorded.filter((step) => step.action !== 'Detach' && step.action !== 'Diagnose');
  const last = acted.at(-1);
  return { steps, recorded: commands, endedByFix: last?.action === 'Command' && last.phase === 'fix' };
}

/** What `rewardOf` wants, from an Episode's steps and what its Incident knows. */
export function rewardInputOf(recorded: readonly StepStatus[], rest: Omit<RewardInput, 'steps' | 'endedByFix'>): RewardInput {
  const { steps, endedByFix } = workOf(recorded);
  return { ...rest, steps, endedByFix };
}

/** A report is work when its line also did something (`kubectl scale ...; report resolved`). */
function isWork({ action, mutations, phase }: StepStatus): boolean {
  return action === 'Command' || (action === 'Report' && ((mutations ?? 0) > 0 || phase !== undefined));
}

function asksIn(command: string): string[] {
  const cut = Buffer.byteLength(command) >= STEP_COMMAND_BYTES - 4 && command.endsWith('…');
  return cut ? [] : asksOf(parseCommand(cleanLine(command)));
}
