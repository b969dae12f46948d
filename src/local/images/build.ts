import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../cache.ts';
import { lock } from '../lock.ts';
import { ClusterError, type Progress } from '../provider.ts';
import { BaseLayers } from './base-layers.ts';
import { gymImageSpec } from './gym-image.ts';
import { hashInputs, LayerStore } from './layer-store.ts';
import { type ImageSpec, writeOciArchive } from './oci-archive.ts';
import { shopImageSpecs } from './shop-images.ts';

/** `shop`: all images of sample_app; `gym`: the image of operator, gateway and runner. */
export type ImageSet = 'shop' | 'gym';
export const IMAGE_SETS: readonly ImageSet[] = ['shop', 'gym'];

/** A built image. Several images share one tar, so that what they have in common is stored and loaded once. */
export interface BuiltImage {
  ref: string;
  tar: string;
}

export interface BuildOptions {
  which?: readonly ImageSet[];
  onProgress?: Progress;
  /** Cache folder; default: the gym's own. */
  cache?: string;
}

/**
 * Builds the images that are not in the cache yet, without Docker, and says where they lie. `provider.loadImage` takes the tars.
 * Nothing is built when no input changed: layers and tars are named by the hash of what they are made from.
 * Needs Linux, root (files of other owners, chroot), tar, npm, and apt-get and dpkg the first time; throws a sentence that says what is missing.
 */
export async function buildImages({
  which = IMAGE_SETS,
  onProgress = () => {},
  cache = cacheDir(),
}: BuildOptions = {}): Promise<BuiltImage[]> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new ClusterError('Building images without Docker needs Linux and root; where Docker is, use `gymctl images build --docker`');
  }
  const release = await lock('images', () => onProgress('Waiting for another build of images to end'));
  try {
    return await build(which, onProgress, cache);
  } finally {
    await release();
  }
}

async function build(which: readonly ImageSet[], onProgress: Progress, cache: string): Promise<BuiltImage[]> {
  const images = join(cache, 'images');
  const store = new LayerStore(join(images, 'layers'));
  const base = new BaseLayers(store, cache, onProgress);
  const makers: Record<ImageSet, () => Promise<ImageSpec[]>> = {
    shop: () => shopImageSpecs(store, base),
    gym: async () => [await gymImageSpec(store, base)],
  };
  const built: BuiltImage[] = [];
  for (const set of which) {
    const specs = await makers[set]();
    const tar = join(
      images,
      `${set}-${hashInputs({ specs: JSON.stringify(specs.map(({ ref, config, layers }) => [ref, config, layers.map((layer) => layer.digest)])) })}.tar`,
    );
    if (await missing(tar)) {
      onProgress(`Writing ${specs.length} image${specs.length === 1 ? '' : 's'} to ${tar}`);
      await writeOciArchive(specs, tar);
      await dropOlder(images, set, tar);
    }
    for (const { ref } of specs) built.push({ ref, tar });
  }
  // Only layers are made from it, and they are there now.
  await rm(join(images, 'debian-tree'), { recursive: true, force: true });
  return built;
}

async function missing(path: string): Promise<boolean> {
  return access(path).then(
    () => false,
    () => true,
  );
}

/** Earlier tars of the same set are of no use any more. */
async function dropOlder(dir: string, set: ImageSet, keep: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    if (name.startsWith(`${set}-`) && name.endsWith('.tar') && path !== keep) await rm(path, { force: true });
  }
}
