import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { must } from '../command.ts';
import type { Progress } from '../provider.ts';

/** What the infrastructure images are made of; apt adds what these depend on. */
export const DEBIAN_PACKAGES = [
  'busybox-static',
  'libc-bin',
  'nginx-light',
  'postgresql-15',
  'redis-server',
  'tzdata',
  'util-linux',
] as const;

/**
 * The packages and all they depend on, unpacked into `dir` (made when it is not there): nothing is installed on this machine,
 * and no maintainer script runs. Needs apt-get and dpkg (Debian or Ubuntu with a package source that has these packages).
 */
export async function debianTree(dir: string, onProgress: Progress): Promise<string> {
  const done = join(dir, '.complete');
  if (await exists(done)) return dir;
  await mkdir(dirname(dir), { recursive: true });
  const work = await mkdtemp(`${dir}.part-`);
  try {
    const archives = join(work, 'archives');
    const root = join(work, 'root');
    await mkdir(join(archives, 'partial'), { recursive: true });
    await mkdir(root);
    // An empty status file: apt works out the whole set, whatever this machine has installed.
    await writeFile(join(work, 'status'), '');
    onProgress('Downloading Debian packages for the infrastructure images');
    const isolated = [
      `Dir::State::status=${join(work, 'status')}`,
      `Dir::Cache::archives=${archives}`,
      'APT::Install-Recommends=false',
      'Debug::NoLocking=1',
      'APT::Sandbox::User=root',
    ];
    const install = ['install', '--yes', '--download-only', ...isolated.flatMap((option) => ['-o', option]), ...DEBIAN_PACKAGES];
    await must('apt-get', install).catch(async () => {
      // Package lists may be missing or old on a fresh machine.
      await must('apt-get', ['update']);
      await must('apt-get', install);
    });
    const debs = (await readdir(archives)).filter((name) => name.endsWith('.deb')).sort();
    onProgress(`Unpacking ${debs.length} packages`);
    for (const deb of debs) await must('dpkg', ['-x', join(archives, deb), root]);
    await writeFile(join(root, '.complete'), `${debs.join('\n')}\n`);
    await rm(dir, { recursive: true, force: true });
    await rename(root, dir);
    return dir;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
