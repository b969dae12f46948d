import { cacheDir, cachedProgram } from '../../src/local/cache.ts';
import { DEFAULT_CLUSTER } from '../../src/local/choose.ts';
import { NativeCluster } from '../../src/local/native/native.ts';

/** The cluster that all end-to-end tests share. It stays after the tests; `gymctl cluster down` removes it. */
export async function ensureNativeCluster(): Promise<{ kubeconfigPath: string; kubectl: string; cluster: NativeCluster }> {
  const cluster = new NativeCluster(DEFAULT_CLUSTER, cacheDir(), (line) => console.error(line));
  return { kubeconfigPath: await cluster.up(), kubectl: cachedProgram('kubectl'), cluster };
}
