import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { must } from '../command.ts';

/** One layer: an uncompressed tar on disk. digest is `sha256:...` of the file, which for an uncompressed layer is its diff id too. */
export interface Layer {
  path: string;
  digest: string;
  size: number;
}

/** The part of an OCI image configuration that our images use. */
export interface ImageConfig {
  Entrypoint?: string[];
  Cmd?: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
  StopSignal?: string;
  ExposedPorts?: Record<string, object>;
}

export interface ImageSpec {
  /** Full references: `registry.local/shop/web-app:1.9.0`. */
  ref: string;
  config: ImageConfig;
  layers: Layer[];
}

const EPOCH = '1970-01-01T00:00:00Z';

export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}

/**
 * Writes an OCI image layout as one tar at `out`, which containerd, skopeo, podman and kind read.
 * Layers that several images share are stored once. The same input gives the same bytes: no time, no order of its own.
 * The file appears under its name only when it is whole.
 */
export async function writeOciArchive(images: readonly ImageSpec[], out: string): Promise<void> {
  await mkdir(dirname(out), { recursive: true });
  const stage = await mkdtemp(`${out}.stage-`);
  const blobs = join(stage, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  try {
    const putJson = async (value: object) => {
      const text = JSON.stringify(value);
      const hex = createHash('sha256').update(text).digest('hex');
      await writeFile(join(blobs, hex), text);
      return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
    };
    const manifests: object[] = [];
    for (const image of images) {
      for (const layer of image.layers) await linkOnce(layer.path, join(blobs, layer.digest.slice('sha256:'.length)));
      const config = await putJson({
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        os: 'linux',
        created: EPOCH,
        config: image.config,
        rootfs: { type: 'layers', diff_ids: image.layers.map((layer) => layer.digest) },
        history: image.layers.map(() => ({ created: EPOCH })),
      });
      const manifest = await putJson({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
        layers: image.layers.map(({ digest, size }) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size })),
      });
      manifests.push({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...manifest,
        // The first name is what containerd calls the image, the second what other tools show.
        annotations: { 'io.containerd.image.name': image.ref, 'org.opencontainers.image.ref.name': image.ref },
      });
    }
    const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
    await writeFile(join(stage, 'index.json'), JSON.stringify(index));
    await writeFile(join(stage, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await writeTar(stage, `${out}.part`);
    await rename(`${out}.part`, out);
  } finally {
    await rm(stage, { recursive: true, force: true });
    await rm(`${out}.part`, { force: true });
  }
}

async function linkOnce(from: string, to: string): Promise<void> {
  await link(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Tars what lies under `root`, in a fixed order and with fixed times, so that equal trees give equal bytes. Owners stay as they are. */
export async function writeTar(root: string, out: string): Promise<void> {
  await must('tar', [
    '--create',
    '--file',
    out,
    '--directory',
    root,
    '--sort=name',
    '--mtime=@0',
    '--numeric-owner',
    '--hard-dereference',
    '--format=gnu',
    '.',
  ]);
}
