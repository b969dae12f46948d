import { chmod, copyFile, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../command.ts';
import type { Progress } from '../provider.ts';
import { DEBIAN_PACKAGES, debianTree } from './debian-tree.ts';
import type { LayerStore } from './layer-store.ts';
import type { Layer } from './oci-archive.ts';
import { PACKAGE_ROOT } from './paths.ts';
import { copyPath, librariesForOutsider, librariesInTree } from './program-files.ts';

/** Raised when the way layers are filled changes, so that cached ones are made again. */
const RECIPE = '2';

const ACCOUNTS = [
  ['root', 0],
  ['nobody', 65534],
  ['www-data', 101],
  ['postgres', 999],
  ['app', 1000],
  ['nonroot', 65532],
] as const;

/** Makes the layers that do not depend on our own sources. One object per build: the Debian tree is unpacked at most once. */
export class BaseLayers {
  readonly #store: LayerStore;
  readonly #cache: string;
  readonly #onProgress: Progress;
  #tree: Promise<string> | undefined;

  constructor(store: LayerStore, cache: string, onProgress: Progress) {
    this.#store = store;
    this.#cache = cache;
    this.#onProgress = onProgress;
  }

  tree(): Promise<string> {
    this.#tree ??= debianTree(join(this.#cache, 'images', 'debian-tree'), this.#onProgress);
    return this.#tree;
  }

  #programs(name: string, paths: readonly string[], programs: readonly string[], skip?: RegExp): Promise<Layer> {
    const inputs = {
      recipe: RECIPE,
      packages: DEBIAN_PACKAGES.join(),
      paths: paths.join(),
      programs: programs.join(),
      skip: skip?.source ?? '',
    };
    return this.#store.layer(name, inputs, async (root) => {
      const tree = await this.tree();
      this.#onProgress(`Making layer ${name}`);
      for (const path of [...paths, ...programs, ...(await librariesInTree(tree, programs))]) await copyPath(tree, path, root, skip);
    });
  }

  /** A small shell (busybox), getent, accounts and the usual folders. */
  base(): Promise<Layer> {
    const inputs = { recipe: RECIPE, packages: DEBIAN_PACKAGES.join(), accounts: JSON.stringify(ACCOUNTS) };
    return this.#store.layer('base', inputs, async (root) => {
      const tree = await this.tree();
      this.#onProgress('Making layer base');
      for (const folder of ['bin', 'sbin', 'etc', 'usr/bin', 'usr/sbin', 'usr/local/bin', 'proc', 'sys', 'dev', 'run', 'var', 'root']) {
        await mkdir(join(root, folder), { recursive: true });
      }
      await mkdir(join(root, 'tmp'));
      await chmod(join(root, 'tmp'), 0o1777);
      for (const path of ['/bin/busybox', '/usr/bin/getent', ...(await librariesInTree(tree, ['/usr/bin/getent']))])
        await copyPath(tree, path, root);
      const applets = (await must(join(root, 'bin/busybox'), ['--list']))
        .split('\n')
        .filter((name) => name && name !== 'busybox' && name !== 'getent');
      for (const applet of applets) await symlink('/bin/busybox', join(root, 'bin', applet));
      await writeFile(join(root, 'etc/passwd'), ACCOUNTS.map(([name, id]) => `${name}:x:${id}:${id}::/tmp:/bin/sh\n`).join(''));
      await writeFile(join(root, 'etc/group'), ACCOUNTS.map(([name, id]) => `${name === 'nobody' ? 'nogroup' : name}:x:${id}:\n`).join(''));
      await writeFile(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
      await writeFile(join(root, 'etc/os-release'), await readFile(join(tree, 'usr/lib/os-release'), 'utf8').catch(() => 'ID=debian\n'));
    });
  }

  /** The Node.js that this package runs on, as npm installed it. */
  async node(): Promise<Layer> {
    const binary = await realpath(join(PACKAGE_ROOT, 'node_modules/node/bin/node')).catch(() => process.execPath);
    const version = (await must(binary, ['--version'])).trim();
    return this.#store.layer('node', { recipe: RECIPE, version, packages: DEBIAN_PACKAGES.join() }, async (root) => {
      const tree = await this.tree();
      this.#onProgress(`Making layer node (${version})`);
      for (const path of await librariesForOutsider(tree, binary)) await copyPath(tree, path, root);
      await mkdir(join(root, 'usr/local/bin'), { recursive: true });
      await copyFile(binary, join(root, 'usr/local/bin/node'));
      await chmod(join(root, 'usr/local/bin/node'), 0o755);
    });
  }

  /** What the kubectl runner confines a session with. */
  confine(): Promise<Layer> {
    return this.#programs('confine', [], ['/usr/bin/prlimit', '/usr/bin/setpriv', '/usr/bin/nsenter']);
  }

  nginx(): Promise<Layer> {
    return this.#programs('nginx', [], ['/usr/sbin/nginx']);
  }

  redis(): Promise<Layer> {
    return this.#programs('redis', [], ['/usr/bin/redis-server', '/usr/bin/redis-cli']);
  }

  /** Without the just-in-time compiler (its LLVM alone is 110 MB) and without test and build files. */
  postgres(): Promise<Layer> {
    const bin = '/usr/lib/postgresql/15/bin';
    const programs = ['postgres', 'initdb', 'psql', 'pg_isready', 'pg_controldata'].map((name) => `${bin}/${name}`);
    const paths = ['/usr/lib/postgresql/15/lib', '/usr/share/postgresql/15', '/usr/share/zoneinfo/UTC', '/usr/share/zoneinfo/Etc/UTC'];
    return this.#programs('postgres', paths, programs, /llvmjit|\/bitcode|\/pgxs|\/man\/|\/extension\/(?!plpgsql)/);
  }
}
