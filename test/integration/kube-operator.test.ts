import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { ResourceEvent } from '@dot-i/k8s-operator';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Arena } from '../../src/api/arena.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { Controller } from '../../src/kube/controller.ts';
import { silentLogger } from '../../src/kube/logger.ts';
import { Operator, type OperatorOptions } from '../../src/kube/operator.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { Resources } from '../../src/kube/resource.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FINALIZER = 'kubesregym.dev/test';
const NAMESPACE = 'default';
const limit = () => AbortSignal.timeout(30_000);
let plane: ControlPlane;
let client: KubeClient;
const operators: Operator[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
  client = new KubeClient(loadKubeConfig({ path: plane.kubeconfigPath }));
}, 300_000);
afterEach(async () => {
  await Promise.all(operators.splice(0).map((operator) => operator.stop()));
});
afterAll(async () => {
  await client?.close();
  await plane?.stop();
});

/** An operator in the style of @dot-i: it watches Arenas, writes what it saw into their status, and cleans up behind a finalizer. */
class EventOperator extends Operator {
  readonly cleaned: string[] = [];
  readonly deleted: string[] = [];

  protected override async init(): Promise<void> {
    const { group, versions, plural } = await this.registerCustomResourceDefinition(join(ROOT, 'crds', 'kubesregym.dev_arenas.yaml'));
    await this.watchResource(group, versions[0]?.name ?? '', plural, (event) => this.#handle(event), NAMESPACE);
  }

  async #handle(event: ResourceEvent): Promise<void> {
    if (event.type === 'DELETED') {
      this.deleted.push(event.meta.name);
      return;
    }
    const clean = async () => {
      this.cleaned.push(event.meta.name);
    };
    if (await this.handleResourceFinalizer(event, FINALIZER, clean)) return;
    const { spec, status } = event.object as Arena;
    const phase = spec.claimRef ? 'Claimed' : 'Free';
    if (status?.phase !== phase) await this.patchResourceStatus(event.meta, { phase });
  }
}

/** An operator of one controller, which notes each reconcile in `seen` and then waits for `hold`. */
class ControllerOperator extends Operator {
  readonly seen: string[] = [];
  hold: Promise<void> | undefined;

  protected override async init(): Promise<void> {
    const maps = this.reflect(Resources.configMaps, { namespace: NAMESPACE, labelSelector: 'test=controller' });
    const reconcile = async ({ name }: { name: string }) => {
      this.seen.push(name);
      await this.hold;
      return undefined;
    };
    this.addController(new Controller({ name: 'configmap', reconcile }).watch(maps));
  }
}

function run<T extends Operator>(operator: T): T {
  operators.push(operator);
  return operator;
}

const options = (over: Partial<OperatorOptions> = {}): OperatorOptions => ({ client, log: silentLogger, ...over });

