import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Layer, sha256File, writeTar } from './oci-archive.ts';

/** A hash over what a thing is made from: names and contents in a fixed order. */
export function hashInputs(inputs: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(inputs).sort()) hash.update(`${name}\0${inputs[name]}\0`);
  return hash.digest('hex').slice(0, 16);
}

/** Layers by the hash of their inputs: made once, kept in `dir`, the latest of each name. One process at a time (`buildImages` holds a lock). */
export class LayerStore {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * The layer called `name` for these inputs; `fill(root)` puts its files under `root` when it is not there yet.
   */
  async layer(name: string, inputs: Readonly<Record<string, string>>, fill: (root: string) => Promise<void>): Promise<Layer> {
    const path = join(this.dir, `${name}-${hashInputs(inputs)}.tar`);
    const known = await readFile(`${path}.digest`, 'utf8').catch(() => undefined);
    const size = await stat(path).then(
      (info) => info.size,
      () => undefined,
    );
    if (known !== undefined && size !== undefined) return { path, digest: known, size };
    await mkdir(this.dir, { recursive: true });
    const work = await mkdtemp(join(this.dir, `.${name}-`));
    try {
      const root = join(work, 'root');
      await mkdir(root);
      await chmod(root, 0o755);
      await fill(root);
      const tar = join(work, 'layer.tar');
      await writeTar(root, tar);
      const digest = await sha256File(tar);
      await writeFile(join(work, 'digest'), digest);
      await rename(join(work, 'digest'), `${path}.digest`);
      await rename(tar, path);
      await this.#dropOthers(name, path);
      return { path, digest, size: (await stat(path)).size };
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  /** Older layers of the same name are of no use any more. */
  async #dropOthers(name: string, keep: string): Promise<void> {
    const ours = new RegExp(`^${name}-[0-9a-f]{16}\\.tar`);
    for (const file of await readdir(this.dir)) {
      const path = join(this.dir, file);
      if (ours.test(file) && !path.startsWith(keep)) await rm(path, { force: true });
    }
  }
}
