import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where programs, packages and images are kept between runs: `$XDG_CACHE_HOME/kube-sre-gym`, else `~/.cache/kube-sre-gym`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kube-sre-gym');
}

/** Path of one of the cached programs (`kubectl`, `helm`, `crane`, ...). It need not be there yet. */
export function cachedProgram(name: string, dir: string = cacheDir()): string {
  return join(dir, 'bin', name);
}