describe('Operator', () => {
  test('the inherited way of @dot-i works through cuts: status, finalizer, deletion', async () => {
    const target = new URL(plane.server);
    const proxy = new TcpProxy({ host: target.hostname, port: Number(target.port) });
    const port = await proxy.start();
    const config = loadKubeConfig({ path: plane.kubeconfigPath });
    config.clusters = config.clusters.map((cluster) => ({ ...cluster, server: `https://127.0.0.1:${port}` }));
    const proxied = new KubeClient(config);
    const operator = run(new EventOperator(options({ client: proxied })));
    await operator.start();
    const arenas = new Reflector({ client, resource: Resources.arenas, namespace: NAMESPACE });
    arenas.start();
    const names = Array.from({ length: 10 }, (_, i) => `arena-${i}`);
    const all = (phase: string) => () => names.every((name) => arenas.get({ namespace: NAMESPACE, name })?.status?.phase === phase);

    await Promise.all(names.map((name) => client.apply(Resources.arenas, { metadata: { namespace: NAMESPACE, name }, spec: {} })));
    proxy.cut();
    await arenas.waitFor(all('Free'), limit());
    expect(arenas.list().every((arena) => arena.metadata.finalizers?.includes(FINALIZER))).toBe(true);
    proxy.cut();
    const claimRef = { name: 'i', uid: 'u' };
    await Promise.all(names.map((name) => client.mergePatch(Resources.arenas, { namespace: NAMESPACE, name }, { spec: { claimRef } })));
    await arenas.waitFor(all('Claimed'), limit());
    proxy.cut();
    await Promise.all(names.map((name) => client.delete(Resources.arenas, { namespace: NAMESPACE, name })));
    proxy.cut();
    await arenas.waitFor(() => arenas.size === 0, limit());
    expect([...new Set(operator.cleaned)].sort()).toEqual(names);
    await waitUntil(() => new Set(operator.deleted).size === names.length);
    await operator.stop();
    await arenas.stop();
    await proxied.close();
    await proxy.stop();
  }, 120_000);

  test('controllers run in one of two operators; when it stops, work is drained before the other begins', async () => {
    const leaderElection = (identity: string) => ({ namespace: NAMESPACE, name: 'operator-test', identity });
    const first = run(new ControllerOperator(options({ leaderElection: leaderElection('first') })));
    const second = run(new ControllerOperator(options({ leaderElection: leaderElection('second') })));
    const leases = new Reflector({ client, resource: Resources.leases, namespace: NAMESPACE });
    leases.start();
    const holder = () => leases.get({ namespace: NAMESPACE, name: 'operator-test' })?.spec?.holderIdentity;
    let release = () => {};
    first.hold = new Promise((resolve) => {
      release = resolve;
    });
    await first.start();
    await leases.waitFor(() => holder() === 'first', limit());
    await second.start();
    const maps = new Reflector({ client, resource: Resources.configMaps, namespace: NAMESPACE });
    maps.start();
    await client.apply(Resources.configMaps, { metadata: { namespace: NAMESPACE, name: 'work', labels: { test: 'controller' } } });
    await waitUntil(() => first.seen.includes('work') && second.synced);
    expect([first.synced, second.seen]).toEqual([true, []]);

    const stopped = first.stop();
    await maps.waitForSync(limit());
    expect(holder()).toBe('first');
    release();
    await stopped;
    await leases.waitFor(() => holder() === 'second', limit());
    await waitUntil(() => second.seen.includes('work'));
    await maps.stop();
    await leases.stop();
  }, 120_000);
});

describe('KSG_KILL_AT', () => {
  const cases: [string, string, string[], boolean][] = [
    ['before the first write nothing is stored', 'before:1', [], true],
    ['after the second write two are', 'after:2', ['w1', 'w2'], true],
    ['before the third write two are', 'before:3', ['w1', 'w2'], true],
    ['past the last write the process ends by itself', 'before:4', ['w1', 'w2', 'w3'], false],
  ];
  test.each(cases)(
    '%s',
    async (_name, at, stored, killed) => {
      const namespace = `kill-${at.replace(':', '-')}`;
      await client.create(Resources.namespaces, { metadata: { name: namespace } });
      const args = [join(ROOT, 'test', 'support', 'write-thrice.ts'), plane.kubeconfigPath, namespace];
      const result = spawnSync(process.execPath, args, { env: { ...process.env, NODE_ENV: 'test', KSG_KILL_AT: at }, encoding: 'utf8' });
      expect([result.signal, result.stdout]).toEqual(killed ? ['SIGKILL', ''] : [null, 'done\n']);
      const { items } = await client.list(Resources.configMaps, { namespace });
      expect(items.map((o) => o.metadata.name).sort()).toEqual(stored);
    },
    60_000,
  );
});

/** Checks between turns of the event loop until `done`; the promises of a reconcile leave no other trace to wait on. */
async function waitUntil(done: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!done()) {
    if (Date.now() > deadline) throw new Error('it did not happen within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
