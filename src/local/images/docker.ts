import { join } from 'node:path';
import type { ImageSet } from './build.ts';
import { PACKAGE_ROOT } from './paths.ts';
import { SHOP_IMAGES, shopRef } from './shop-catalogue.ts';

/** One `docker build` per image, as argument lists (without the word docker): where Docker is, the Dockerfiles are the truth. */
export function dockerBuildCommands(which: readonly ImageSet[], version: string): string[][] {
  const commands: string[][] = [];
  if (which.includes('shop')) {
    for (const image of SHOP_IMAGES) {
      const args = Object.entries(image.args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
      commands.push(['build', '--tag', shopRef(image), ...args, join(PACKAGE_ROOT, 'sample_app/images', image.source)]);
    }
  }
  if (which.includes('gym')) commands.push(['build', '--tag', `registry.local/kube-sre-gym:${version}`, PACKAGE_ROOT]);
  return commands;
}
