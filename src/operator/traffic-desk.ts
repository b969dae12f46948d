import { seededRandom } from '../faults/random.ts';
import { ArenaTraffic } from '../health/traffic.ts';
import type { ServiceCall } from '../health/transaction.ts';
import { type ArenaNames, realNamespace } from '../kube/arena-names.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { FrontDoor } from './arena/front-door.ts';

/** Longest a customer waits for one answer, milliseconds. */
const PATIENCE_MS = 4000;

/** The app's customers, let in through the API server's service proxy; `changed` is told of an arena after each of them. */
export function openTraffic(o: {
  client: KubeClient;
  clock: Clock;
  names: (arena: string) => ArenaNames;
  frontDoor: (arena: string) => FrontDoor;
  changed: (arena: string) => void;
}): ArenaTraffic {
  const callInto = (arena: string): ServiceCall => {
    const { namespace, ...door } = o.frontDoor(arena);
    const real = realNamespace(namespace, o.names(arena));
    return ({ method, path, headers, body }) =>
      o.client.serviceProxy({
        namespace: real,
        ...door,
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
