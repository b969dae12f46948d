/** Discovery and OpenAPI documents without the hidden API groups. Pure. */
import protobuf from 'protobufjs';
import { type Hidden, isHiddenKey } from './response-objects.ts';

type Json = Record<string, unknown>;

/** A JSON document of /api, /apis, /openapi/v2 or /openapi/v3 without what belongs to hidden groups. */
export function visibleDocument(document: Json, hidden: Hidden): Json {
  const shown = (name: unknown) => !isHiddenKey(String(name ?? ''), hidden);
  const result = { ...document };
  if (Array.isArray(result.groups)) result.groups = result.groups.filter((group) => shown(group?.name));
  if (result.kind === 'APIGroupDiscoveryList' && Array.isArray(result.items)) {
    result.items = result.items.filter((item) => shown(item?.metadata?.name));
  }
  for (const field of ['paths', 'definitions'] as const) {
    const map = result[field];
    if (typeof map !== 'object' || map === null || Array.isArray(map)) continue;
    result[field] = Object.fromEntries(Object.entries(map).filter(([key]) => !isHiddenEntry(key, hidden)));
  }
  return result;
}

/** Fields of the OpenAPI v2 protobuf (gnostic's Document): paths and definitions, and in both the list of named entries. */
const ENTRIES: Record<number, number> = { 8: 2, 9: 1 };

/** The protobuf form of /openapi/v2 without the paths and definitions of hidden groups; other bytes are copied. */
export function visibleOpenApiProtobuf(bytes: Buffer, hidden: Hidden): Buffer {
  return filterFields(bytes, (field, content) => {
    const entry = ENTRIES[field];
    if (entry === undefined) return content;
    return filterFields(content, (inner, named) => (inner === entry && isHiddenEntry(entryName(named), hidden) ? undefined : named));
  });
}

/** Rewrites the length-delimited fields of a message; undefined drops one. */
function filterFields(bytes: Buffer, change: (field: number, content: Buffer) => Buffer | undefined): Buffer {
  const reader = protobuf.Reader.create(bytes);
  const parts: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    if ((tag & 7) !== 2) {
      reader.skipType(tag & 7);
      parts.push(bytes.subarray(start, reader.pos));
      continue;
    }
    const length = reader.uint32();
    const content = bytes.subarray(reader.pos, reader.pos + length);
    reader.skip(length);
    const changed = change(tag >>> 3, content);
    if (changed === content) parts.push(bytes.subarray(start, reader.pos));
    else if (changed) parts.push(protobuf.Writer.create().uint32(tag).uint32(changed.length).finish(), changed);
  }
  return Buffer.concat(parts);
}

/** Name of a NamedPathItem or NamedSchema: its field 1. */
function entryName(bytes: Buffer): string {
  const reader = protobuf.Reader.create(bytes);
  return reader.uint32() === 10 ? reader.string() : '';
}

/** A path (/apis/GROUP/..., or as OpenAPI v3 has it apis/GROUP/...) or a definition, whose name has the group's domain backwards. */
function isHiddenEntry(key: string, hidden: Hidden): boolean {
  const group = /^\/?apis\/([^/]+)/.exec(key)?.[1];
  if (group) return isHiddenKey(group, hidden);
  return hidden.groups.some((name) => key.startsWith(`${name.split('.').reverse().join('.')}.`));
}
