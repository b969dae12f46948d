import type { Alert, FaultSpec, Target } from '../api/incident.ts';
import { onePage, type PlacedAlert, SINCE } from '../faults/alerts.ts';
import { faultOf } from '../faults/index.ts';
import { targetKey } from '../health/snapshot.ts';
import { hopsBetween, type Role, type Topology } from './topology.ts';

/** What customers do. */
type Journey = 'checkout' | 'login' | 'settlement';

/** Who passes a checkout on, beginning where it comes in. */
const CHECKOUT_WAY: readonly Role[] = ['frontDoor', 'gateway', 'payments'];

/** A fault whose page speaks of another place: the one where customers are hurt. */
export interface Cascade {
  readonly kind: string;
  /** In one sentence, for documentation and designers; never shown to agents. */
  readonly description: string;
  readonly broken: Role;
  /** What the page speaks of. */
  readonly at: Role;
  readonly journey: Journey;
}

/** Every kind of cascade the gym knows. */
export const CASCADES: readonly Cascade[] = [
  {
    kind: 'checkout_without_database',
    description: 'The database is broken: payments cannot be stored, so checkout fails at the front door.',
    ...{ broken: 'database', at: 'frontDoor', journey: 'checkout' },
  },
  {
    kind: 'payments_without_database',
    description: 'The database is broken: the payment service is not ready, so what asks it fails.',
    ...{ broken: 'database', at: 'payments', journey: 'checkout' },
  },
  {
    kind: 'login_without_sessions',
    description: 'The session store is broken: nobody gets a session, so logins fail at the front door.',
    ...{ broken: 'sessions', at: 'frontDoor', journey: 'login' },
  },
  {
    kind: 'checkout_without_sessions',
    description: 'The session store is broken: nobody can be told apart, so the gateway refuses checkouts.',
    ...{ broken: 'sessions', at: 'gateway', journey: 'checkout' },
  },
  {
    kind: 'login_without_identity',
    description: 'The identity service is broken: logins fail at the front door.',
    ...{ broken: 'identity', at: 'frontDoor', journey: 'login' },
  },
  {
    kind: 'checkout_without_identity',
    description: 'The identity service is broken: the gateway cannot say who pays and refuses checkouts.',
    ...{ broken: 'identity', at: 'gateway', journey: 'checkout' },
  },
  {
    kind: 'checkout_without_payments',
    description: 'The payment service is broken: the gateway cannot hand payments on, so checkout fails at the front door.',
    ...{ broken: 'payments', at: 'frontDoor', journey: 'checkout' },
  },
  {
    kind: 'checkout_without_gateway',
    description: 'The gateway is broken: the front door has nobody to hand a checkout to.',
    ...{ broken: 'gateway', at: 'frontDoor', journey: 'checkout' },
  },
  {
    kind: 'settlement_stalled',
    description: 'Settlement is broken: checkout works, but payments stay pending.',
    ...{ broken: 'settlement', at: 'frontDoor', journey: 'settlement' },
  },
];

/**
 * Cascades that may announce `fault` while all of `faults` are there: the page would be true. Nothing else is broken on the way from the front
 * door to the place that the page speaks of, or no request would reach it; and payments only stay pending where they can be made.
 */
export function cascadesOf(fault: FaultSpec, faults: readonly FaultSpec[], topology: Topology): Cascade[] {
  const others = new Set(faults.filter((f) => f !== fault).map((f) => topology.roleOf.get(targetKey(f.target))));
  const role = topology.roleOf.get(targetKey(fault.target));
  return CASCADES.filter(
    ({ broken, at, journey }) =>
      broken === role &&
      topology.targetOf.has('frontDoor') &&
      topology.targetOf.has(at) &&
      !CHECKOUT_WAY.slice(0, CHECKOUT_WAY.indexOf(at) + 1).some((r) => others.has(r)) &&
      (journey !== 'settlement' || others.size === 0),
  );
}

/** A fault and how it is announced: by a cascade, or at the broken workload itself. */
export interface Announced {
  readonly fault: FaultSpec;
  readonly cascade?: Cascade;
}

/** One page for all of them, and the dependencies between what it speaks of and what is broken, all together. */
export function announce(announced: readonly Announced[], topology: Topology): { alert: Alert; hops: number } {
  const alerts = announced.map(({ fault, cascade }) => (cascade ? cascadeAlert(cascade, fault, topology) : plainAlert(fault)));
  const hops = announced.map(({ cascade }) => (cascade ? cascadeHops(cascade, topology) : 0));
  return { alert: onePage(alerts), hops: hops.reduce((sum, n) => sum + n, 0) };
}

const plainAlert = ({ type, target }: FaultSpec): PlacedAlert => ({ place: target.name, alert: faultOf(type).alert(target) });

/** Dependencies between what the page speaks of and what is broken. */
export function cascadeHops({ at, broken }: Cascade, topology: Topology): number {
  const key = (role: Role) => targetKey(topology.targetOf.get(role) as Target);
  return hopsBetween(topology, key(at), key(broken));
}

/** The page of a cascade. True, what customers see, and never the cause, its type or the broken workload. */
export function cascadeAlert({ at, journey }: Cascade, fault: FaultSpec, topology: Topology): PlacedAlert {
  const place = topology.targetOf.get(at) as Target;
  // A container that is killed now and then serves in between.
  return { place: place.name, alert: PAGES[journey](place, fault.type === 'liveness_probe') };
}

const PAGES: Readonly<Record<Journey, (at: Target, sometimes: boolean) => Alert>> = {
  checkout: ({ namespace, name }, sometimes) =>
    sometimes
      ? page(
          'warning',
          `${name}: some checkouts fail`,
          `Some checkout requests to ${name} in namespace ${namespace} fail.`,
          'Some customers cannot pay.',
        )
      : page(
          'critical',
          `${name}: checkout fails`,
          `Checkout requests to ${name} in namespace ${namespace} fail.`,
          'Customers cannot pay.',
        ),
  login: ({ namespace, name }, sometimes) =>
    sometimes
      ? page(
          'warning',
          `${name}: some logins fail`,
          `Some login requests to ${name} in namespace ${namespace} fail.`,
          'Some customers cannot log in.',
        )
      : page('critical', `${name}: logins fail`, `Login requests to ${name} in namespace ${namespace} fail.`, 'Customers cannot log in.'),
  settlement: ({ namespace, name }, sometimes) =>
    sometimes
      ? page(
          'warning',
          `${name}: payments complete late`,
          `Some payments made at ${name} in namespace ${namespace} stay pending for long.`,
          'Some orders are late.',
        )
      : page(
          'critical',
          `${name}: payments stay pending`,
          `Payments made at ${name} in namespace ${namespace} stay pending.`,
          'No order is completed.',
        ),
};

const page = (severity: Alert['severity'], title: string, seen: string, impact: string): Alert => ({
  severity,
  title,
  message: `${seen} ${impact} ${SINCE}`,
});
