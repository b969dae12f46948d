import { createHash } from 'node:crypto';
import { lock } from '../lock.ts';
import type { Progress } from '../provider.ts';
import { ensurePackages } from './packages.ts';
import { ensureSystemImages } from './system-images.ts';
import { ensurePrograms } from './toolchain.ts';

/** What a node is made from. */
export interface Prepared {
  /** `usr` of the unpacked packages; undefined where the host has everything installed. */
  packagesUsr?: string;
  /** Archives of the images that every node starts with. */
  images: string[];
}

/** Fills the cache with programs, packages and images, one process at a time. Quick when all is there. */
export async function prepareCache(cache: string, progress: Progress, signal?: AbortSignal): Promise<Prepared> {
  const name = `cache/${createHash('sha256').update(cache).digest('hex').slice(0, 16)}`;
  const unlock = await lock(name, () => progress('Waiting for another gymctl that fills the cache'), signal);
  try {
    const packagesUsr = await ensurePackages(cache, progress, signal);
    await ensurePrograms(cache, progress, signal);
    return { packagesUsr, images: await ensureSystemImages(cache, packagesUsr ?? '/usr', progress) };
  } finally {
    await unlock();
  }
}
