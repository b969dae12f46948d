import { seededRandom } from '../faults/random.ts';
import { ArenaTraffic } from '../health/traffic.ts';
import type { ServiceCall } from '../health/transaction.ts';
import { type ArenaNames, realNamespace } from '../kube/arena-names.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';

/** Longest a customer waits for one answer, milliseconds. */
const PATIENCE_MS = 4000;

/** The shop's customers, let in through the API server's service proxy; `changed` is told of an arena after each of them. */
export function openTraffic(o: {
  client: KubeClient;
  clock: Clock;
  names: (arena: string) => ArenaNames;
  changed: (arena: string) => void;
}): ArenaTraffic {
  const callInto = (arena: string): ServiceCall => {
    const names = o.names(arena);
    return ({ namespace, service, port, method, path, headers, body }) =>
      o.client.serviceProxy({
        namespace: realNamespace(namespace, names),
        service,
        port,
        method,
        path,
        timeoutMs: PATIENCE_MS,
        ...(headers ? { headers } : {}),
        ...(body === undefined ? {} : { body }),
      });
  };
  return new ArenaTraffic({
    clock: o.clock,
    callInto,
    randomOf: (arena) => seededRandom(arena),
    onTransaction: (arena) => o.changed(arena),
  });
}
