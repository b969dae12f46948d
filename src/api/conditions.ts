import { z } from 'zod';

/** metav1.Condition; conditions are a list-map by type. */
export const conditionSchema = z.object({
  type: z.string().max(64),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().max(64),
  message: z.string().max(1024),
  lastTransitionTime: z.iso.datetime().max(40),
  observedGeneration: z.int().min(0).optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

export const conditionsSchema = z
  .array(conditionSchema)
  .max(12)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

export interface ConditionChange {
  type: string;
  status: Condition['status'];
  reason: string;
  message: string;
  observedGeneration?: number;
}

/**
 * Returns `conditions` with `change` set. lastTransitionTime moves only when the status moves (API conventions), so a repeated
 * call with the same change returns equal content.
 */
export function setCondition(conditions: readonly Condition[], change: ConditionChange, now: Date): Condition[] {
  const old = conditions.find((c) => c.type === change.type);
  const lastTransitionTime = old?.status === change.status ? old.lastTransitionTime : now.toISOString();
  const next: Condition = { ...change, message: change.message.slice(0, 1024), lastTransitionTime };
  return old ? conditions.map((c) => (c.type === change.type ? next : c)) : [...conditions, next];
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((c) => c.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

export function isFalse(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'False';
}
