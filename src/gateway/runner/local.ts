import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRunner } from './client.ts';
import { findConfineTools, findProgram } from './confine.ts';
import { type KubectlRunner, RunnerLostError } from './kubectl-runner.ts';

// Only root can write below /run, so nobody prepares these folders for us.
const STATE = '/run/kube-sre-gym/runners';
const START_TIMEOUT_MS = 15_000;
const MAIN = fileURLToPath(new URL('./local-main.ts', import.meta.url));

// Everything here is seen in the session's own mount, network and UTS namespace only and ends with it.
const SETUP = `
set -e
root=$1 kubectl=$2 socket=$3 ip=$4 node=$5 main=$6
echo workstation > /proc/sys/kernel/hostname
"$ip" link set lo up
mount -t tmpfs -o size=64m,nr_inodes=16k,nosuid,nodev,noexec,mode=0755 tmpfs "$root"
mkdir "$root/bin"
: > "$root/bin/kubectl"
mount --bind "$kubectl" "$root/bin/kubectl"
mount -o remount,bind,ro,nosuid,nodev "$root/bin/kubectl"
exec "$node" --max-old-space-size=128 --max-semi-space-size=2 "$main" "$root" "$socket"
`;

export interface LocalRunnerOptions {
  /** Path of a statically linked kubectl. */
  kubectl: string;
  /** Unix socket on which the session's arena view serves. */
  viewSocket: string;
  /** See sessionKubeconfig. */
  kubeconfig: string;
}

/**
 * Starts a runner of its own for one session on this machine: network, mount, pid, ipc and UTS namespaces with one process,
 * in which kubectl runs under a user id of its own in an otherwise empty root. Its only way out is a relay to `viewSocket`.
 * It ends with `close()`, and when the calling process dies in whatever way.
 *
 * @throws RunnerLostError when this machine cannot do it, with what to do instead
 */
export async function startLocalRunner(options: LocalRunnerOptions): Promise<KubectlRunner> {
  const command = checkMachine(options.kubectl);
  removeLeftovers();
  mkdirSync(STATE, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(STATE, `${process.pid}-${startTime(process.pid)}-`));
  const root = join(folder, 'root');
  const socketPath = join(folder, 'control.sock');
  mkdirSync(root);
  const args = [
    ...command.slice(1),
    '-c',
    SETUP,
    'sh',
    root,
    options.kubectl,
    socketPath,
    findProgram('ip', 'iproute2'),
    process.execPath,
    MAIN,
  ];
  const child = spawn(command[0], args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH ?? '' }, cwd: '/' });
  const stop = async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await started(child);
    const client = await connectRunner(
      { at: { socketPath } },
      { kubeconfig: options.kubeconfig, view: { socketPath: options.viewSocket } },
    );
    return {
      run: (request) => client.run(request),
      async close() {
        await client.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function checkMachine(kubectl: string): string[] {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new RunnerLostError(
      'Running kubectl locally for agents needs Linux and root; run the gateway in the cluster instead: `gymctl up`',
    );
  }
  try {
    accessSync(kubectl, constants.X_OK);
  } catch {
    throw new RunnerLostError(`There is no kubectl program at ${kubectl}; \`gymctl cluster up\` fetches one`);
  }
  const { setpriv } = findConfineTools();
  const unshare = findProgram('unshare', 'util-linux');
  const namespaces = ['--net', '--mount', '--pid', '--ipc', '--uts', '--mount-proc', '--fork', '--kill-child'];
  // setpriv makes the kernel kill unshare when the gateway dies, unshare its child, and with that, process 1 of the namespace, all the rest.
  return [setpriv, '--pdeathsig', 'KILL', unshare, ...namespaces, '--', findProgram('sh', 'dash')];
}

async function started(child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-4096);
  });
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  const exit = once(child, 'exit', { signal }).then(([code, killed]) => {
    throw new RunnerLostError(`The kubectl runner ended at its start (${killed ?? `exit ${code}`}): ${said.trim()}`);
  });
  exit.catch(() => {});
  try {
    await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data', { signal }), exit]);
  } catch (error) {
    if (signal.aborted) throw new RunnerLostError(`The kubectl runner did not start within ${START_TIMEOUT_MS / 1000} s: ${said.trim()}`);
    throw error;
  }
}

/** Folders whose gateway is gone: it was killed. Namespaces and mounts went with its processes. */
function removeLeftovers(): void {
  let names: string[] = [];
  try {
    names = readdirSync(STATE);
  } catch {}
  for (const name of names) {
    const [pid, since] = name.split('-');
    if (startTime(Number(pid)) !== since) rmSync(join(STATE, name), { recursive: true, force: true });
  }
}

/** When a process started, in clock ticks since boot; with the pid it names a process for good. Empty when there is none. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '';
  }
}
