import { z } from 'zod';
import { APPS, type AppName, DEFAULT_APP } from './apps.ts';
import { conditionsSchema } from './conditions.ts';
import { DEFAULT_RESOLUTION_TIMEOUT_SECONDS, DEFAULT_TTL_SECONDS } from './defaults.ts';
import type { GymObject } from './object.ts';

const dnsLabel = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

export const targetSchema = z.object({
  namespace: dnsLabel.meta({ description: 'Plain namespace of the app, for example payments' }),
  name: dnsLabel.meta({ description: 'Deployment that is broken' }),
  container: dnsLabel.optional().meta({ description: 'Container of the Deployment; its first one by default' }),
});
export type Target = z.infer<typeof targetSchema>;

export const paramsSchema = z.record(z.string().max(63), z.string().max(256)).meta({ maxProperties: 16 });
export type Params = Record<string, string>;

/** `types` are the fault types this build knows: an unknown one is refused by the API server. */
export const faultTypeSchema = (types: readonly string[]) => (types.length ? z.enum(types as [string, ...string[]]) : z.string().max(64));

/** One fault to inject. */
export const faultSpecSchema = (types: readonly string[]) =>
  z.object({
    type: faultTypeSchema(types),
    target: targetSchema,
    params: paramsSchema.optional().meta({ description: 'Parameters of the fault; every one has a default' }),
  });
export type FaultSpec = { type: string; target: Target; params?: Params };

/** Something that looks like a lead and is none. `kinds` are those this build knows: an unknown one is refused by the API server. */
const redHerringSpecSchema = (kinds: readonly string[]) =>
  z.object({
    kind: kinds.length ? z.enum(kinds as [string, ...string[]]) : z.string().max(64),
    target: targetSchema.omit({ container: true }),
    params: paramsSchema.optional().meta({ description: 'Parameters; every one has a default' }),
  });
export type RedHerringSpec = { kind: string; target: Target; params?: Params };

export const alertSchema = z.object({
  severity: z.enum(['critical', 'warning', 'info']),
  title: z.string().min(1).max(200),
  message: z.string().min(1).max(2000),
});
export type Alert = z.infer<typeof alertSchema>;

const resolutionSchema = z.object({
  holdSeconds: z
    .int()
    .min(1)
    .max(600)
    .optional()
    .meta({ description: 'Least time everything must stay healthy; raised to what the faults need' }),
  timeoutSeconds: z.int().min(30).max(86400).default(DEFAULT_RESOLUTION_TIMEOUT_SECONDS),
});

/** What an Episode may carry inline: an Incident's spec without its TTL (the Episode owns the Incident). */
export const inlineIncidentSchema = (types: readonly string[] = [], redHerringKinds: readonly string[] = []) =>
  z.object({
    app: z.enum(APPS).default(DEFAULT_APP).meta({ description: 'Which copy of the sample app it happens in' }),
    faults: z.array(faultSpecSchema(types)).max(5).default([]).meta({ 'x-kubernetes-list-type': 'atomic' }),
    redHerrings: z
      .array(redHerringSpecSchema(redHerringKinds))
      .max(4)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'atomic', description: 'Harmless things beside the faults that look like leads' }),
    alert: alertSchema.optional().meta({ description: 'The page the on-call gets; made from the faults when absent' }),
    difficulty: z.number().min(0).max(1).optional(),
    resolution: resolutionSchema.prefault({}),
  });

export const incidentSpecSchema = (types: readonly string[] = [], redHerringKinds: readonly string[] = []) =>
  inlineIncidentSchema(types, redHerringKinds).extend({
    ttlSecondsAfterFinished: z.int().min(0).max(604800).default(DEFAULT_TTL_SECONDS),
  });

export interface InlineIncident {
  app?: AppName;
  faults: FaultSpec[];
  redHerrings?: RedHerringSpec[];
  alert?: Alert;
  difficulty?: number;
  resolution?: { holdSeconds?: number; timeoutSeconds?: number };
}
export interface IncidentSpec extends InlineIncident {
  ttlSecondsAfterFinished?: number;
}

/** Pending: nothing was written. Injecting: parameters are recorded, mutations may have begun. Injected: never injected again. */
export const FAULT_STATES = ['Pending', 'Injecting', 'Injected'] as const;

const faultStatusSchema = z.object({
  type: z.string().max(64),
  target: targetSchema,
  params: paramsSchema.optional(),
  state: z.enum(FAULT_STATES),
  injectedTime: z.iso.datetime().max(40).optional(),
  symptomTime: z.iso.datetime().max(40).optional(),
  symptom: z.string().max(512).optional(),
  fixed: z.boolean().optional(),
});
export type FaultStatus = z.infer<typeof faultStatusSchema>;

const redHerringStatusSchema = z.object({
  kind: z.string().max(64),
  target: targetSchema,
  params: paramsSchema.optional(),
  state: z.enum(FAULT_STATES),
});
export type RedHerringStatus = z.infer<typeof redHerringStatusSchema>;

const workloadHealthSchema = z.object({
  workload: z.string().max(130).meta({ description: 'namespace/name, plain' }),
  healthy: z.boolean(),
  reason: z.string().max(64).optional(),
  message: z.string().max(512).optional(),
});
export type WorkloadHealth = z.infer<typeof workloadHealthSchema>;

export const incidentStatusSchema = z.object({
  observedGeneration: z.int().min(0).optional(),
  phase: z.string().max(32).optional().meta({ description: 'For people; derived from the conditions' }),
  alert: alertSchema.optional(),
  arena: z.string().max(63).optional(),
  namespaces: z.record(z.string().max(63), z.string().max(63)).meta({ maxProperties: 16 }).optional(),
  where: z.string().max(512).optional().meta({ description: 'The namespaces to look at, in one line' }),
  faults: z.array(faultStatusSchema).max(5).optional(),
  redHerrings: z.array(redHerringStatusSchema).max(4).optional(),
  health: z.array(workloadHealthSchema).max(64).optional(),
  holdSeconds: z.int().min(0).optional().meta({ description: 'Seconds all must stay healthy before it counts as resolved' }),
  symptomTime: z.iso.datetime().max(40).optional(),
  resolvedTime: z.iso.datetime().max(40).optional(),
  finishedTime: z.iso.datetime().max(40).optional(),
  conditions: conditionsSchema.optional(),
});
export type IncidentStatus = z.infer<typeof incidentStatusSchema>;
export type Incident = GymObject<IncidentSpec, IncidentStatus>;
