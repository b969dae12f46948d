import { join } from 'node:path';
import { cacheDir, cachedProgram } from './cache.ts';
import { run } from './command.ts';
import { ContextCluster } from './context.ts';
import { KindCluster } from './kind.ts';
import { exists } from './native/host.ts';
import { NativeCluster } from './native/native.ts';
import { ClusterError, type ClusterProvider, type Progress, type ProviderKind } from './provider.ts';

export const DEFAULT_CLUSTER = 'gym';

/** What decides which kind of cluster a machine can hold. */
export interface Machine {
  platform: NodeJS.Platform;
  root: boolean;
  go: boolean;
  /** The programs of a native node are cached already, so Go is not needed. */
  cached: boolean;
  docker: boolean;
  kind: boolean;
}

/** Chooses the provider for a machine: native where it can be, else kind. A kubeconfig's cluster is never taken unasked. Throws ClusterError. */
export function chooseProvider(m: Machine): ProviderKind {
  if (m.platform === 'linux' && m.root && (m.go || m.cached)) return 'native';
  if (m.docker && m.kind) return 'kind';
  const native = [
    ...(m.platform === 'linux' ? [] : ['Linux']),
    ...(m.root ? [] : ['root (use sudo)']),
    ...(m.go || m.cached ? [] : ['Go 1.25 or newer (https://go.dev/dl/)']),
  ];
  const kind = [...(m.docker ? [] : ['Docker']), ...(m.kind ? [] : ['kind (https://kind.sigs.k8s.io)'])];
  throw new ClusterError(
    `This machine can hold no local cluster: a native one lacks ${native.join(' and ')}, one in Docker lacks ${kind.join(' and ')}. ` +
      'Provide either, or use a cluster that you have: --provider context --name CONTEXT',
  );
}

/** Makes the provider that was asked for, or the one that fits the machine. For `context` the name is that of the kubeconfig's context. */
export async function openCluster(o: { provider?: ProviderKind; name?: string; progress: Progress }): Promise<ClusterProvider> {
  const cache = cacheDir();
  const provider = o.provider ?? chooseProvider(await inspect());
  const dir = join(cache, 'kubeconfigs');
  if (provider === 'native') return new NativeCluster(o.name ?? DEFAULT_CLUSTER, cache, o.progress);
  const cached = cachedProgram('kubectl', cache);
  const kubectl = (await exists(cached)) ? cached : 'kubectl';
  if (provider === 'kind') return new KindCluster({ name: o.name ?? DEFAULT_CLUSTER, dir, kubectl, progress: o.progress });
  return new ContextCluster({ name: o.name ?? (await currentContext(kubectl)), dir, kubectl });
}

async function currentContext(kubectl: string): Promise<string> {
  const result = await run(kubectl, ['config', 'current-context']).catch(() => undefined);
  const name = result?.stdout.trim();
  if (!name) throw new ClusterError('The kubeconfig has no current context: name one with --name, or set KUBECONFIG');
  return name;
}

async function inspect(): Promise<Machine> {
  const works = async (file: string, ...args: string[]) => (await run(file, args).catch(() => undefined))?.code === 0;
  return {
    platform: process.platform,
    root: process.getuid?.() === 0,
    go: await works('go', 'version'),
    cached: await exists(cachedProgram('nodeinit')),
    docker: await works('docker', 'info'),
    kind: await works('kind', 'version'),
  };
}
