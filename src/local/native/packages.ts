import { createHash } from 'node:crypto';
import { access, cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { must, run } from '../command.ts';
import { ClusterError, type Progress } from '../provider.ts';
import { isStamped, stamp } from './toolchain.ts';

/** Used instead of runc where a release has it. */
const FASTER = 'crun';
/** Debian packages that a node needs beside the programs of our own cache; those the host has are not fetched. */
const PACKAGES = [
  'containerd',
  'runc',
  FASTER,
  'containernetworking-plugins',
  'iptables',
  'ipset',
  'conntrack',
  'ethtool',
  'socat',
  'catatonit',
  'iproute2',
];

/** Commands that must be on the host where its packages cannot be unpacked. */
const COMMANDS = ['containerd', 'runc', 'iptables', 'ipset', 'conntrack', 'ip', 'catatonit'];

/**
 * Unpacks the Debian packages that this host lacks into `<cache>/packages` and returns the path of their `usr`. Nothing is installed.
 * Returns undefined on a host that has no apt but all the commands; throws ClusterError, naming what is missing, on one that has neither.
 */
export async function ensurePackages(cache: string, progress: Progress, signal?: AbortSignal): Promise<string | undefined> {
  const key = PACKAGES.join(' ');
  // A folder of its own for each list: running nodes lie on the one they were started with.
  const root = join(cache, 'packages', createHash('sha256').update(key).digest('hex').slice(0, 8));
  const usr = join(root, 'usr');
  if ((await isStamped(cache, 'packages', key, [])) && (await exists(usr))) return usr;
  if (!(await exists('/usr/bin/apt-get'))) {
    await requireCommands();
    return undefined;
  }
  progress('Unpacking containerd and network tools from Debian packages into the cache');
  const names = await missingPackages(progress, signal);
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, '.packages-'));
  try {
    const debs = join(work, 'debs');
    const fresh = join(work, 'root');
    await mkdir(debs);
    await mkdir(join(fresh, 'usr'), { recursive: true });
    if (names.length) await must('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', ...names], { cwd: debs, signal });
    for (const deb of await readdir(debs)) await must('dpkg', ['-x', join(debs, deb), fresh], { signal });
    // On a merged-/usr system these folders are links; packages of the time before still put files into them.
    for (const folder of ['bin', 'sbin', 'lib']) {
      if (await exists(join(fresh, folder)))
        await cp(join(fresh, folder), join(fresh, 'usr', folder), { recursive: true, verbatimSymlinks: true });
    }
    await mkdir(join(cache, 'packages'), { recursive: true });
    await rm(root, { recursive: true, force: true });
    await rename(fresh, root);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  await stamp(cache, 'packages', key);
  return usr;
}

async function missingPackages(progress: Progress, signal?: AbortSignal): Promise<string[]> {
  const ask = (names: readonly string[]) =>
    run('apt-get', ['install', '--print-uris', '-y', '-qq', '--no-install-recommends', ...names], { signal });
  let result = await ask(PACKAGES);
  if (result.code !== 0) {
    progress('Refreshing the lists of Debian packages (apt-get update)');
    await must('apt-get', ['update', '-qq'], { signal });
    result = await ask(PACKAGES);
  }
  if (result.code !== 0) result = await ask(PACKAGES.filter((name) => name !== FASTER));
  if (result.code !== 0)
    throw new ClusterError(`apt-get cannot find the packages that a node needs (${PACKAGES.join(', ')}):\n${result.stderr.trim()}`);
  return packagesIn(result.stdout);
}

/** The package names in the output of `apt-get install --print-uris`: lines of `'URI' name_version_arch.deb size sum`. */
export function packagesIn(uris: string): string[] {
  return [...uris.matchAll(/^'[^']*' ([^_ ]+)_\S+\.deb /gm)].map(([, name]) => name as string);
}

async function requireCommands(): Promise<void> {
  const missing = [];
  for (const command of COMMANDS) {
    const found = await Promise.all(
      ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'].map((dir) => exists(join(dir, command))),
    );
    if (!found.includes(true)) missing.push(command);
  }
  if (missing.length) {
    throw new ClusterError(
      `This host has no apt-get and lacks ${missing.join(', ')}: install them with its package manager, or use --provider kind or context`,
    );
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
