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
export function prepareCache(cache: string, progress: Progress, signal?: AbortSignal): Promise<Prepared> {
  return withCache(cache, progress, signal, async () => {
    await ensurePrograms(cache, progress, signal);
    const packagesUsr = await ensurePackages(cache, progress, signal);
    return { packagesUsr, images: await ensureSystemImages(cache, packagesUsr ?? '/usr', progress) };
  });
}

/** Fills the cache with the programs alone, which is all that an API server with etcd needs, and no root. */
export function preparePrograms(cache: string, progress: Progress, signal?: AbortSignal): Promise<void> {
  return withCache(cache, progress, signal, () => ensurePrograms(cache, progress, signal));
}

async function withCache<T>(cache: string, progress: Progress, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const name = `cache/${createHash('sha256').update(cache).digest('hex').slice(0, 16)}`;
  const unlock = await lock(name, () => progress('Waiting for another gymctl that fills the cache'), signal);
  try {
    return await work();
  } finally {
    await unlock();
  }
}
