import { expect, test } from '@jest/globals';
import { negotiateAccept } from './accept.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
test.each([
  [
    'kubectl get',
    `${table},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`,
    `${table},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`,
  ],
  ['a typed client', 'application/vnd.kubernetes.protobuf,application/json', 'application/json'],
  ['protobuf alone', 'application/vnd.kubernetes.protobuf', 'application/json'],
  ['a protobuf watch', 'application/vnd.kubernetes.protobuf;stream=watch, application/cbor', 'application/json'],
  ['--raw', 'application/json, */*', 'application/json,*/*'],
  ['nothing', undefined, 'application/json'],
])('%s: JSON in its forms is kept', (_, header, expected) => expect(negotiateAccept(header)).toBe(expected));
