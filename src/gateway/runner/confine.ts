import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { HOME, RunnerLostError } from './kubectl-runner.ts';

/** Absolute paths of the programs that put kubectl into its place. */
export interface ConfineTools {
  prlimit: string;
  setpriv: string;
  nsenter: string;
}

// RLIMIT_AS leaves room for the address space that the Go runtime reserves; fsize and nofile bound what a hostile file can cause.
const LIMITS = ['--nproc=256', '--fsize=33554432', '--nofile=256', '--core=0', `--as=${4 * 1024 ** 3}`];

/** All that kubectl's environment holds. */
export const KUBECTL_ENV = { HOME, KUBECONFIG: `${HOME}/.kube/config` };

/**
 * Finds a program in the folders of PATH and the usual ones for system tools.
 *
 * @throws RunnerLostError naming the program and its Debian package
 */
export function findProgram(name: string, debianPackage: string, path = process.env.PATH ?? ''): string {
  for (const folder of new Set([...path.split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'])) {
    const file = join(folder || '.', name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {}
  }
  throw new RunnerLostError(`The kubectl runner needs the program ${name} (Debian package ${debianPackage}), which is not on this machine`);
}

/** @throws RunnerLostError when one is missing */
export function findConfineTools(): ConfineTools {
  return {
    prlimit: findProgram('prlimit', 'util-linux'),
    setpriv: findProgram('setpriv', 'util-linux'),
    nsenter: findProgram('nsenter', 'util-linux'),
  };
}

/**
 * The command line that runs kubectl inside `root` as `uid`: limits first, then no new privileges, then the other root, folder and user.
 * `nsenter` is asked for no namespace; `unshare` would do the same, but calls unshare(2) for nothing, which a container's seccomp profile refuses.
 * Every program replaces itself by the next, so the process id is kubectl's. A user who is not root cannot leave the root, nor make a user namespace in it.
 */
export function confinedKubectl(options: {
  tools: ConfineTools;
  root: string;
  uid: number;
  cwd: string;
  argv: readonly string[];
}): string[] {
  const { tools, root, uid, cwd, argv } = options;
  return [
    ...[tools.prlimit, ...LIMITS],
    ...[tools.setpriv, '--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all'],
    ...[tools.nsenter, '--no-fork', `--root=${root}`, `--wdns=${cwd}`, `--setgid=${uid}`, `--setuid=${uid}`],
    ...['--', '/bin/kubectl', ...argv],
  ];
}
