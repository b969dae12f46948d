import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { FAULT_TYPES } from '../faults/index.ts';
import { type Curriculum, curriculumSpecSchema } from './curriculum.ts';

test('the example is a Curriculum, and every field of it is known', () => {
  const example = parse(readFileSync(new URL('../../examples/curriculum.yaml', import.meta.url), 'utf8')) as Curriculum;
  expect(example).toMatchObject({ apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Curriculum' });
  expect(curriculumSpecSchema(FAULT_TYPES).parse(example.spec)).toMatchObject(example.spec);
});
