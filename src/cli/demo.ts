import type { Command } from 'commander';
import { GYM_NAMESPACE } from '../api/group.ts';
import { openCluster } from '../local/choose.ts';
import { run as runProgram } from '../local/command.ts';
import { down } from './down.ts';
import { faultName } from './fault-name.ts';
import { OpenEnvClient } from './runbook/openenv-client.ts';
import { playRunbook } from './runbook/runbook.ts';
import { addUpOptions, bringUp, lockGym, type UpOptions } from './up.ts';
import { wholeNumber } from './whole-number.ts';

interface DemoFlags extends Omit<UpOptions, 'progress' | 'signal'> {
  fault: string;
  seed: number;
  keep?: boolean;
  json?: boolean;
}

/** What `--json` prints as the last line. */
export interface DemoResult {
  resolved: boolean;
  reward: number | null;
  steps: number;
  seconds: number;
}

/** `gymctl demo`: a cluster, the gym, one incident, played by a runbook that knows nothing of either. */
export function register(program: Command): void {
  addUpOptions(program.command('demo'))
    .description('bring everything up, play one incident with the runbook agent, show its Episode, and remove everything')
    .option('--fault <type>', 'what is broken', faultName, 'oom_kill')
    .option('--seed <n>', 'where and how', wholeNumber(0), 1)
    .option('--keep', 'leave the cluster standing')
    .option('--json', 'end with one line of JSON: resolved, reward, steps, seconds')
    .action(demo);
}

async function demo(flags: DemoFlags): Promise<void> {
  const say = (line: string): void => console.error(line);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  const options: UpOptions = { ...flags, signal: stop.signal, progress: say };
  const cluster = await openCluster(options);
  const unlock = await lockGym(cluster, options);
  // What stood before the demo is not the demo's to remove.
  const keep = flags.keep || (await cluster.status()).ready;
  try {
    const gym = await bringUp(cluster, options);
    // Others may use a gym that stays.
    if (keep) await unlock();
    say(`The gym is up: ${gym.url}`);
    const played = await play(gym.url, flags, stop.signal, say);
    const { stdout } = await runProgram(gym.kubectl, [
      '--kubeconfig',
      gym.kubeconfig,
      'get',
      'episodes',
      '-n',
      GYM_NAMESPACE,
      '-o',
      'wide',
    ]);
    console.log(stdout.trimEnd());
    if (flags.json) console.log(JSON.stringify(played));
    if (!played.resolved) process.exitCode = 1;
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    if (keep) say('Left standing; gymctl down removes it');
    else await down(options);
    await unlock();
  }
}

async function play(url: string, flags: DemoFlags, signal: AbortSignal, say: (line: string) => void): Promise<DemoResult> {
  const client = await OpenEnvClient.connect(url);
  const interrupted = (): void => void client.close();
  signal.addEventListener('abort', interrupted);
  const began = Date.now();
  try {
    say(`Breaking the shop (${flags.fault}, seed ${flags.seed}) and waiting until users are hurt`);
    let frame = await client.reset({ fault: flags.fault, seed: flags.seed, agent: 'runbook' });
    if (frame.done) throw new Error(frame.observation.message);
    say(`\n${frame.observation.command_output}\n`);
    let total = 0;
    await playRunbook(async (line) => {
      say(`$ ${line}`);
      frame = await client.run(line);
      total += frame.reward ?? 0;
      const { command_output, message } = frame.observation;
      if (command_output) say(indent(command_output));
      if (message) say(`  [${message}]`);
      return { output: command_output, done: frame.done };
    });
    const { outcome, scorable, steps_taken } = frame.observation;
    return {
      resolved: outcome === 'Resolved',
      reward: scorable ? Math.round(total * 1e4) / 1e4 : null,
      steps: steps_taken,
      seconds: Math.round((Date.now() - began) / 100) / 10,
    };
  } finally {
    signal.removeEventListener('abort', interrupted);
    await client.close();
  }
}

const indent = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
