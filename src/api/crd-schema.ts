import { z } from 'zod';

/** A node of a structural schema, or of what zod made before it was one. */
export type JsonSchema = Record<string, unknown> & {
  type?: string;
  format?: string;
  pattern?: string;
  enum?: unknown[];
  required?: string[];
  minimum?: number;
  maximum?: number;
  nullable?: boolean;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  maxItems?: number;
  maxProperties?: number;
};

/** A zod schema that has no structural form; `path` says where, as in `spec.faults[].type`. */
export class CrdSchemaError extends Error {
  readonly path: string;
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.name = 'CrdSchemaError';
    this.path = path;
  }
}

/** What the API server takes in a structural schema; all else ($schema, propertyNames, …) is dropped. */
const ALLOWED = new Set(
  `type format description title default enum minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern
   minItems maxItems minProperties maxProperties required nullable properties additionalProperties items anyOf oneOf allOf`.split(/\s+/),
);
/** Formats that the API server checks itself, so that their patterns may go. */
const KNOWN_FORMATS = new Set(['date-time', 'date', 'duration', 'email', 'uri', 'hostname', 'ipv4', 'ipv6', 'cidr', 'uuid', 'byte', 'mac']);
/** Lookaround and back references: RE2 has neither. */
const NOT_RE2 = /\(\?<?[=!]|\\[1-9]|\\k</;
const INT32 = 2 ** 31;
const SAFE = Number.MAX_SAFE_INTEGER;
const INT_OR_STRING = 'x-kubernetes-int-or-string';
const PRESERVE_UNKNOWN = 'x-kubernetes-preserve-unknown-fields';
const VALIDATIONS = 'x-kubernetes-validations';

/**
 * Structural schema (apiextensions.k8s.io/v1) of a zod schema: what may be written, defaults included. Throws CrdSchemaError for what has no
 * such form, and for lists and maps without a bound, which would make CEL too costly.
 */
export function toStructuralSchema(schema: z.ZodType, path: string): JsonSchema {
  let raw: JsonSchema;
  try {
    raw = z.toJSONSchema(schema, {
      target: 'openapi-3.0',
      io: 'input',
      unrepresentable: 'throw',
      cycles: 'throw',
      reused: 'inline',
    }) as JsonSchema;
  } catch (error) {
    throw new CrdSchemaError(path, (error as Error).message);
  }
  return structural(raw, path);
}

function structural(source: JsonSchema, path: string): JsonSchema {
  if (source.$ref) throw new CrdSchemaError(path, '$ref (recursion or .meta({id})) has no structural form');
  let node: JsonSchema = Object.fromEntries(Object.entries(source).filter(([key]) => ALLOWED.has(key) || key.startsWith('x-kubernetes-')));
  if (node.anyOf ?? node.oneOf) {
    const { anyOf, oneOf, ...rest } = node;
    return union(anyOf ?? oneOf ?? [], rest, path);
  }
  if (node.allOf) node = mergeAll(node, path);
  if (!node.type && !node[INT_OR_STRING]) node[PRESERVE_UNKNOWN] = true;
  if (node.type === 'integer') boundInteger(node);
  if (node.type === 'string') fixString(node, path);
  if (node.nullable && node.enum) enumToRule(node);
  if (node.type === 'object') fixObject(node, path);
  if (node.type === 'array') fixArray(node, path);
  return node;
}

/** z.int() carries the bounds of a double; formats say how the server stores it. */
function boundInteger(node: JsonSchema): void {
  if (node.minimum === -SAFE) delete node.minimum;
  if (node.maximum === SAFE) delete node.maximum;
  const { minimum = -Infinity, maximum = Infinity } = node;
  node.format ??= minimum >= -INT32 && maximum < INT32 ? 'int32' : 'int64';
}

function fixString(node: JsonSchema, path: string): void {
  if (node.format === 'cidrv4' || node.format === 'cidrv6') node.format = 'cidr';
  if (node.format && KNOWN_FORMATS.has(node.format)) delete node.pattern;
  if (node.pattern && NOT_RE2.test(node.pattern)) throw new CrdSchemaError(path, `the pattern is not RE2: ${node.pattern}`);
}

/** The API server refuses null beside an enum even when the enum lists it. */
function enumToRule(node: JsonSchema): void {
  const values = (node.enum ?? []).filter((value) => value !== null);
  const rules = (node[VALIDATIONS] as unknown[] | undefined) ?? [];
  node[VALIDATIONS] = [...rules, { rule: `self in ${JSON.stringify(values)}`, message: `must be one of ${values.join(', ')}` }];
  delete node.enum;
}

function fixObject(node: JsonSchema, path: string): void {
  const extra = node.additionalProperties;
  const loose = typeof extra === 'object' && Object.keys(extra).length === 0;
  delete node.additionalProperties;
  if (node.properties) {
    if (loose) node[PRESERVE_UNKNOWN] = true;
    node.properties = mapValues(node.properties, (child, key) => structural(child, `${path}.${key}`));
    return;
  }
  delete node.required;
  if (typeof extra === 'object' && !loose) {
    node.additionalProperties = structural(extra, `${path}.*`);
    if (node.maxProperties === undefined) throw new CrdSchemaError(path, 'a map needs a bound: .meta({ maxProperties: N })');
  } else if (extra !== false) node[PRESERVE_UNKNOWN] = true;
}

function fixArray(node: JsonSchema, path: string): void {
  if (node.maxItems === undefined) throw new CrdSchemaError(path, 'a list needs a bound: .max(N)');
  if (node.items) node.items = structural(node.items, `${path}[]`);
}

function mergeAll(node: JsonSchema, path: string): JsonSchema {
  const { allOf = [], ...rest } = node;
  const merged: JsonSchema = { ...rest, type: 'object' };
  for (const part of allOf) {
    if (part.type !== 'object') throw new CrdSchemaError(path, `an intersection with ${part.type ?? 'a union'} has no structural form`);
    merged.properties = { ...merged.properties, ...part.properties };
    merged.required = [...new Set([...(merged.required ?? []), ...(part.required ?? [])])];
  }
  if (merged.required?.length === 0) delete merged.required;
  return merged;
}

function union(variants: JsonSchema[], rest: JsonSchema, path: string): JsonSchema {
  const kinds = variants.map((v) => v.type ?? 'any').sort();
  if (['integer,string', 'number,string'].includes(kinds.join())) return { ...rest, [INT_OR_STRING]: true };
  if (variants.every((v) => v.type === 'object' && v.properties)) return objectUnion(variants, rest, path);
  const shapes = new Set(variants.map((v) => JSON.stringify({ ...v, enum: undefined })));
  if (shapes.size === 1 && variants[0]) {
    const values = variants.flatMap((v) => v.enum ?? []);
    return { ...structural(variants[0], path), ...(values.length ? { enum: values } : {}), ...rest };
  }
  if (rest[PRESERVE_UNKNOWN]) return rest;
  throw new CrdSchemaError(path, `a union of ${kinds.join(' and ')} has no structural form`);
}

/** Properties of all variants side by side; which may go together is said with values and required alone, as structural schemas demand. */
function objectUnion(variants: JsonSchema[], rest: JsonSchema, path: string): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const variant of variants) {
    for (const [key, child] of Object.entries(variant.properties ?? {})) {
      const at = `${path}.${key}`;
      const next = structural(child, at);
      const known = properties[key];
      if (!known) properties[key] = next;
      else if (known.enum && next.enum) known.enum = [...new Set([...known.enum, ...next.enum])];
      else if (JSON.stringify(known) !== JSON.stringify(next))
        throw new CrdSchemaError(at, 'the variants of a union disagree about this property');
    }
  }
  const required = variants[0]?.required?.filter((key) => variants.every((v) => v.required?.includes(key))) ?? [];
  const oneOf = variants.map((variant) => {
    const tags = Object.entries(variant.properties ?? {}).filter(([, child]) => child.enum);
    const values = Object.fromEntries(tags.map(([key, child]) => [key, { enum: child.enum }]));
    return { ...(tags.length ? { properties: values } : {}), required: variant.required ?? [] } as JsonSchema;
  });
  return { ...rest, type: 'object', properties, ...(required.length ? { required } : {}), oneOf };
}

function mapValues(record: Record<string, JsonSchema>, map: (value: JsonSchema, key: string) => JsonSchema): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
