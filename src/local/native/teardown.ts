import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { must, run } from '../command.ts';
import { ClusterError } from '../provider.ts';
import { exists, isFolder } from './host.ts';
import type { NodeIdentity } from './identity.ts';
import { isAlive, readRecord } from './state.ts';

const DEADLINE_MS = 60_000;

/** Removes every trace of a node from the host, however far it had come: processes, cgroups, link, mounts, state. Safe to repeat. */
export async function teardown(node: NodeIdentity): Promise<void> {
  const cgroups = await cgroupFolders(node.cgroup);
  const record = await readRecord(node.stateDir).catch(() => undefined);
  // The kernel ends everything in the PID namespace with its first process.
  if (record?.init && (await isAlive(record))) kill(record.init.pid);
  await killAll(cgroups);
  if (record?.init) await waitForReaping(record.init.pid);
  for (const folder of cgroups) await removeCgroup(folder);
  if (await exists(`/sys/class/net/${node.link}`)) await must('ip', ['link', 'del', node.link]);
  for (const mountpoint of await mountsBelow(node.stateDir)) await run('umount', ['--lazy', mountpoint]);
  await rm(node.stateDir, { recursive: true, force: true, maxRetries: 5 });
}

/** What a node still has on the host; empty after a teardown. For `down` to make sure, and for tests. */
export async function remains(node: NodeIdentity): Promise<string[]> {
  const cgroups = await cgroupFolders(node.cgroup);
  return [
    ...cgroups.map((path) => `cgroup ${path}`),
    ...(await processesIn(cgroups)).map((pid) => `process ${pid}`),
    ...((await exists(`/sys/class/net/${node.link}`)) ? [`link ${node.link}`] : []),
    ...(await mountsBelow(node.stateDir)).map((path) => `mount ${path}`),
    ...((await exists(node.stateDir)) ? [`folder ${node.stateDir}`] : []),
  ];
}

/** Waits until the host's own first process has taken note of the node's end. One that never reaps is a fault of the host, not waited for. */
async function waitForReaping(pid: number): Promise<void> {
  for (const deadline = Date.now() + 2_000; Date.now() < deadline && (await exists(`/proc/${pid}`)); ) await sleep(10);
}

/** The node's cgroup in every hierarchy where it exists. */
async function cgroupFolders(name: string): Promise<string[]> {
  const hierarchies = [
    '/sys/fs/cgroup',
    ...(await readdir('/sys/fs/cgroup', { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => join('/sys/fs/cgroup', e.name)),
  ];
  const found = [];
  for (const hierarchy of hierarchies) if (await isFolder(join(hierarchy, name))) found.push(join(hierarchy, name));
  return found;
}

/** Kills until no cgroup of the node holds a process. There is nothing to watch: v1 tells nobody when a cgroup becomes empty. */
async function killAll(cgroups: readonly string[]): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const pids = await processesIn(cgroups);
    if (pids.length === 0) return;
    if (Date.now() > deadline)
      throw new ClusterError(
        `Processes ${pids.join(', ')} of the node do not end; look at them (ps -o pid,stat,wchan,cmd) and run gymctl cluster down again`,
      );
    for (const pid of pids) kill(pid);
    await sleep(20);
  }
}

async function processesIn(cgroups: readonly string[]): Promise<number[]> {
  const pids = new Set<number>();
  for (const cgroup of cgroups) {
    for (const folder of await tree(cgroup)) {
      const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
      for (const line of text.split('\n')) if (line) pids.add(Number(line));
    }
  }
  return [...pids];
}

/** A folder and all below it, children first. */
async function tree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => tree(join(folder, entry.name))));
  return [...below.flat(), folder];
}

async function removeCgroup(cgroup: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    for (const folder of await tree(cgroup)) await rmdir(folder).catch(() => {});
    if (!(await isFolder(cgroup))) return;
    if (Date.now() > deadline) throw new ClusterError(`The cgroup ${cgroup} cannot be removed; run gymctl cluster down again`);
    await sleep(20);
  }
}

/** Mount points of this mount namespace below a folder, deepest first. */
async function mountsBelow(folder: string): Promise<string[]> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
