import { Command, CommanderError } from 'commander';
import { register as cluster } from './cluster.ts';
import { register as curriculum } from './curriculum.ts';
import { register as demo } from './demo.ts';
import { register as down } from './down.ts';
import { register as drain } from './drain.ts';
import { register as episodes } from './episodes.ts';
import { register as faults } from './faults.ts';
import { register as gateway } from './gateway.ts';
import { register as images } from './images.ts';
import { register as incident } from './incident.ts';
import { register as operator } from './operator.ts';
import { register as play } from './play.ts';
import { register as runner } from './runner.ts';
import { register as up } from './up.ts';

/** The command line: every command is a file of this folder. Exit code 1: it failed; 2: it was called wrongly. */
const program = new Command('gymctl')
  .description('Kube SRE Gym: incidents on a real Kubernetes cluster')
  .exitOverride()
  .showHelpAfterError('(gymctl --help lists the commands, gymctl COMMAND --help its options)')
  .showSuggestionAfterError();

for (const register of [demo, up, down, cluster, faults, operator, gateway, incident, play, episodes, curriculum, images, runner, drain])
  register(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const { name, message } = error as Error;
  if (name === 'AbortError' || message === 'interrupted') console.error('gymctl: interrupted');
  // Errors with a message of ours are for a person; those of the language are bugs, and whoever mends them needs the stack.
  else if (error instanceof TypeError || error instanceof ReferenceError || error instanceof SyntaxError) console.error(error);
  else console.error(`gymctl: ${message}`);
  return 1;
}
