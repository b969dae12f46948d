import { z } from 'zod';
import { APPS, DEFAULT_APP } from './apps.ts';
import { conditionsSchema } from './conditions.ts';
import type { GymObject } from './object.ts';

/** One private, throw-away copy of the app: claimed once, then deleted. */
export const arenaSpecSchema = z.object({
  app: z.enum(APPS).default(DEFAULT_APP).meta({ description: 'What it is a copy of' }),
  claimRef: z
    .object({ name: z.string().min(1).max(253), uid: z.string().min(1).max(64) })
    .optional()
    .meta({ description: 'The Incident that owns this arena; set once' }),
});
export type ArenaSpec = z.input<typeof arenaSpecSchema>;

export const arenaStatusSchema = z.object({
  observedGeneration: z.int().min(0).optional(),
  phase: z.string().max(32).optional(),
  id: z
    .string()
    .regex(/^[a-z][a-z0-9]{9,31}$/)
    .max(32)
    .optional()
    .meta({ description: 'Suffix of the namespaces; written before any of them is made' }),
  namespaces: z.record(z.string().max(63), z.string().max(63)).meta({ maxProperties: 16 }).optional(),
  readyTime: z.iso.datetime().max(40).optional(),
  conditions: conditionsSchema.optional(),
});
export type ArenaStatus = z.infer<typeof arenaStatusSchema>;
export type Arena = GymObject<ArenaSpec, ArenaStatus>;
