import type { Fault } from './fault.ts';
import { badConfig } from './types/bad-config.ts';
import { crashloop } from './types/crashloop.ts';
import { imagePull } from './types/image-pull.ts';
import { livenessProbe } from './types/liveness-probe.ts';
import { oomKill } from './types/oom-kill.ts';
import { resourceQuota } from './types/resource-quota.ts';
import { scaleZero } from './types/scale-zero.ts';

/** Faults by type. Throws when two have the same. */
export function registry(faults: readonly Fault[]): ReadonlyMap<string, Fault> {
  const byType = new Map<string, Fault>();
  for (const fault of faults) {
    if (byType.has(fault.type)) throw new Error(`Two faults have the type ${fault.type}; every fault needs its own`);
    byType.set(fault.type, fault);
  }
  return byType;
}

/** Every fault the gym knows. */
export const FAULTS = registry([oomKill, crashloop, imagePull, badConfig, scaleZero, livenessProbe, resourceQuota]);
export const FAULT_TYPES: readonly string[] = [...FAULTS.keys()];

/** Throws a sentence that lists the known types. */
export function faultOf(type: string): Fault {
  const fault = FAULTS.get(type);
  if (!fault) throw new Error(`Fault type ${type} does not exist; the types are ${FAULT_TYPES.join(', ')}`);
  return fault;
}
