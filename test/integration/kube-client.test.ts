import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { isAlreadyExists, isConflict, isInvalid, isNotFound } from '../../src/kube/errors.ts';
import { EventRecorder } from '../../src/kube/events.ts';
import { ensureFinalizer, removeFinalizer } from '../../src/kube/finalizers.ts';
import { LeaderElector } from '../../src/kube/leader-election.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { type EventObject, Resources } from '../../src/kube/resource.ts';
import type { OpaqueObject } from '../../src/kube/types.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const NAMESPACE = 'kube-client-test';
const limit = () => AbortSignal.timeout(30_000);
let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane();
  client = new KubeClient(loadKubeConfig({ path: plane.kubeconfigPath }));
  await client.create(Resources.namespaces, { metadata: { name: NAMESPACE } });
}, 180_000);

afterAll(async () => {
  await client?.close();
  await plane?.stop();
});

const configMap = (name: string, data: Record<string, string> = {}): OpaqueObject => ({ metadata: { namespace: NAMESPACE, name }, data });

/** A client whose connections a test can reset. */
async function throughProxy(): Promise<{ proxy: TcpProxy; proxied: KubeClient }> {
  const target = new URL(plane.server);
  const proxy = new TcpProxy({ host: target.hostname, port: Number(target.port) });
  const port = await proxy.start();
  const config = loadKubeConfig({ path: plane.kubeconfigPath });
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('the kubeconfig has no cluster');
  config.clusters = [{ ...cluster, server: `https://127.0.0.1:${port}` }];
  return { proxy, proxied: new KubeClient(config) };
}

describe('writes', () => {
  test('server-side apply takes its fields and is refused those of others unless forced', async () => {
    const mine = await client.apply(Resources.configMaps, configMap('shared', { a: '1' }), { fieldManager: 'first' });
    expect(mine.data).toEqual({ a: '1' });
    const taken = client.apply(Resources.configMaps, configMap('shared', { a: '2' }), { fieldManager: 'second', force: false });
    const error = await taken.catch((e: unknown) => e);
    expect(isConflict(error)).toBe(true);
    expect((error as Error).message).toContain(`apply ConfigMap ${NAMESPACE}/shared`);
    expect((error as Error).message).toContain('first');
    const forced = await client.apply(Resources.configMaps, configMap('shared', { a: '2' }), { fieldManager: 'second' });
    expect(forced.data).toEqual({ a: '2' });
  });

  test('each kind of patch does what its name says', async () => {
    const labels = { app: 'patched' };
    const container = { name: 'main', image: 'app:1', env: [{ name: 'A', value: '1' }] };
    const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } };
    const ref = { namespace: NAMESPACE, name: 'patched' };
    await client.create(Resources.deployments, { metadata: ref, spec }, { fieldManager: 'kubectl-client-side-apply' });
    const added = { spec: { template: { spec: { containers: [{ name: 'main', env: [{ name: 'B', value: '2' }] }] } } } };
    const strategic = await client.strategicPatch(Resources.deployments, ref, added, { fieldManager: 'kubectl-patch' });
    expect(strategic.spec.template.spec.containers[0]?.env?.map((e) => e.name).sort()).toEqual(['A', 'B']);
    const path = '/spec/template/spec/containers/0/image';
    const json = await client.jsonPatch(Resources.deployments, ref, [{ op: 'replace', path, value: 'app:2' }]);
    expect(json.spec.template.spec.containers[0]?.image).toBe('app:2');
    const scaled = await client.mergePatch(Resources.deployments, ref, { spec: { replicas: 0 } }, { subresource: 'scale' });
    expect(scaled).toMatchObject({ kind: 'Scale', spec: {} });
    const stored = await client.get(Resources.deployments, ref);
    expect(stored.spec.replicas).toBe(0);
    const managers = (stored.metadata as { managedFields?: { manager: string }[] }).managedFields?.map((f) => f.manager);
    expect(managers).toEqual(expect.arrayContaining(['kubectl-client-side-apply', 'kubectl-patch', 'kube-sre-gym']));
  });

  test('a second creation says AlreadyExists; a stale replace says conflict; a bad object says invalid', async () => {
    const created = await client.create(Resources.configMaps, configMap('once'));
    expect(isAlreadyExists(await client.create(Resources.configMaps, configMap('once')).catch((e: unknown) => e))).toBe(true);
    await client.replace(Resources.configMaps, { ...created, data: { a: '1' } });
    const stale = await client.replace(Resources.configMaps, { ...created, data: { a: '2' } }).catch((e: unknown) => e);
    expect([isConflict(stale), isAlreadyExists(stale)]).toEqual([true, false]);
    expect(isInvalid(await client.create(Resources.configMaps, configMap('NOT-A-NAME')).catch((e: unknown) => e))).toBe(true);
  });

  test('delete keeps its hands off an object that took the name', async () => {
    const created = await client.create(Resources.configMaps, configMap('reborn'));
    const ref = { namespace: NAMESPACE, name: 'reborn' };
    const wrong = await client.delete(Resources.configMaps, ref, { uid: 'another' }).catch((e: unknown) => e);
    expect(isConflict(wrong)).toBe(true);
    expect(await client.delete(Resources.configMaps, ref, { uid: created.metadata.uid ?? '' })).toBe(true);
    expect(await client.delete(Resources.configMaps, ref)).toBe(false);
    expect(isNotFound(await client.get(Resources.configMaps, ref).catch((e: unknown) => e))).toBe(true);
  });

  test('a dry run stores nothing', async () => {
    await client.create(Resources.configMaps, configMap('dry'), { dryRun: true });
    expect(await client.find(Resources.configMaps, { namespace: NAMESPACE, name: 'dry' })).toBeUndefined();
  });

  test('tokens of a ServiceAccount come from the API server', async () => {
    await client.create(Resources.serviceAccounts, { metadata: { namespace: NAMESPACE, name: 'oncall' } });
    const token = await client.tokenRequest({ namespace: NAMESPACE, serviceAccount: 'oncall' }, { expirationSeconds: 600 });
    expect(token.token.split('.')).toHaveLength(3);
    expect(Date.parse(token.expirationTimestamp)).toBeGreaterThan(Date.now());
  });
});

