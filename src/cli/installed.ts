import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { GYM_NAMESPACE, SYSTEM_NAMESPACE } from '../api/group.ts';
import type { KubeClient } from '../kube/client.ts';
import { Reflector } from '../kube/reflector.ts';
import { Resources } from '../kube/resource.ts';
import type { Deployment, KubeObject, Pod } from '../kube/types.ts';
import { PACKAGE_ROOT } from '../local/images/paths.ts';
import { ClusterError, type Progress } from '../local/provider.ts';

const RECORD = { namespace: SYSTEM_NAMESPACE, name: 'installed' };
const FIELD_MANAGER = 'gymctl';
/** Images of a cold node and the first copies of the app; 30 s on two idle cores. */
const READY_TIMEOUT_MS = 600_000;
const PROGRAMS = ['operator', 'gateway', 'runner'] as const;

/** What `up` has put into a cluster, kept in that cluster. */
export interface Installed {
  /** Archives whose images it has. */
  images: string[];
  /** Fingerprint of chart and values, once everything was Ready. */
  chart?: string;
}

export async function readInstalled(client: KubeClient): Promise<Installed> {
  const record = (await client.find(Resources.configMaps, RECORD)) as { data?: { images?: string; chart?: string } } | undefined;
  const { images = '', chart } = record?.data ?? {};
  // Whoever runs helm uninstall leaves the record behind.
  const operator = chart && (await client.find(Resources.deployments, { namespace: SYSTEM_NAMESPACE, name: 'operator' }));
  return { images: images.split('\n').filter(Boolean), ...(operator ? { chart } : {}) };
}

export async function writeInstalled(client: KubeClient, { images, chart }: Installed): Promise<void> {
  const data = { images: images.join('\n'), ...(chart ? { chart } : {}) };
  await client.apply(Resources.configMaps, { metadata: RECORD, data } as KubeObject, { fieldManager: FIELD_MANAGER });
}

/** The chart's own namespace, which a chart cannot hold: with the pod security that deploy/base gives it. */
export async function makeSystemNamespace(client: KubeClient): Promise<void> {
  const documents = parseAllDocuments(readFileSync(join(PACKAGE_ROOT, 'deploy/base/namespaces.yaml'), 'utf8'));
  const namespace = documents.map((d) => d.toJS() as KubeObject).find((o) => o.metadata.name === SYSTEM_NAMESPACE);
  if (!namespace) throw new Error(`deploy/base/namespaces.yaml has no ${SYSTEM_NAMESPACE}`);
  await client.apply(Resources.namespaces, namespace, { fieldManager: FIELD_MANAGER });
}

/** Removes that namespace and waits until it is gone. */
export async function removeSystemNamespace(client: KubeClient): Promise<void> {
  const reflector = new Reflector({ client, resource: Resources.namespaces, fieldSelector: `metadata.name=${SYSTEM_NAMESPACE}` });
  await client.delete(Resources.namespaces, { name: SYSTEM_NAMESPACE });
  reflector.start();
  try {
    await reflector.waitFor(() => reflector.size === 0, AbortSignal.timeout(120_000));
  } finally {
    await reflector.stop();
  }
}

/** Resolves when operator, gateway and runners are rolled out and a copy of the app is Ready. Throws ClusterError that says what is not, and why. */
export async function waitUntilReady(o: { client: KubeClient; progress: Progress; signal?: AbortSignal }): Promise<void> {
  const { client, progress } = o;
  const unpullable = new AbortController();
  const limits = [AbortSignal.timeout(READY_TIMEOUT_MS), unpullable.signal, ...(o.signal ? [o.signal] : [])];
  const signal = AbortSignal.any(limits);
  const deployments = new Reflector({ client, resource: Resources.deployments, namespace: SYSTEM_NAMESPACE });
  const pods = new Reflector({ client, resource: Resources.pods, namespace: SYSTEM_NAMESPACE });
  const arenas = new Reflector({ client, resource: Resources.arenas, namespace: GYM_NAMESPACE });
  const all = [deployments, pods, arenas];
  for (const reflector of all) reflector.start();
  pods.subscribe(({ object }) => {
    const image = unpullableImage(object);
    if (image) {
      const advice = 'push the images (gymctl images list) to a registry that it pulls from, and name that with --registry';
      unpullable.abort(new ClusterError(`The cluster cannot pull ${image}: ${advice}`));
    }
  });
  try {
    await Promise.all(all.map((reflector) => reflector.waitForSync(signal)));
    for (const name of PROGRAMS) {
      const isReady = () => isRolledOut(deployments.get({ namespace: SYSTEM_NAMESPACE, name }));
      if (!isReady()) progress(`Waiting for the ${name}`);
      await deployments.waitFor(isReady, signal);
    }
    const isReady = (): boolean =>
      arenas.list().some((arena) => arena.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
    if (!isReady()) progress('Waiting for the first copy of the app');
    await arenas.waitFor(isReady, signal);
  } catch (error) {
    if ((error as Error).name !== 'TimeoutError') throw error;
    const waiting = [...pods.list().flatMap(whyNotReady), ...(arenas.size ? [] : ['there is no Arena'])];
    throw new ClusterError(`The gym is not Ready after ${READY_TIMEOUT_MS / 1000} s: ${waiting.join('; ') || 'no copy of the app is'}`);
  } finally {
    await Promise.all(all.map((reflector) => reflector.stop()));
  }
}

/** The newest template runs everywhere and everywhere Ready. */
export function isRolledOut(d: Deployment | undefined): boolean {
  if (!d?.status || (d.status.observedGeneration ?? 0) < (d.metadata.generation ?? 0)) return false;
  const wanted = d.spec.replicas ?? 1;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = d.status;
  return updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted;
}

/** The image that a pod waits for in vain. */
export function unpullableImage(pod: Pod): string | undefined {
  const reasons = ['ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName'];
  const stuck = pod.status?.containerStatuses?.find((c) => reasons.includes(c.state?.waiting?.reason ?? ''));
  return stuck?.image;
}

/** One sentence per container that is not Ready. */
export function whyNotReady(pod: Pod): string[] {
  return (pod.status?.containerStatuses ?? [])
    .filter((c) => !c.ready)
    .map((c) => {
      const { waiting } = c.state ?? {};
      const last = c.lastState?.terminated;
      const ended = last ? `, last ended with exit code ${last.exitCode}` : '';
      return `${pod.metadata.name} is ${waiting?.reason ?? 'not Ready'}${ended}`;
    });
}
