import { describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { decodeProtobuf } from './protobuf.ts';
import { decodeBody, realBody, UnreadableBody } from './request-body.ts';

const id = 'k3x9q2m7ab';
const arena = { id, plain: ['payments', 'auth'] };
const rewrite = (bytes: Buffer, type: string, kind = {}) => {
  const body = decodeBody(bytes, type);
  return body.encode(realBody(body, arena, kind));
};
const status = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof UnreadableBody) return `${error.status.code} ${error.status.message}`;
    throw error;
  }
};

/** A body as kubectl makes it: only an envelope of field numbers, written here by hand. */
const envelope = (apiVersion: string, kind: string, raw: Uint8Array) => {
  const type = protobuf.Writer.create().uint32(10).string(apiVersion).uint32(18).string(kind).finish();
  return Buffer.concat([
    Buffer.from('k8s\0'),
    protobuf.Writer.create().uint32(10).bytes(type).uint32(18).bytes(raw).uint32(26).string('').uint32(34).string('').finish(),
  ]);
};
const field = (number: number, content: string | Uint8Array) =>
  protobuf.Writer.create()
    .uint32((number << 3) | 2)
    .bytes(typeof content === 'string' ? Buffer.from(content) : content)
    .finish();
const message = (...parts: Uint8Array[]) => Buffer.concat(parts);

describe('bodies', () => {
  test('JSON and patches', () => {
    expect(rewrite(Buffer.from('{"metadata":{"namespace":"auth"}}'), 'application/json').toString()).toBe(
      `{"metadata":{"namespace":"auth-${id}"}}`,
    );
    expect(
      rewrite(Buffer.from('[{"op":"replace","path":"/spec/host","value":"x.auth.svc"}]'), 'application/json-patch+json').toString(),
    ).toContain(`x.auth-${id}.svc`);
  });
  test('YAML of a server-side apply', () => {
    expect(JSON.parse(rewrite(Buffer.from('metadata:\n  namespace: auth\n'), 'application/apply-patch+yaml').toString())).toEqual({
      metadata: { namespace: `auth-${id}` },
    });
  });
  test('of two equal keys the last one counts, for us and for the API server', () => {
    const text = '{"metadata":{"namespace":"auth"},"metadata":{"namespace":"kube-system"}}';
    expect(rewrite(Buffer.from(text), 'application/json').toString()).toBe('{"metadata":{"namespace":"kube-system"}}');
  });
  test.each([
    ['{', 'application/json', /^400 .*not JSON/],
    ['a: [', 'application/yaml', /^400 .*not YAML/],
    ['x', 'application/apply-patch+cbor', /^415 .*accepted media types/],
    ['x', 'application/vnd.kubernetes.protobuf', /^400 .*magic number/],
    ['k8s\0\xff\xff', 'application/vnd.kubernetes.protobuf', /^400 /],
  ])('%j as %s is answered with %s', (text, type, expected) => {
    expect(status(() => rewrite(Buffer.from(text, 'latin1'), type))).toMatch(expected);
  });
  test('YAML that grows by its aliases is refused', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(',')}]`).join('\n')}`;
    expect(status(() => decodeBody(Buffer.from(bomb), 'application/yaml'))).toMatch(/^400 .*alias/i);
  });
});

describe('protobuf bodies', () => {
  const meta = (namespace: string) => message(field(1, 'x'), field(3, namespace));
  test('a ConfigMap is mapped and keeps its other bytes', () => {
    const entry = (value: string) => message(field(1, 'host'), field(2, value));
    const body = (namespace: string, host: string) =>
      envelope('v1', 'ConfigMap', message(field(1, meta(namespace)), field(2, entry(host))));
    expect(rewrite(body('auth', 'db.payments.svc'), 'application/vnd.kubernetes.protobuf')).toEqual(
      body(`auth-${id}`, `db.payments-${id}.svc`),
    );
  });
  test('Secret data is bytes', () => {
    const entry = (value: string | Uint8Array) => message(field(1, 'k'), field(2, value));
    const body = (value: string | Uint8Array) =>
      envelope('v1', 'Secret', message(field(1, meta(`auth-${id}`)), field(2, entry(value)), field(3, 'Opaque')));
    const type = 'application/vnd.kubernetes.protobuf';
    expect(rewrite(body('db.payments.svc'), type, { secret: true })).toEqual(body(`db.payments-${id}.svc`));
    expect(rewrite(body(Buffer.from([255, 0])), type, { secret: true })).toEqual(body(Buffer.from([255, 0])));
  });
  test('groups whose package has another name, and options under the version of their kind', () => {
    expect(decodeProtobuf(envelope('rbac.authorization.k8s.io/v1', 'RoleBinding', field(1, meta('auth')))).object).toMatchObject({
      metadata: { namespace: 'auth' },
    });
    expect(decodeProtobuf(envelope('autoscaling/v2', 'DeleteOptions', field(5, 'All'))).object).toEqual({ dryRun: ['All'] });
    expect(decodeProtobuf(envelope('authorization.k8s.io/v1', 'SelfSubjectAccessReview', new Uint8Array())).object).toEqual({});
  });
  test('a kind without a descriptor gets a sentence', () => {
    expect(status(() => decodeBody(envelope('example.com/v1', 'Widget', new Uint8Array()), 'application/vnd.kubernetes.protobuf'))).toBe(
      '415 cannot read Widget of example.com/v1 as protobuf here; send it as application/json',
    );
  });
});
