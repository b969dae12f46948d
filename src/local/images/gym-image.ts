import { access, chmod, copyFile, cp, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGE_REGISTRY } from '../../api/defaults.ts';
import { cachedProgram } from '../cache.ts';
import { ClusterError } from '../provider.ts';
import type { BaseLayers } from './base-layers.ts';
import { hashInputs, type LayerStore } from './layer-store.ts';
import type { ImageSpec } from './oci-archive.ts';
import { PACKAGE_ROOT } from './paths.ts';
import { installDependencies, readSources } from './shop-images.ts';

const RECIPE = '1';
/** Name of the gym's own image; `version` is that of package.json. */
export function gymRef(version: string): string {
  return `${IMAGE_REGISTRY}/kube-sre-gym:${version}`;
}

/** What of this package runs in the cluster. */
const SHIPPED = ['src', 'crds', 'sample_app/rendered'] as const;
const NOT_SHIPPED = /\.test\.ts$|\/native\/go\//;

/**
 * The one image of operator, gateway and runner (the container's arguments choose): Node, our sources, production dependencies, kubectl.
 * Runs as uid 65532 and writes nothing outside /tmp. kubectl is the one in the cache, of the cluster's own version.
 */
export async function gymImageSpec(store: LayerStore, base: BaseLayers): Promise<ImageSpec> {
  const kubectl = cachedProgram('kubectl');
  const program = await stat(kubectl).catch(() => {
    throw new ClusterError(`kubectl is not in the cache (${kubectl}); run \`gymctl cluster up\` first, which fetches or builds it`);
  });
  const manifest = join(PACKAGE_ROOT, 'package.json');
  const lock = join(PACKAGE_ROOT, 'package-lock.json');
  const lockText = await readFile(lock, 'utf8');
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };

  const dependencies = await store.layer('gym-deps', { recipe: RECIPE, lock: lockText }, (root) =>
    installDependencies(manifest, lock, join(root, 'app/node_modules')),
  );
  const tool = await store.layer(
    'kubectl',
    { recipe: RECIPE, size: String(program.size), changed: String(program.mtimeMs) },
    async (root) => {
      await mkdir(join(root, 'usr/local/bin'), { recursive: true });
      await copyFile(kubectl, join(root, 'usr/local/bin/kubectl'));
      await chmod(join(root, 'usr/local/bin/kubectl'), 0o755);
    },
  );
  const texts: Record<string, string> = { 'package.json': await readFile(manifest, 'utf8') };
  for (const part of SHIPPED) texts[part] = JSON.stringify(await readSources(join(PACKAGE_ROOT, part), NOT_SHIPPED).catch(() => ({})));
  const sources = await store.layer('gym-src', { recipe: RECIPE, ...texts }, async (root) => {
    await mkdir(join(root, 'app'), { recursive: true });
    await copyFile(manifest, join(root, 'app/package.json'));
    for (const part of SHIPPED) {
      await access(join(PACKAGE_ROOT, part)).then(
        () => cp(join(PACKAGE_ROOT, part), join(root, 'app', part), { recursive: true, filter: (path) => !NOT_SHIPPED.test(path) }),
        () => undefined,
      );
    }
  });
  const layers = [await base.base(), await base.node(), await base.confine(), tool, dependencies, sources];
  return {
    // The tag names the version; the label lets a Deployment be rolled when only the content changed.
    ref: gymRef(version),
    layers,
    config: {
      Env: [
        'PATH=/usr/local/bin:/usr/bin:/bin',
        'NODE_ENV=production',
        `IMAGE_ID=${hashInputs({ layers: layers.map((layer) => layer.digest).join() })}`,
      ],
      User: '65532:65532',
      WorkingDir: '/app',
      Entrypoint: ['/usr/local/bin/node', 'src/cli/gymctl.ts'],
    },
  };
}
