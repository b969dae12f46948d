import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ClusterError } from '../provider.ts';

/** Pods see this path in /proc/self/mountinfo, so it says nothing of what the node is for. */
export const STATE_ROOT = '/var/lib/node';

/** Slots give a /30 each, out of the block that RFC 2544 keeps for tests between network devices. */
export const SLOTS = 4096;

/** Everything of the host that belongs to the cluster of one name. */
export interface NodeIdentity {
  name: string;
  /** Eight hexadecimal digits, a function of the name alone. */
  id: string;
  stateDir: string;
  /** Name below the root of every cgroup hierarchy. */
  cgroup: string;
  /** The host's end of the only link. */
  link: string;
}

/** Derives the identity from the cluster's name. Throws ClusterError for a name that Kubernetes would not take as a label value. */
export function identify(name: string, stateRoot: string = STATE_ROOT): NodeIdentity {
  if (!/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/.test(name)) {
    throw new ClusterError(`"${name}" cannot name a cluster: use up to 40 lower-case letters, digits and dashes`);
  }
  const id = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return { name, id, stateDir: join(stateRoot, id), cgroup: `node-${id}`, link: `nd${id}` };
}

/** The two addresses of a slot's link: the host's and the node's, in a /30. */
export function addresses(slot: number): { host: string; node: string } {
  if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS) throw new RangeError(`slot ${slot} is not in 0..${SLOTS - 1}`);
  const base = slot * 4;
  const at = (n: number) => `198.18.${Math.floor((base + n) / 256)}.${(base + n) % 256}`;
  return { host: at(1), node: at(2) };
}

/** The lowest slot that is neither taken by another cluster nor by an address of the host. Throws ClusterError when all are. */
export function freeSlot(taken: ReadonlySet<number>, hostAddresses: ReadonlySet<string>): number {
  for (let slot = 0; slot < SLOTS; slot++) {
    const { host, node } = addresses(slot);
    if (!taken.has(slot) && !hostAddresses.has(host) && !hostAddresses.has(node)) return slot;
  }
  throw new ClusterError(`All ${SLOTS} address pairs of 198.18.0.0/18 are taken: end a cluster first (gymctl cluster down --name NAME)`);
}
