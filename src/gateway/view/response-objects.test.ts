import { describe, expect, test } from '@jest/globals';
import { plainJson, plainWatchEvent } from './response-objects.ts';

const id = 'k3x9q2m7ab';
const arena = { id, plain: ['payments'] };
const hidden = { groups: ['kubesregym.dev'], managers: /gym/i };
const plain = (document: object) => JSON.parse(plainJson(document, arena, hidden));
const base64 = (text: string) => Buffer.from(text).toString('base64');

const gymMetadata = {
  name: 'x',
  namespace: `payments-${id}`,
  labels: { 'kubesregym.dev/arena': 'a', app: 'x' },
  annotations: { 'sub.kubesregym.dev/y': 'z' },
  finalizers: ['kubesregym.dev/cleanup'],
  ownerReferences: [{ apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Arena', name: 'a' }],
  managedFields: [
    { manager: 'kube-sre-gym', fieldsV1: { 'f:x': {} } },
    { manager: 'kubectl', fieldsV1: { 'f:metadata': { 'f:labels': { 'f:kubesregym.dev/arena': {}, 'f:app': {} } } } },
  ],
};
const shownMetadata = {
  name: 'x',
  namespace: 'payments',
  labels: { app: 'x' },
  managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:metadata': { 'f:labels': { 'f:app': {} } } } }],
};

describe('objects towards the agent', () => {
  test('lose the id, and labels, annotations, finalizers, owners and managers of the gym', () => {
    expect(plain({ kind: 'Namespace', metadata: gymMetadata })).toEqual({ kind: 'Namespace', metadata: shownMetadata });
  });
  test('also as items of a list, rows of a Table and events of a watch', () => {
    expect(plain({ kind: 'PodList', items: [{ metadata: gymMetadata }] })).toEqual({
      kind: 'PodList',
      items: [{ metadata: shownMetadata }],
    });
    expect(
      plain({
        kind: 'Table',
        rows: [
          { cells: [`payments-${id}`], object: { metadata: gymMetadata } },
          { cells: ['-'], object: null },
        ],
      }),
    ).toEqual({
      kind: 'Table',
      rows: [
        { cells: ['payments'], object: { metadata: shownMetadata } },
        { cells: ['-'], object: null },
      ],
    });
    expect(JSON.parse(plainWatchEvent(JSON.stringify({ type: 'ADDED', object: { metadata: gymMetadata } }), arena, hidden))).toEqual({
      type: 'ADDED',
      object: { metadata: shownMetadata },
    });
  });
  test('bookmarks keep the annotation that ends the initial events', () => {
    const bookmark = {
      type: 'BOOKMARK',
      object: { kind: 'Pod', metadata: { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } } },
    };
    expect(JSON.parse(plainWatchEvent(JSON.stringify(bookmark), arena, hidden))).toEqual(bookmark);
  });
  test('Secret data is plain inside its base64, in lists that do not repeat the kind too', () => {
    const data = { url: base64(`db.payments-${id}.svc`) };
    expect(plain({ kind: 'Secret', data })).toEqual({ kind: 'Secret', data: { url: base64('db.payments.svc') } });
    expect(plain({ kind: 'SecretList', items: [{ data }] })).toEqual({
      kind: 'SecretList',
      items: [{ data: { url: base64('db.payments.svc') } }],
    });
  });
  test('nodes do not tell which images they hold', () => {
    expect(plain({ kind: 'NodeList', items: [{ status: { images: ['a'], phase: 'x' } }] })).toEqual({
      kind: 'NodeList',
      items: [{ status: { phase: 'x' } }],
    });
    expect(plain({ kind: 'Table', rows: [{ object: { kind: 'Node', status: { images: [] } } }] })).toEqual({
      kind: 'Table',
      rows: [{ object: { kind: 'Node', status: {} } }],
    });
  });
});
