import { Command, CommanderError } from 'commander';
import { ClusterError } from '../local/provider.ts';
import { register as cluster } from './cluster.ts';
import { register as faults } from './faults.ts';
import { register as episodes } from './episodes.ts';
import { register as gateway } from './gateway.ts';
import { register as images } from './images.ts';
import { register as operator } from './operator.ts';

/** The command line: every command is a file of this folder. Exit code 1: it failed; 2: it was called wrongly. */
const program = new Command('gymctl')
  .description('Kube SRE Gym: incidents on a real Kubernetes cluster')
  .exitOverride()
  .showHelpAfterError('(gymctl --help lists the commands, gymctl COMMAND --help its options)')
  .showSuggestionAfterError();

for (const register of [cluster, faults, operator, gateway, episodes, images]) register(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ClusterError) console.error(`gymctl: ${error.message}`);
  else if ((error as Error).name === 'AbortError' || (error as Error).message === 'interrupted') console.error('gymctl: interrupted');
  else console.error(error);
  return 1;
}
