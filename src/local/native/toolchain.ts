import { access, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClusterError, type Progress } from '../provider.ts';
import { Downloader, releaseFiles, Unreachable } from './downloads.ts';
import { buildKey, GO_PROGRAMS, goBuild, KUBERNETES_PROGRAMS, requireGo } from './go-build.ts';

/** Go's name of this machine's processor. Throws ClusterError for one that Kubernetes has no node programs for. */
export function goArch(arch: string = process.arch): string {
  const known: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
  if (!known[arch]) throw new ClusterError(`The native cluster runs on amd64 and arm64, this is ${arch}: use --provider context`);
  return known[arch];
}

/**
 * Makes every program of a native node, kubectl, helm and crane present in `<cache>/bin`: official release files by check sum where they can
 * be reached, compiled from the Go modules otherwise. Does nothing for what is there already from the same sources. The caller holds the
 * cache's lock.
 */
export async function ensurePrograms(cache: string, progress: Progress, signal?: AbortSignal): Promise<void> {
  const binDir = join(cache, 'bin');
  const missing = [];
  for (const program of GO_PROGRAMS) {
    const key = await buildKey(program);
    if (!(await isStamped(cache, program.name, key, program.aliases ?? [program.name]))) missing.push({ program, key });
  }
  if (missing.length === 0) return;
  await requireGo();
  const downloader = new Downloader();
  try {
    const files = releaseFiles(goArch(), KUBERNETES_PROGRAMS);
    for (const { program, key } of missing) {
      const wanted = program.aliases ?? [program.name];
      const fetched = new Set<string>();
      for (const file of files.filter((f) => wanted.includes(f.name))) {
        try {
          await downloader.fetch(file, binDir, signal);
          fetched.add(file.name);
          progress(`Downloaded ${file.name}`);
        } catch (error) {
          if (!(error instanceof Unreachable)) throw error;
          break;
        }
      }
      if (wanted.some((name) => !fetched.has(name))) {
        await goBuild(program, binDir, progress, signal);
        for (const alias of program.aliases ?? []) if (!fetched.has(alias)) await link(program.name, join(binDir, alias));
      }
      await stamp(cache, program.name, key);
    }
  } finally {
    await downloader.close();
  }
}

async function link(target: string, path: string): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}

/** True when `name` was made from inputs of this key and all its files are there. */
export async function isStamped(cache: string, name: string, key: string, files: readonly string[]): Promise<boolean> {
  const stamped = await readFile(join(cache, 'stamps', name), 'utf8').catch(() => '');
  if (stamped !== key) return false;
  const there = await Promise.allSettled(files.map((file) => access(join(cache, 'bin', file))));
  return there.every((result) => result.status === 'fulfilled');
}

/** Notes that `name` has been made from inputs of this key. */
export async function stamp(cache: string, name: string, key: string): Promise<void> {
  await mkdir(join(cache, 'stamps'), { recursive: true });
  await writeFile(join(cache, 'stamps', name), key);
}
