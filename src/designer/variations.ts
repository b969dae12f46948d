import type { FaultSpec, Params } from '../api/incident.ts';
import { contextOf, targetsOf } from '../faults/engine.ts';
import type { FaultContext } from '../faults/fault.ts';
import { FAULT_TYPES, faultOf } from '../faults/index.ts';
import { seededRandom } from '../faults/random.ts';
import { type Baseline, targetKey } from '../health/snapshot.ts';

/** One fault on one workload with every parameter that makes a difference. */
export interface Variation {
  /** Names it among all of its app; cosmetic parameters are not in it. */
  readonly key: string;
  readonly fault: FaultSpec;
  /** Of the fault type and workload that split `eval` keeps for itself. */
  readonly heldOut: boolean;
}

/** One in so many targets of a fault type is held out. */
const HELD_OUT_EVERY = 4;

/** Every single fault that the app can suffer, in an order that depends on names alone. */
export function variationsOf(app: Baseline): Variation[] {
  const heldOut = heldOutPairs(app);
  return [...FAULT_TYPES].sort().flatMap((type) =>
    sortedTargets(type, app).flatMap((target) =>
      paramsOf(type, contextOf(target, app)).map((params): Variation => {
        const values = Object.entries(params).map(([name, value]) => `${name}=${value}`);
        const key = [`${type}@${targetKey(target)}`, ...values].join(',');
        return { key, fault: { type, target, ...(values.length ? { params } : {}) }, heldOut: heldOut.has(pairKey({ type, target })) };
      }),
    ),
  );
}

/**
 * Pairs of fault type and workload that no train incident may contain: about a quarter of each type's targets, at least one of two or more.
 * Chosen by a constant seed, so that they are the same for ever.
 */
export function heldOutPairs(app: Baseline): ReadonlySet<string> {
  const pairs = FAULT_TYPES.flatMap((type) => {
    const targets = sortedTargets(type, app);
    if (targets.length < 2) return [];
    const random = seededRandom(`held out ${type}`);
    const count = Math.max(1, Math.round(targets.length / HELD_OUT_EVERY));
    return Array.from({ length: count }, () => pairKey({ type, target: targets.splice(random(targets.length), 1)[0] }));
  });
  return new Set(pairs);
}

/** Names a fault type on a workload. */
export const pairKey = ({ type, target }: Pick<FaultSpec, 'type' | 'target'>): string => `${type}@${targetKey(target)}`;

const sortedTargets = (type: string, app: Baseline) => targetsOf(type, app).sort((a, b) => (targetKey(a) < targetKey(b) ? -1 : 1));

/** Every combination of the parameters that are not cosmetic. */
function paramsOf(type: string, context: FaultContext): Params[] {
  const rules = Object.entries(faultOf(type).params).filter(([, rule]) => !rule.cosmetic);
  return rules.reduce<Params[]>(
    (all, [name, rule]) => all.flatMap((params) => rule.values(context).map((value) => ({ ...params, [name]: value }))),
    [{}],
  );
}
