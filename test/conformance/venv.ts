import { execFile } from 'node:child_process';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../../src/local/cache.ts';

const run = promisify(execFile);

/**
 * A Python virtual environment with one package from PyPI, made once and kept in the cache.
 * @param requirement pinned, for example `openenv==0.10.0`
 * @returns its folder of programs (`python`, `openenv`)
 * @throws Error when python3 or the package index cannot be used
 */
export async function virtualEnvironment(requirement: string): Promise<string> {
  const folder = join(cacheDir(), `venv-${requirement.replace('==', '-')}`);
  const bin = join(folder, 'bin');
  // Written last, so that a half-made one is made anew.
  const stamp = join(folder, 'complete');
  const complete = await access(stamp).then(
    () => true,
    () => false,
  );
  if (complete) return bin;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', folder]);
    await run(join(bin, 'pip'), ['install', '--quiet', '--no-input', requirement], { maxBuffer: 2 ** 24 });
  } catch (error) {
    throw new Error(`The virtual environment for ${requirement} could not be made (python3 with venv, and PyPI, are needed)`, {
      cause: error,
    });
  }
  await writeFile(stamp, `${requirement}\n`);
  return bin;
}
