import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHeartbeat } from '../../src/gateway/heartbeat.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { silentLogger } from '../../src/kube/logger.ts';
import { toMicroTime } from '../../src/kube/micro-time.ts';
import { Resources } from '../../src/kube/resource.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

// Of its own: the API server makes `default` some time after it is ready.
const namespace = 'gateways';
const MINUTE_MS = 60_000;
let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane();
  client = new KubeClient(loadKubeConfig({ path: plane.kubeconfigPath }));
  await client.create(Resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
}, 300_000);
afterAll(async () => {
  await client?.close();
  await plane?.stop();
});

const names = async () => (await client.list(Resources.leases, { namespace })).items.map((l) => l.metadata.name).sort();
const begin = (name: string) => startHeartbeat({ client, clock: systemClock, log: silentLogger, namespace, name });

/** A Lease as a killed gateway leaves it. */
async function leave(name: string, minutesAgo: number, labels: Record<string, string> = { 'app.kubernetes.io/component': 'gateway' }) {
  const renewTime = toMicroTime(new Date(Date.now() - minutesAgo * MINUTE_MS));
  await client.create(Resources.leases, { metadata: { namespace, name, labels }, spec: { holderIdentity: name, renewTime } });
}

test('a gateway that starts deletes the Leases of gateways that are long gone, and nobody else’s', async () => {
  await leave('gateway-long-gone', 61);
  await leave('gateway-of-late', 5);
  await leave('somebody-else', 600, {});
  const heartbeat = await begin('gateway-new');
  expect(await names()).toEqual(['gateway-new', 'gateway-of-late', 'somebody-else']);
  await heartbeat.stop();
  expect(await names()).toEqual(['gateway-of-late', 'somebody-else']);
});