describe('Reflector', () => {
  test('loses nothing while connections are cut four times', async () => {
    const { proxy, proxied } = await throughProxy();
    const reflector = new Reflector({ client: proxied, resource: Resources.configMaps, namespace: NAMESPACE, labelSelector: 'test=cuts' });
    const told = new Map<string, string[]>();
    reflector.subscribe(({ type, object }) => told.set(object.metadata.name, [...(told.get(object.metadata.name) ?? []), type]));
    reflector.start();
    await reflector.waitForSync(limit());
    const names = Array.from({ length: 20 }, (_, i) => `cut-${i}`);
    const metadata = (name: string) => ({ namespace: NAMESPACE, name, labels: { test: 'cuts' } });
    const seen = (name: string) => (reflector.get({ namespace: NAMESPACE, name }) as OpaqueObject | undefined)?.data?.round;
    for (let round = 1; round <= 4; round++) {
      const write = (name: string) => client.apply(Resources.configMaps, { metadata: metadata(name), data: { round: String(round) } });
      await Promise.all(names.slice(0, 10).map(write));
      proxy.cut();
      await Promise.all(names.slice(10).map(write));
      await reflector.waitFor(() => names.every((name) => seen(name) === String(round)), limit());
    }
    proxy.cut();
    await Promise.all(names.map((name) => client.delete(Resources.configMaps, { namespace: NAMESPACE, name })));
    await reflector.waitFor(() => reflector.size === 0, limit());
    expect(proxy.cuts).toBeGreaterThanOrEqual(4);
    expect(reflector.stats).toMatchObject({ lists: 1, gone: 0 });
    for (const name of names) {
      expect(told.get(name)?.filter((type) => type !== 'MODIFIED')).toEqual(['ADDED', 'DELETED']);
    }
    await reflector.stop();
    await proxied.close();
    await proxy.stop();
  }, 120_000);

  test('reads more than a page and finds what one namespace holds', async () => {
    await Promise.all(Array.from({ length: 510 }, (_, i) => client.create(Resources.configMaps, configMap(`page-${i}`))));
    const reflector = new Reflector({ client, resource: Resources.configMaps, filter: (o) => o.metadata.name.startsWith('page-') });
    reflector.start();
    await reflector.waitForSync(limit());
    expect(reflector.list(NAMESPACE)).toHaveLength(510);
    expect(reflector.list('kube-system')).toHaveLength(0);
    await reflector.stop();
    await client.deleteCollection(Resources.configMaps, { namespace: NAMESPACE });
  }, 120_000);
});

