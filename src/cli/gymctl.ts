import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { cacheDir } from '../local/cache.ts';

/** Each is a file of this folder. */
const COMMANDS = [
  'demo',
  'up',
  'down',
  'cluster',
  'faults',
  'operator',
  'gateway',
  'incident',
  'play',
  'episodes',
  'curriculum',
  'images',
  'runner',
  'drain',
] as const;

/** The command line. Exit code 1: it failed; 2: it was called wrongly. */
const program = new Command('gymctl')
  .description('Kube SRE Gym: incidents on a real Kubernetes cluster')
  .exitOverride()
  .showHelpAfterError('(gymctl --help lists the commands, gymctl COMMAND --help its options)')
  .showSuggestionAfterError();

// Where nothing can be written, as in the cluster, it is done without.
enableCompileCache(join(cacheDir(), 'compiled'));
// A command brings what it needs along; all of them together cost half a second and 100 MB.
const named = COMMANDS.filter((name) => name === process.argv[2]);
for (const name of named.length ? named : COMMANDS) {
  const { register } = (await import(`./${name}.ts`)) as { register(program: Command): void };
  register(program);
}

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
