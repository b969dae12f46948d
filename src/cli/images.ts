import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { openCluster } from '../local/choose.ts';
import { type BuiltImage, buildImages, IMAGE_SETS, type ImageSet } from '../local/images/build.ts';
import { buildWithDocker } from '../local/images/docker.ts';
import { gymRef } from '../local/images/gym-image.ts';
import { PACKAGE_ROOT } from '../local/images/paths.ts';
import { SHOP_IMAGES, shopRef } from '../local/images/shop-catalogue.ts';
import type { ProviderKind } from '../local/provider.ts';

interface BuildCommandOptions {
  docker?: boolean;
  load?: boolean;
  json?: boolean;
  provider?: ProviderKind;
  name?: string;
}

/** `gymctl images build|list`: the images of the sample app and of the gym itself. */
export function register(program: Command): void {
  const images = program.command('images').description('build the container images of the sample app and of the gym');
  images
    .command('build')
    .description('build what is not in the cache yet, and print each image with its archive')
    .argument('[sets...]', `what to build: ${IMAGE_SETS.join(', ')} (default: all)`, parseSet)
    .option('--docker', 'build from the Dockerfiles with Docker instead of without it')
    .option('--load', 'load the images into the cluster as well')
    .option('--json', 'print one JSON array')
    .addOption(new Option('--provider <provider>', 'cluster for --load').choices(['native', 'kind', 'context']))
    .option('--name <name>', 'name of the cluster for --load')
    .action(build);
  images
    .command('list')
    .description('print the names of all images that the gym uses')
    .action(async () => {
      for (const ref of [...SHOP_IMAGES.map(shopRef), gymRef(await version())]) console.log(ref);
    });
}

function parseSet(value: string, earlier: ImageSet[] = []): ImageSet[] {
  const set = IMAGE_SETS.find((known) => known === value);
  if (!set) throw new InvalidArgumentError(`there is no set of images called ${value}; there are ${IMAGE_SETS.join(', ')}`);
  return [...earlier, set];
}

async function version(): Promise<string> {
  return (JSON.parse(await readFile(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}

async function build(sets: ImageSet[], options: BuildCommandOptions): Promise<void> {
  const onProgress = (line: string) => console.error(line);
  const which = sets.length ? sets : IMAGE_SETS;
  const built: BuiltImage[] = options.docker
    ? await buildWithDocker(which, await version(), onProgress)
    : await buildImages({ which, onProgress });
  if (options.load) {
    const cluster = await openCluster({ provider: options.provider, name: options.name, progress: onProgress });
    await cluster.loadImage([...new Set(built.map((image) => image.tar))]);
  }
  if (options.json) console.log(JSON.stringify(built));
  else for (const { ref, tar } of built) console.log(`${ref}\t${tar}`);
}
