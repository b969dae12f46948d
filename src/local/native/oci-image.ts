import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { must } from '../command.ts';

/** What a container of the image runs, in the words of the OCI image specification. */
export interface ImageConfig {
  Entrypoint?: string[];
  Cmd?: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
}

const TAR = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];

/**
 * Writes an OCI image archive of one layer, the contents of folder `rootfs`, under the full name `ref` to file `out`. The same input gives
 * the same bytes. `arch` is Go's name of the processor.
 */
export async function writeOciImage(o: { ref: string; rootfs: string; config: ImageConfig; arch: string; out: string }): Promise<void> {
  await mkdir(dirname(o.out), { recursive: true });
  const work = await mkdtemp(join(dirname(o.out), '.image-'));
  try {
    const blobs = join(work, 'blobs', 'sha256');
    await mkdir(blobs, { recursive: true });
    const layer = join(work, 'layer.tar');
    await must('tar', [...TAR, '-cf', layer, '-C', o.rootfs, '.']);
    const layerDigest = await sha256(layer);
    const layerSize = (await stat(layer)).size;
    await rename(layer, join(blobs, layerDigest));
    const blob = async (value: unknown) => {
      const text = JSON.stringify(value);
      const digest = createHash('sha256').update(text).digest('hex');
      await writeFile(join(blobs, digest), text);
      return { digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
    };
    const config = await blob({
      architecture: o.arch,
      os: 'linux',
      config: o.config,
      rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    });
    const manifest = await blob({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${layerDigest}`, size: layerSize }],
    });
    await writeFile(join(work, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await writeFile(
      join(work, 'index.json'),
      JSON.stringify({
        schemaVersion: 2,
        manifests: [
          {
            mediaType: 'application/vnd.oci.image.manifest.v1+json',
            ...manifest,
            annotations: { 'io.containerd.image.name': o.ref, 'org.opencontainers.image.ref.name': o.ref },
            platform: { architecture: o.arch, os: 'linux' },
          },
        ],
      }),
    );
    const archive = `${o.out}.${process.pid}.new`;
    await must('tar', [...TAR, '-cf', archive, '-C', work, 'oci-layout', 'index.json', 'blobs']);
    await rename(archive, o.out);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Writes an image that holds the given static programs: path in the image -> file on this machine. */
export async function writeProgramImage(o: {
  ref: string;
  programs: Record<string, string>;
  config: ImageConfig;
  arch: string;
  out: string;
}): Promise<void> {
  await mkdir(dirname(o.out), { recursive: true });
  const rootfs = await mkdtemp(join(dirname(o.out), '.rootfs-'));
  try {
    for (const [path, source] of Object.entries(o.programs)) {
      await mkdir(dirname(join(rootfs, path)), { recursive: true });
      await copyFile(source, join(rootfs, path));
    }
    await writeOciImage({ ...o, rootfs });
  } finally {
    await rm(rootfs, { recursive: true, force: true });
  }
}

/** SHA-256 of a file, in hexadecimal. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
