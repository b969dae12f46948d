import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { pino } from 'pino';
import { findConfineTools } from '../gateway/runner/confine.ts';
import { createRunnerServer } from '../gateway/runner/server.ts';
import { SessionRoot } from '../gateway/runner/session-root.ts';
import { FIRST_UID, LAST_UID } from '../gateway/runner/uids.ts';
import { parseHostPort } from './host-port.ts';

/** `gymctl runner`: the program of a runner pod. */
export function register(program: Command): void {
  program
    .command('runner')
    .description('Run kubectl for one agent session at a time, in a pod of its own')
    .requiredOption('--secret-file <path>', 'file with the secret that the gateway must send')
    .option('--listen <host:port>', 'address to serve on', parseHostPort, { host: '0.0.0.0', port: 9447 })
    .option('--kubectl <path>', 'statically linked kubectl', '/usr/local/bin/kubectl')
    .option('--root <path>', 'empty writable folder that becomes the root of kubectl', '/session')
    .action(serve);
}

async function serve(options: {
  secretFile: string;
  listen: { host: string; port: number };
  kubectl: string;
  root: string;
}): Promise<void> {
  const log = pino();
  const secret = readFileSync(options.secretFile, 'utf8').trim();
  if (secret.length < 16) throw new Error(`The secret in ${options.secretFile} has ${secret.length} characters; at least 16 are needed`);
  if (process.getuid?.() !== 0) {
    throw new Error(
      'The runner gives each session a user of its own and so must start as root (capabilities SETUID, SETGID, SYS_CHROOT, KILL, DAC_OVERRIDE)',
    );
  }
  process.umask(0o022);
  mkdirSync(join(options.root, 'bin'), { recursive: true });
  copyFileSync(options.kubectl, join(options.root, 'bin', 'kubectl'));
  const root = new SessionRoot(options.root);
  const server = createRunnerServer({ root, tools: findConfineTools(), nextUid: () => randomInt(FIRST_UID, LAST_UID), secret });
  server.listen(options.listen);
  await once(server, 'listening');
  log.info({ ...options.listen }, 'Kubectl runner is serving');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'Kubectl runner is ending');
      server.close();
      server.closeAllConnections();
    });
  }
}
