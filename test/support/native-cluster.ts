import { cacheDir, cachedProgram } from '../../src/local/cache.ts';
import { DEFAULT_CLUSTER } from '../../src/local/choose.ts';
import { buildImages } from '../../src/local/images/build.ts';
import { NativeCluster } from '../../src/local/native/native.ts';

/** The cluster that end-to-end tests share. It stays after the tests; `gymctl cluster down` removes it. */
export async function ensureNativeCluster(): Promise<{ kubeconfigPath: string; kubectl: string; cluster: NativeCluster }> {
  const cluster = new NativeCluster(DEFAULT_CLUSTER, cacheDir(), (line) => console.error(line));
  return { kubeconfigPath: await cluster.up(), kubectl: cachedProgram('kubectl'), cluster };
}

/** As ensureNativeCluster, with the images of the sample app on the node: a cluster that was just made holds none. */
export async function ensureShopCluster(): ReturnType<typeof ensureNativeCluster> {
  const ready = await ensureNativeCluster();
  const images = await buildImages({ which: ['shop'], onProgress: (line) => console.error(line) });
  await ready.cluster.loadImage([...new Set(images.map((image) => image.tar))]);
  return ready;
}
