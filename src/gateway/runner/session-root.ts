import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { HOME, MAX_FILES, MAX_FILES_BYTES } from './kubectl-runner.ts';

// kubectl may write everywhere but replace nothing that is not its own.
const OPEN_FOLDER = 0o1777;
const KUBE = `${HOME}/.kube`;
// Never taken from the agent, never handed back: the program and the session's credentials.
const PRIVATE = ['/bin', KUBE];

/** The otherwise empty root in which one session's kubectl runs. `bin/kubectl` must already be in it. Calls are made one at a time. */
export class SessionRoot {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Empties the root and writes the session's kubeconfig. Its discovery cache lives as long as the session. */
  begin(kubeconfig: string): void {
    for (const entry of readdirSync(this.path)) if (entry !== 'bin') rmSync(join(this.path, entry), { recursive: true, force: true });
    chmodSync(this.path, OPEN_FOLDER);
    this.#folder(HOME);
    this.#folder('/tmp');
    this.#folder(KUBE, 0o755);
    this.#folder(`${KUBE}/cache`);
    writeFileSync(join(this.path, KUBE, 'config'), kubeconfig, { mode: 0o644 });
  }

  /** Writes the session's files and the working folder. Paths are absolute and free of `..`. */
  put(files: ReadonlyMap<string, Buffer>, cwd: string): void {
    this.#folder(cwd);
    for (const [path, content] of files) {
      if (isPrivate(path)) continue;
      this.#folder(dirname(path));
      writeFileSync(join(this.path, path), content, { mode: 0o666 });
      chmodSync(join(this.path, path), 0o666);
    }
  }

  /**
   * Takes everything out again but the credentials and the cache.
   *
   * @returns files that are new or differ from `sent`, up to MAX_FILES and MAX_FILES_BYTES; only regular files, no link is followed
   */
  take(sent: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
    const changed = new Map<string, Buffer>();
    let bytes = 0;
    const visit = (folder: string) => {
      for (const name of readdirSync(join(this.path, folder))) {
        const path = join(folder, name);
        if (isPrivate(path)) continue;
        const stat = lstatSync(join(this.path, path));
        if (stat.isDirectory()) visit(path);
        if (!stat.isFile() || changed.size >= MAX_FILES || bytes + stat.size > MAX_FILES_BYTES) continue;
        const content = readFileSync(join(this.path, path));
        if (sent.get(path)?.equals(content)) continue;
        bytes += content.length;
        changed.set(path, content);
      }
    };
    visit('/');
    this.#clear('/');
    return changed;
  }

  #clear(folder: string): void {
    for (const name of readdirSync(join(this.path, folder))) {
      const path = join(folder, name);
      if (isPrivate(path)) continue;
      if (path === HOME || path === dirname(HOME) || path === '/tmp') this.#clear(path);
      else rmSync(join(this.path, path), { recursive: true, force: true });
    }
  }

  #folder(path: string, mode = OPEN_FOLDER): void {
    let at = '';
    for (const name of normalize(path).split('/').filter(Boolean)) {
      at += `/${name}`;
      const real = join(this.path, at);
      try {
        mkdirSync(real);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      // mkdir's mode is cut by the umask.
      chmodSync(real, mode);
    }
  }
}

function isPrivate(path: string): boolean {
  const plain = normalize(path);
  return PRIVATE.some((prefix) => plain === prefix || plain.startsWith(`${prefix}/`));
}
