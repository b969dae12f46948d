import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '../provider.ts';
import { PAUSE_IMAGE } from './configs.ts';
import { type ImageConfig, writeProgramImage } from './oci-image.ts';
import { goArch, isStamped, stamp } from './toolchain.ts';
import { VERSIONS } from './versions.ts';

export const COREDNS_IMAGE = `registry.local/coredns:${VERSIONS.coredns}`;
export const METRICS_SERVER_IMAGE = `registry.local/metrics-server:${VERSIONS.metricsServer}`;

/**
 * Makes the archives of the images that a node starts with, in `<cache>/system-images`, and returns their paths: pause (catatonit, which
 * reaps zombies as Kubernetes' own does), CoreDNS and metrics-server. Needs the cached programs.
 */
export async function ensureSystemImages(cache: string, usr: string, progress: Progress): Promise<string[]> {
  const images: { name: string; ref: string; programs: Record<string, string>; config: ImageConfig }[] = [
    { name: 'pause', ref: PAUSE_IMAGE, programs: { '/pause': join(usr, 'bin/catatonit') }, config: { Entrypoint: ['/pause', '-P'] } },
    { name: 'coredns', ref: COREDNS_IMAGE, programs: { '/coredns': join(cache, 'bin/coredns') }, config: { Entrypoint: ['/coredns'] } },
    {
      name: 'metrics-server',
      ref: METRICS_SERVER_IMAGE,
      programs: { '/metrics-server': join(cache, 'bin/metrics-server') },
      config: { Entrypoint: ['/metrics-server'], User: '65534' },
    },
  ];
  const archives = [];
  for (const image of images) {
    const out = join(cache, 'system-images', `${image.name}.tar`);
    const key = createHash('sha256').update(JSON.stringify(image)).digest('hex');
    const there = await access(out).then(
      () => true,
      () => false,
    );
    if (!there || !(await isStamped(cache, `image-${image.name}`, key, []))) {
      progress(`Packing the image ${image.ref}`);
      await writeProgramImage({ ...image, arch: goArch(), out });
      await stamp(cache, `image-${image.name}`, key);
    }
    archives.push(out);
  }
  return archives;
}
