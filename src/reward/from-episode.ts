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
 * Diagnoses, reports and the agent's leaving are no work.
 */
export function workOf(recorded: readonly StepStatus[]): RecordedWork {
  const commands = recorded.filter(isWork);
  const steps = commands.map(
    ({ score = 0, mutations = 0, repeat = false, phase }): RewardStep => ({
      judgeScore: score,
      mutations,
      repeat,
      ...(phase ? { phase } : {}),
    }),
  );
  const acted = recorded.filter((step) => step.action !== 'Detach' && step.action !== 'Diagnose');
  const last = acted.at(-1);
  return { steps, recorded: commands, endedByFix: last?.action === 'Command' && last.phase === 'fix' };
}

/**
 * True when `step` is work and repeats some of `before`, the steps of its Episode in their order. A command that the status holds only in part is
 * never a repeat. Asked once, as long as the commands are there: a final Episode shortens them.
 */
export function isRepeat(step: StepStatus, before: readonly StepStatus[]): boolean {
  const commands = [...before, step].filter(isWork);
  const repeats = findRepeats(commands.map(({ command, mutations = 0 }) => ({ asks: asksIn(command), mutations })));
  return isWork(step) && repeats.at(-1) === true;
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
