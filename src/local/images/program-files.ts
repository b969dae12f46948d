import { access, cp, mkdir, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { must } from '../command.ts';
import { ClusterError } from '../provider.ts';

const ARM = process.arch === 'arm64';
export const LOADER = ARM ? '/lib/ld-linux-aarch64.so.1' : '/lib64/ld-linux-x86-64.so.2';
const TRIPLET = ARM ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

/** The libraries in the answer of `ldd` or of the loader's --list. */
export function parseLdd(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    if (line.includes('not found')) throw new ClusterError(`A library is missing: ${line.trim()}`);
    const found = /=>\s+(\/\S+)/.exec(line);
    return found ? [found[1] as string] : [];
  });
}

/** The shared libraries and the loader that `programs` need, all of them paths inside the tree `root`. */
export async function librariesInTree(root: string, programs: readonly string[]): Promise<string[]> {
  const libraries = new Set([LOADER]);
  for (const program of programs) {
    for (const library of parseLdd(await must('chroot', [root, LOADER, '--list', program]))) libraries.add(library);
  }
  return [...libraries].sort();
}

/** The libraries in the tree `root` by the names that `program`, which lies outside of it, is linked with. */
export async function librariesForOutsider(root: string, program: string): Promise<string[]> {
  const found: string[] = [LOADER];
  for (const name of parseLdd(await must('ldd', [program])).map((path) => basename(path))) {
    const places = [`/lib/${TRIPLET}/${name}`, `/usr/lib/${TRIPLET}/${name}`];
    const place = (await Promise.all(places.map(async (path) => ((await exists(join(root, path))) ? path : undefined)))).find(Boolean);
    if (!place) throw new ClusterError(`Library ${name}, which ${program} needs, is not in ${root}`);
    found.push(place);
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Copies one file or folder (a path inside the tree `from`) to the same path in `to`; names that match `skip` stay out.
 * A link is copied together with what it points to, each under its own name.
 */
export async function copyPath(from: string, path: string, to: string, skip: RegExp = /^$/): Promise<void> {
  await mkdir(join(to, dirname(path)), { recursive: true });
  const target = await readlink(join(from, path)).catch(() => undefined);
  await cp(join(from, path), join(to, path), {
    recursive: true,
    verbatimSymlinks: true,
    force: true,
    filter: (source) => !skip.test(source),
  });
  if (target !== undefined) await copyPath(from, target.startsWith('/') ? target : join(dirname(path), target), to, skip);
}
