import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IMAGE_REGISTRY } from '../../api/defaults.ts';
import { type ImageConfig, sha256File, writeOciArchive, writeTar } from '../images/oci-archive.ts';
import type { Progress } from '../provider.ts';
import { PAUSE_IMAGE } from './configs.ts';
import { isStamped, stamp } from './toolchain.ts';
import { VERSIONS } from './versions.ts';

export const COREDNS_IMAGE = `${IMAGE_REGISTRY}/coredns:${VERSIONS.coredns}`;
export const METRICS_SERVER_IMAGE = `${IMAGE_REGISTRY}/metrics-server:${VERSIONS.metricsServer}`;

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
      await writeProgramImage({ ...image, out });
      await stamp(cache, `image-${image.name}`, key);
    }
    archives.push(out);
  }
  return archives;
}

/** Writes an image that holds the given static programs: path in the image -> file on this machine. */
export async function writeProgramImage(o: {
  ref: string;
  programs: Record<string, string>;
  config: ImageConfig;
  out: string;
}): Promise<void> {
  await mkdir(dirname(o.out), { recursive: true });
  const work = await mkdtemp(`${o.out}.work-`);
  try {
    for (const [path, source] of Object.entries(o.programs)) {
      const target = join(work, 'rootfs', path);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(source, target);
    }
    const layer = join(work, 'layer.tar');
    await writeTar(join(work, 'rootfs'), layer);
    const { size } = await stat(layer);
    await writeOciArchive([{ ref: o.ref, config: o.config, layers: [{ path: layer, digest: await sha256File(layer), size }] }], o.out);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
