import type { Command } from 'commander';
import { AgentError, type Frame, OpenEnvClient } from './runbook/openenv-client.ts';
import { typedLines } from './typed-lines.ts';
import { wholeNumber } from './whole-number.ts';

interface PlayFlags {
  url: string;
  fault?: string;
  seed?: number;
}

/** `gymctl play`: a person at the agent's prompt. */
export function register(program: Command): void {
  program
    .command('play')
    .description('play an incident yourself: the same page, shell and scores that an agent gets')
    .option('--url <url>', 'gateway', 'http://127.0.0.1:8000')
    .option('--fault <type>', 'fault type (default: what the Curriculum default gives the seed)')
    .option('--seed <n>', 'same seed, same incident', wholeNumber(0))
    .action(play);
}

async function play(flags: PlayFlags): Promise<void> {
  const client = await OpenEnvClient.connect(flags.url);
  try {
    let frame = await client.reset({
      agent: 'person',
      ...(flags.fault ? { fault: flags.fault } : {}),
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    });
    show(frame);
    console.log('Lines run in a shell with kubectl; "diagnose: TEXT" records what you think, "report: resolved" ends it. Ctrl-D leaves.\n');
    if (frame.done) return;
    for await (const line of typedLines()) {
      try {
        frame = await client.step(line);
        show(frame);
      } catch (error) {
        if (!(error instanceof AgentError) || error.code === 'CLOSED') throw error;
        console.log(error.message);
      }
      if (frame.done) return;
    }
  } finally {
    await client.close();
  }
}

function show({ observation, reward, done }: Frame): void {
  if (observation.command_output) console.log(observation.command_output.trimEnd());
  if (observation.message) console.log(`[${observation.message}]`);
  const judge = observation.metadata?.judge as { score?: number; phase?: string; feedback?: string } | undefined;
  if (judge?.feedback) console.log(`[${judge.phase ?? 'no phase'} ${judge.score}: ${judge.feedback}]`);
  if (observation.hint && !done) console.log(`[hint: ${observation.hint}]`);
  if (reward !== null && (reward !== 0 || done)) console.log(`[reward ${reward}${done ? `, ${observation.outcome}` : ''}]`);
}
