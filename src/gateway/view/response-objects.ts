/** What an agent may see of an API object. Pure. */
import { type ArenaNames, toPlain, toPlainValue } from '../../kube/arena-names.ts';

/** What never shows, whoever wrote it. */
export interface Hidden {
  /** API groups, also as the domain of label, annotation and finalizer keys. */
  readonly groups: readonly string[];
  /** Field managers that would tell of the gym. */
  readonly managers: RegExp;
}

type Json = Record<string, unknown>;

/** A document (object, list, Table, watch event, Status) as JSON text in the arena's plain names and without what is hidden. */
export function plainJson(document: unknown, arena: ArenaNames, hidden: Hidden): string {
  return toPlain(JSON.stringify(clean(document, arena, hidden)), arena);
}

/** As plainJson, for one frame of a watch. */
export function plainWatchEvent(line: string, arena: ArenaNames, hidden: Hidden): string {
  const event = JSON.parse(line) as Json;
  return plainJson({ ...event, object: clean(event.object, arena, hidden) }, arena, hidden);
}

function clean(value: unknown, arena: ArenaNames, hidden: Hidden): unknown {
  if (!isJson(value)) return value;
  let object = value;
  if (isJson(object.metadata)) object = { ...object, metadata: cleanMetadata(object.metadata, arena, hidden) };
  if (Array.isArray(object.items)) object = { ...object, items: object.items.map((item) => cleanItem(item, object.kind, arena, hidden)) };
  if (object.kind === 'Table' && Array.isArray(object.rows)) {
    object = {
      ...object,
      rows: object.rows.map((row) => (isJson(row) && isJson(row.object) ? { ...row, object: clean(row.object, arena, hidden) } : row)),
    };
  }
  // base64 hides the id from what strips it off text.
  if (object.kind === 'Secret') object = toPlainValue(object, arena) as Json;
  // Image names of every arena and of the gym itself stand in a node's status.
  if (object.kind === 'Node' && isJson(object.status)) object = { ...object, status: without(object.status, (key) => key === 'images') };
  return object;
}

/** Items of a typed list carry no kind of their own. */
function cleanItem(item: unknown, listKind: unknown, arena: ArenaNames, hidden: Hidden): unknown {
  if (!isJson(item) || item.kind !== undefined || typeof listKind !== 'string' || !listKind.endsWith('List'))
    return clean(item, arena, hidden);
  const cleaned = clean({ ...item, kind: listKind.slice(0, -'List'.length) }, arena, hidden) as Json;
  return without(cleaned, (key) => key === 'kind');
}

function cleanMetadata(metadata: Json, arena: ArenaNames, hidden: Hidden): Json {
  const result = { ...metadata };
  if (isJson(result.annotations)) result.annotations = toPlainValue(result.annotations, arena);
  for (const field of ['labels', 'annotations'] as const) {
    const map = result[field];
    if (!isJson(map)) continue;
    const kept = without(map, (key) => isHiddenKey(key, hidden));
    if (Object.keys(kept).length > 0 || Object.keys(map).length === 0) result[field] = kept;
    else delete result[field];
  }
  if (Array.isArray(result.finalizers)) {
    const kept = result.finalizers.filter((finalizer) => !isHiddenKey(String(finalizer), hidden));
    if (kept.length > 0) result.finalizers = kept;
    else delete result.finalizers;
  }
  if (Array.isArray(result.ownerReferences)) {
    const kept = result.ownerReferences.filter((owner) => !isJson(owner) || !isHiddenKey(String(owner.apiVersion), hidden));
    if (kept.length > 0) result.ownerReferences = kept;
    else delete result.ownerReferences;
  }
  if (Array.isArray(result.managedFields)) {
    result.managedFields = result.managedFields
      .filter((entry) => !isJson(entry) || !hidden.managers.test(String(entry.manager)))
      .map((entry) => (isJson(entry) ? { ...entry, fieldsV1: cleanFields(entry.fieldsV1, hidden) } : entry));
  }
  return result;
}

function cleanFields(fields: unknown, hidden: Hidden): unknown {
  if (!isJson(fields)) return fields;
  const kept = without(fields, (key) => /^[fv]:/.test(key) && isHiddenKey(key.slice(2).replace(/^"|"$/g, ''), hidden));
  return Object.fromEntries(Object.entries(kept).map(([key, value]) => [key, cleanFields(value, hidden)]));
}

/** Whether a label, annotation or finalizer key, or an API version, is of a hidden group. */
export function isHiddenKey(key: string, hidden: Hidden): boolean {
  const domain = key.split('/', 1)[0];
  return hidden.groups.some((group) => domain === group || domain.endsWith(`.${group}`));
}

function without(object: Json, drop: (key: string) => boolean): Json {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !drop(key)));
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
