import type { z } from 'zod';

/** A column of `kubectl get`; `priority` 1 shows it with -o wide only. Age is added to every kind. */
export interface PrinterColumn {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** Simple JSONPath into the object, for example `.status.phase`. */
  jsonPath: string;
  description?: string;
  priority?: number;
}

/** A CEL rule of the API server over the spec (`self`, `oldSelf`); `oldSelf` makes it a transition rule that runs on updates only. */
export interface ValidationRule {
  rule: string;
  message: string;
}

/** One kind of the gym: everything its CustomResourceDefinition is made from. All kinds are namespaced and share GROUP and VERSION. */
export interface KindDefinition {
  kind: string;
  plural: string;
  singular: string;
  /** One sentence, shown by `kubectl explain`. */
  description: string;
  shortNames: readonly string[];
  categories: readonly string[];
  spec: z.ZodType;
  /** Left out for kinds without a status; else the status subresource is on. */
  status?: z.ZodType;
  printerColumns: readonly PrinterColumn[];
  /** JSONPaths that field selectors may use. */
  selectableFields?: readonly string[];
  specRules?: readonly ValidationRule[];
}
