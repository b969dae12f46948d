import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** A kind that the descriptors do not know, so that its protobuf body cannot be mapped. */
export class UnknownProtobufKind extends Error {}

/** One decoded body: its kind, the message as a plain object (bytes as Uint8Array) and the way back. */
export interface ProtobufBody {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: Record<string, unknown>;
  /** Bytes of the same kind with another content, in Kubernetes' envelope. */
  encode(object: Record<string, unknown>): Buffer;
}

interface PackageLine {
  package: string;
  group?: string;
  messages: Record<string, protobuf.IType>;
}

const MAGIC = Buffer.from('k8s\0');
const META = 'k8s.io.apimachinery.pkg.apis.meta.v1';
let loaded: { root: protobuf.Root; packages: Map<string, string> } | undefined;

/**
 * Decodes a request body in Kubernetes' protobuf encoding (magic number, runtime.Unknown, message).
 * Throws UnknownProtobufKind when there is no descriptor for its kind, and another Error when the bytes are not such a message.
 */
export function decodeProtobuf(body: Buffer): ProtobufBody {
  if (!body.subarray(0, 4).equals(MAGIC)) throw new Error('the body does not start with the magic number of Kubernetes protobuf');
  const { root, packages } = descriptors();
  const unknown = root.lookupType('k8s.io.apimachinery.pkg.runtime.Unknown');
  const envelope = unknown.toObject(unknown.decode(body.subarray(4)));
  if (envelope.contentEncoding) throw new Error(`content encoding ${JSON.stringify(envelope.contentEncoding)} is not supported`);
  const { apiVersion = '', kind = '' } = envelope.typeMeta ?? {};
  const slash = apiVersion.indexOf('/');
  const group = apiVersion.slice(0, Math.max(slash, 0));
  const home = packages.get(`${group}/${apiVersion.slice(slash + 1)}`);
  // Options such as DeleteOptions travel under the version of the kind that they are for.
  const type = find(root, home && `${home}.${kind}`) ?? find(root, `${META}.${kind}`);
  if (!type) throw new UnknownProtobufKind(`${kind || 'an object without a kind'} of ${apiVersion || 'no API version'}`);
  return {
    apiVersion,
    kind,
    object: type.toObject(type.decode(envelope.raw ?? new Uint8Array())),
    encode: (object) =>
      Buffer.concat([
        MAGIC,
        unknown.encode(unknown.fromObject({ ...envelope, raw: type.encode(type.fromObject(object)).finish() })).finish(),
      ]),
  };
}

function find(root: protobuf.Root, path: string | undefined): protobuf.Type | undefined {
  const found = path ? root.lookup(path, protobuf.Type) : null;
  return found instanceof protobuf.Type ? found : undefined;
}

/** Loaded at the first protobuf body (about 40 ms): most sessions of old clients never need it. */
function descriptors(): NonNullable<typeof loaded> {
  if (loaded) return loaded;
  const root = new protobuf.Root();
  const packages = new Map<string, string>();
  for (const line of readFileSync(new URL('kubernetes-protobuf.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')) {
    const { package: name, group, messages } = JSON.parse(line) as PackageLine;
    const namespace = root.define(name);
    for (const [message, json] of Object.entries(messages)) namespace.add(protobuf.Type.fromJSON(message, json));
    if (group !== undefined) packages.set(`${group}/${name.slice(name.lastIndexOf('.') + 1)}`, name);
  }
  loaded = { root, packages };
  return loaded;
}
