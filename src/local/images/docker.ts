import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../cache.ts';
import { must } from '../command.ts';
import type { Progress } from '../provider.ts';
import type { BuiltImage, ImageSet } from './build.ts';
import { gymRef } from './gym-image.ts';
import { PACKAGE_ROOT } from './paths.ts';
import { SHOP_IMAGES, shopRef } from './shop-catalogue.ts';

/** What Docker is asked to do for one set: a build per image, then one archive of them all. */
export interface DockerPlan {
  refs: string[];
  tar: string;
  /** Argument lists, without the word docker. */
  commands: string[][];
}

/** The docker commands that build a set from its Dockerfiles. `version` is the gym's own; `dir` takes the archive. */
export function dockerPlan(set: ImageSet, version: string, dir: string): DockerPlan {
  const builds =
    set === 'shop'
      ? SHOP_IMAGES.map((image) => ({
          ref: shopRef(image),
          args: image.args,
          context: join(PACKAGE_ROOT, 'sample_app/images', image.source),
        }))
      : [{ ref: gymRef(version), args: {}, context: PACKAGE_ROOT }];
  const refs = builds.map((build) => build.ref);
  const tar = join(dir, `docker-${set}.tar`);
  const commands = builds.map(({ ref, args, context }) => [
    'build',
    '--tag',
    ref,
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    context,
  ]);
  return { refs, tar, commands: [...commands, ['save', '--output', tar, ...refs]] };
}

/** Builds with Docker, whose cache knows what changed. Same answer as `buildImages`. */
export async function buildWithDocker(which: readonly ImageSet[], version: string, onProgress: Progress): Promise<BuiltImage[]> {
  const dir = join(cacheDir(), 'images');
  await mkdir(dir, { recursive: true });
  const built: BuiltImage[] = [];
  for (const set of which) {
    const { refs, tar, commands } = dockerPlan(set, version, dir);
    for (const command of commands) {
      onProgress(`docker ${command.slice(0, 3).join(' ')}`);
      await must('docker', command);
    }
    for (const ref of refs) built.push({ ref, tar });
  }
  return built;
}
