/** Request bodies: decoded whole whatever their encoding, mapped to real names, encoded again. Pure. */
import { parse as parseYaml } from 'yaml';
import { type ArenaNames, type BodyKind, decodeUtf8, toRealValue } from '../../kube/arena-names.ts';
import { decodeProtobuf, UnknownProtobufKind } from './protobuf.ts';
import { badRequest, type Status, unsupportedMediaType } from './status.ts';

export interface RequestBody {
  /** The content as the client sent it. */
  readonly value: unknown;
  /** Bytes for the API server, of content in real names. */
  encode(value: unknown): Buffer;
}

/** A body that cannot be mapped, with the answer to give. */
export class UnreadableBody extends Error {
  readonly status: Status;
  constructor(status: Status) {
    super(status.message);
    this.status = status;
  }
}

const JSON_TYPES = [
  'application/json',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];
const YAML_TYPES = ['application/yaml', 'application/apply-patch+yaml'];
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

/** Decodes a body by its content type; throws UnreadableBody for types, kinds and bytes that it cannot map. */
export function decodeBody(bytes: Buffer, contentType: string | undefined): RequestBody {
  const type = (contentType ?? 'application/json').split(';', 1)[0].trim().toLowerCase();
  if (type === PROTOBUF_TYPE) return protobufBody(bytes);
  if (!JSON_TYPES.includes(type) && !YAML_TYPES.includes(type)) {
    throw new UnreadableBody(
      unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: ${[...JSON_TYPES, ...YAML_TYPES, PROTOBUF_TYPE].join(', ')}`,
      ),
    );
  }
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new UnreadableBody(badRequest('the body of the request is not UTF-8'));
  return { value: parseText(text, YAML_TYPES.includes(type)), encode: (value) => Buffer.from(JSON.stringify(value)) };
}

/** The content of a body in real names. */
export function realBody(body: RequestBody, arena: ArenaNames, kind: BodyKind): unknown {
  return toRealValue(body.value, arena, kind);
}

function parseText(text: string, yaml: boolean): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!yaml) throw new UnreadableBody(badRequest(`the body of the request is not JSON: ${(error as Error).message}`));
  }
  try {
    return parseYaml(text);
  } catch (error) {
    throw new UnreadableBody(badRequest(`the body of the request is not YAML: ${(error as Error).message.split('\n', 1)[0]}`));
  }
}

function protobufBody(bytes: Buffer): RequestBody {
  try {
    const message = decodeProtobuf(bytes);
    return {
      value: { apiVersion: message.apiVersion, kind: message.kind, ...message.object },
      encode: (value) => {
        const { apiVersion: _version, kind: _kind, ...object } = value as Record<string, unknown>;
        return message.encode(object);
      },
    };
  } catch (error) {
    if (error instanceof UnknownProtobufKind) {
      throw new UnreadableBody(unsupportedMediaType(`cannot read ${error.message} as protobuf here; send it as application/json`));
    }
    throw new UnreadableBody(badRequest(`the body of the request is not Kubernetes protobuf: ${(error as Error).message}`));
  }
}
