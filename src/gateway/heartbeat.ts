import { GATEWAY_LEASE_SECONDS } from '../api/defaults.ts';
import type { KubeClient } from '../kube/client.ts';
import { type Clock, sleep } from '../kube/clock.ts';
import type { Logger } from '../kube/logger.ts';
import { toMicroTime } from '../kube/micro-time.ts';
import { Resources } from '../kube/resource.ts';

const LABELS = { 'app.kubernetes.io/component': 'gateway' };
/** Long after every Episode that names the Lease has ended. */
const FORGOTTEN_MS = 3_600_000;

/**
 * Renews this gateway's Lease three times in its life until stopped; when it lapses the operator ends the gateway's open Episodes. Resolves
 * when the Lease stands for the first time. `stop` deletes it, so that nothing of a gateway that ended in order remains.
 */
export async function startHeartbeat(o: {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  namespace: string;
  name: string;
}): Promise<{ stop(): Promise<void> }> {
  const ended = new AbortController();
  const beat = () =>
    o.client.apply(
      Resources.leases,
      {
        metadata: { namespace: o.namespace, name: o.name, labels: LABELS },
        spec: { holderIdentity: o.name, leaseDurationSeconds: GATEWAY_LEASE_SECONDS, renewTime: toMicroTime(o.clock.now()) },
      },
      { numbered: false, timeoutMs: (GATEWAY_LEASE_SECONDS * 1000) / 3 },
    );
  await beat();
  await forgetTheDead(o).catch((error) => o.log.warn({ err: error }, 'Could not delete the leases of gateways that are gone'));
  const beating = (async () => {
    while (!ended.signal.aborted) {
      await sleep(o.clock, (GATEWAY_LEASE_SECONDS * 1000) / 3, ended.signal);
      if (ended.signal.aborted) return;
      await beat().catch((error) => o.log.warn({ err: error }, 'Could not renew the gateway lease'));
    }
  })();
  return {
    async stop() {
      ended.abort();
      await beating;
      await o.client
        .delete(Resources.leases, { namespace: o.namespace, name: o.name }, { numbered: false })
        .catch((error) => o.log.warn({ err: error }, 'Could not delete the gateway lease'));
    },
  };
}

/** Deletes the Leases of gateways that were killed: nobody else does. */
async function forgetTheDead(o: { client: KubeClient; clock: Clock; namespace: string }): Promise<void> {
  const labelSelector = Object.entries(LABELS)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const { items } = await o.client.list(Resources.leases, { namespace: o.namespace, labelSelector });
  for (const { metadata, spec } of items) {
    const silentMs = o.clock.now().getTime() - Date.parse(spec?.renewTime ?? '');
    if (!(silentMs >= FORGOTTEN_MS)) continue;
    await o.client.delete(Resources.leases, { namespace: o.namespace, name: metadata.name }, { uid: metadata.uid, numbered: false });
  }
}
