import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../command.ts';
import type { BaseLayers } from './base-layers.ts';
import type { LayerStore } from './layer-store.ts';
import type { ImageConfig, ImageSpec, Layer } from './oci-archive.ts';
import { PACKAGE_ROOT } from './paths.ts';
import { SHOP_IMAGES, type ShopImage, shopRef } from './shop-catalogue.ts';

const SOURCES = join(PACKAGE_ROOT, 'sample_app/images');
const PATH = 'PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const RECIPE = '1';

/** Text of every file under `dir`, by path: the inputs of a layer. */
export async function readSources(dir: string, skip: RegExp = /node_modules/): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !skip.test(path)) files[path.slice(dir.length + 1)] = await readFile(path, 'utf8');
  }
  return files;
}

/** Copies `from` into `root` as `to`, readable (and with `mode` 0o755 runnable) by everybody. */
async function place(root: string, from: string, to: string, mode: number): Promise<void> {
  await mkdir(join(root, to, '..'), { recursive: true });
  await cp(from, join(root, to), { recursive: true });
  await chmod(join(root, to), mode);
}

/** The production dependencies of a package.json with its lock, installed into `root/app/node_modules` without running scripts. */
export async function installDependencies(manifest: string, lock: string, target: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'image-deps-'));
  try {
    await cp(manifest, join(work, 'package.json'));
    await cp(lock, join(work, 'package-lock.json'));
    await must('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: work });
    await mkdir(join(target, '..'), { recursive: true });
    await cp(join(work, 'node_modules'), target, { recursive: true, verbatimSymlinks: true });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Builds the specs of all images of the shop; layers that are in the store are taken from there. */
export async function shopImageSpecs(store: LayerStore, base: BaseLayers): Promise<ImageSpec[]> {
  const layers: Record<ShopImage['source'], () => Promise<Layer[]>> = {
    shop: async () => [await base.base(), await base.node(), await shopDependencies(store), await shopSources(store)],
    'web-app': async () => [await base.base(), await base.nginx(), await webAppFiles(store)],
    'frontend-cache': async () => [await base.base(), await base.redis()],
    'payment-db': async () => [await base.base(), await base.postgres(), await databaseFiles(store, base)],
  };
  const made = new Map<string, Layer[]>();
  const specs: ImageSpec[] = [];
  for (const image of SHOP_IMAGES) {
    const found = made.get(image.source) ?? (await layers[image.source]());
    made.set(image.source, found);
    specs.push({ ref: shopRef(image), layers: found, config: configOf(image) });
  }
  return specs;
}

/**
 * What the Dockerfile of the image says with ENV, USER, ENTRYPOINT and STOPSIGNAL. The release keeps images of two overlays apart: the kubelet
 * calls an image by any of its names, and no pod of one app shall show a name of the other.
 */
export function configOf(image: ShopImage): ImageConfig {
  const release = `RELEASE=${image.args.RELEASE}`;
  switch (image.source) {
    case 'shop': {
      const env = { NODE_ENV: 'production', SUPPORTED_SCHEMA: '7', SUPPORTED_CONFIG: '4', ...image.args };
      return {
        Env: [PATH, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
        User: '1000:1000',
        WorkingDir: '/app',
        ExposedPorts: { '8080/tcp': {} },
        Entrypoint: ['/usr/local/bin/node', '--max-old-space-size=48', '--max-semi-space-size=1', 'src/main.js'],
      };
    }
    case 'web-app':
      return {
        Env: [PATH, release],
        User: '101:101',
        ExposedPorts: { '8080/tcp': {} },
        Entrypoint: ['/usr/local/bin/start-web-app'],
      };
    case 'frontend-cache':
      return { Env: [PATH, release], User: '999:999', ExposedPorts: { '6379/tcp': {} }, Entrypoint: ['/usr/bin/redis-server'] };
    case 'payment-db':
      return {
        Env: [PATH, release],
        User: '999:999',
        StopSignal: 'SIGINT',
        ExposedPorts: { '5432/tcp': {} },
        Entrypoint: ['/usr/local/bin/start-payment-db'],
      };
  }
}

async function shopDependencies(store: LayerStore): Promise<Layer> {
  const [manifest, lock] = ['package.json', 'package-lock.json'].map((name) => join(SOURCES, 'shop', name)) as [string, string];
  return store.layer('shop-deps', { recipe: RECIPE, lock: await readFile(lock, 'utf8') }, (root) =>
    installDependencies(manifest, lock, join(root, 'app/node_modules')),
  );
}

async function shopSources(store: LayerStore): Promise<Layer> {
  const dir = join(SOURCES, 'shop');
  return store.layer('shop-src', { recipe: RECIPE, ...(await readSources(dir)) }, async (root) => {
    await place(root, join(dir, 'package.json'), 'app/package.json', 0o644);
    await place(root, join(dir, 'src'), 'app/src', 0o755);
  });
}

async function webAppFiles(store: LayerStore): Promise<Layer> {
  const dir = join(SOURCES, 'web-app');
  return store.layer('web-app', { recipe: RECIPE, ...(await readSources(dir)) }, async (root) => {
    await place(root, join(dir, 'start.sh'), 'usr/local/bin/start-web-app', 0o755);
    await place(root, join(dir, 'nginx.conf'), 'etc/nginx/templates/nginx.conf', 0o644);
    await place(root, join(dir, 'index.html'), 'usr/share/shop/index.html', 0o644);
    // nginx opens its compiled-in log path before it has read where the log really goes.
    await mkdir(join(root, 'var/log/nginx'), { recursive: true });
  });
}

/** The start script and the data directory with the schema, made by the very programs of the image in a throw-away root. */
async function databaseFiles(store: LayerStore, base: BaseLayers): Promise<Layer> {
  const dir = join(SOURCES, 'payment-db');
  return store.layer('payment-db', { recipe: RECIPE, ...(await readSources(dir)) }, async (root) => {
    const work = await mkdtemp(join(tmpdir(), 'payment-db-'));
    try {
      for (const layer of [await base.base(), await base.postgres()]) await must('tar', ['-xf', layer.path, '-C', work]);
      await chmod(work, 0o755);
      await mkdir(join(work, 'prepare'));
      await must('mknod', ['-m', '666', join(work, 'dev/null'), 'c', '1', '3']);
      for (const name of ['prepare.sh', 'schema.sql']) await place(work, join(dir, name), `prepare/${name}`, 0o644);
      const env = { PATH: PATH.slice('PATH='.length) };
      await must('chroot', ['--userspec=999:999', work, '/bin/sh', '/prepare/prepare.sh', '/tmp/data'], { env });
      await place(root, join(work, 'tmp/data'), 'usr/share/payment-db/data', 0o755);
      await must('chmod', ['-R', 'a+rX', join(root, 'usr/share/payment-db')]);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    await place(root, join(dir, 'start.sh'), 'usr/local/bin/start-payment-db', 0o755);
  });
}
