import { describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { visibleDocument, visibleOpenApiProtobuf } from './documents.ts';

const hidden = { groups: ['kubesregym.dev'], managers: /gym/ };

describe('discovery and OpenAPI documents', () => {
  test('plain and aggregated discovery lose the hidden group', () => {
    expect(visibleDocument({ kind: 'APIGroupList', groups: [{ name: 'apps' }, { name: 'kubesregym.dev' }] }, hidden)).toEqual({
      kind: 'APIGroupList',
      groups: [{ name: 'apps' }],
    });
    const items = [{ metadata: {} }, { metadata: { name: 'kubesregym.dev' } }, { metadata: { name: 'apps' } }];
    expect(visibleDocument({ kind: 'APIGroupDiscoveryList', items }, hidden)).toEqual({
      kind: 'APIGroupDiscoveryList',
      items: [items[0], items[2]],
    });
  });
  test('OpenAPI v2 and the index of v3 lose its paths and definitions', () => {
    const paths = {
      '/apis/kubesregym.dev/v1alpha1/incidents': 1,
      '/apis/apps/v1/deployments': 2,
      'apis/kubesregym.dev/v1alpha1': 3,
      'apis/apps/v1': 4,
    };
    const definitions = { 'dev.kubesregym.v1alpha1.Incident': 1, 'io.k8s.api.core.v1.Pod': 2 };
    expect(visibleDocument({ paths, definitions }, hidden)).toEqual({
      paths: { '/apis/apps/v1/deployments': 2, 'apis/apps/v1': 4 },
      definitions: { 'io.k8s.api.core.v1.Pod': 2 },
    });
  });
  test('OpenAPI v2 as protobuf loses them too and keeps every other byte', () => {
    const field = (number: number, content: Uint8Array) =>
      protobuf.Writer.create()
        .uint32((number << 3) | 2)
        .bytes(content)
        .finish();
    const entry = (name: string) => Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from('schema'))]);
    const build = (paths: string[], definitions: string[]) =>
      Buffer.concat([
        field(1, Buffer.from('2.0')),
        field(8, Buffer.concat(paths.map((name) => field(2, entry(name))))),
        field(9, Buffer.concat(definitions.map((name) => field(1, entry(name))))),
      ]);
    const full = build(
      ['/api/v1/pods', '/apis/kubesregym.dev/v1alpha1/incidents'],
      ['dev.kubesregym.v1alpha1.Incident', 'io.k8s.api.core.v1.Pod'],
    );
    expect(visibleOpenApiProtobuf(full, hidden)).toEqual(build(['/api/v1/pods'], ['io.k8s.api.core.v1.Pod']));
  });
});