describe('finalizers', () => {
  test('hold an object until they are removed, and a stale removal is refused', async () => {
    const finalizer = 'kubesregym.dev/cleanup';
    const created = await client.create(Resources.configMaps, configMap('held'));
    const held = await ensureFinalizer(client, Resources.configMaps, created, finalizer);
    expect(await ensureFinalizer(client, Resources.configMaps, held, finalizer)).toBe(held);
    await client.delete(Resources.configMaps, held.metadata);
    const stale = await removeFinalizer(client, Resources.configMaps, held, finalizer).catch((e: unknown) => e);
    expect(isConflict(stale)).toBe(true);
    const deleting = await client.get(Resources.configMaps, held.metadata);
    expect(deleting.metadata.deletionTimestamp).toBeDefined();
    await removeFinalizer(client, Resources.configMaps, deleting, finalizer);
    expect(await client.find(Resources.configMaps, held.metadata)).toBeUndefined();
    await removeFinalizer(client, Resources.configMaps, deleting, finalizer);
  });
});

describe('EventRecorder', () => {
  test('writes events that the API server takes, and counts repeats', async () => {
    const regarding = await client.create(Resources.configMaps, configMap('subject'));
    const recorder = new EventRecorder({ client, reportingController: 'kubesregym.dev/test', reportingInstance: 'test-1' });
    const event = { type: 'Warning', reason: 'Broken', action: 'Observe', note: 'é'.repeat(2000) } as const;
    recorder.event({ apiVersion: 'v1', kind: 'ConfigMap', ...regarding }, event);
    recorder.event({ apiVersion: 'v1', kind: 'ConfigMap', ...regarding }, event);
    await recorder.flush();
    const { items } = await client.list<EventObject>(Resources.events, { namespace: NAMESPACE });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ reason: 'Broken', regarding: { name: 'subject', uid: regarding.metadata.uid }, series: { count: 2 } });
    expect(Buffer.byteLength(items[0]?.note ?? '')).toBeLessThanOrEqual(1024);
  });
});

describe('LeaderElector', () => {
  test('of two candidates one leads; the other takes over when it stops', async () => {
    const leaders: string[] = [];
    const candidate = (identity: string) => {
      const stop = new AbortController();
      const elector = new LeaderElector({
        client,
        namespace: NAMESPACE,
        name: 'test',
        identity,
        leaseDurationMs: 3000,
        renewDeadlineMs: 2000,
        retryPeriodMs: 200,
        onStartedLeading: () => leaders.push(identity),
        onLost: () => leaders.push(`${identity} lost`),
      });
      return { elector, stop, run: elector.run(stop.signal) };
    };
    const both = [candidate('a'), candidate('b')];
    const reflector = new Reflector({ client, resource: Resources.leases, namespace: NAMESPACE });
    reflector.start();
    const holder = () => reflector.get({ namespace: NAMESPACE, name: 'test' })?.spec;
    const first = await reflector.waitFor(() => holder()?.holderIdentity, limit());
    const renewed = holder()?.renewTime;
    await reflector.waitFor(() => holder()?.renewTime !== renewed, limit());
    expect(leaders).toEqual([first]);
    const leading = both.find((c) => c.elector.leading);
    const waiting = both.find((c) => !c.elector.leading);
    leading?.stop.abort();
    await leading?.run;
    const second = await reflector.waitFor(() => (holder()?.holderIdentity !== first && holder()?.holderIdentity) || undefined, limit());
    await reflector.waitFor(() => waiting?.elector.leading, limit());
    expect(leaders).toEqual([first, second]);
    expect(holder()?.leaseTransitions).toBe(1);
    waiting?.stop.abort();
    await waiting?.run;
    await reflector.stop();
  }, 60_000);
});
