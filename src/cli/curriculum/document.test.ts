import { describe, expect, test } from '@jest/globals';
import type { Curriculum } from '../../api/curriculum.ts';
import { BLANK_STATUS } from '../../curriculum/fold.ts';
import { known, rulesWith, statusIn } from '../../curriculum/testing.ts';
import { documentOf, parseDocument } from './document.ts';

const { spec } = rulesWith({ groupSize: 4, faults: { deny: ['bad_config'] } });
const status = { ...statusIn('beginner', rulesWith(), { trials: 12, mastery: [known('oom_kill', 0.8)] }), folding: ['a-1'] };
const curriculum = (fields: Partial<Curriculum> = {}): Curriculum => ({
  ...{ apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Curriculum', metadata: { name: 'default', uid: 'u', resourceVersion: '7' } },
  spec,
  status: { ...status, observedGeneration: 2, conditions: [] },
  ...fields,
});
const text = (change: (document: Record<string, unknown>) => unknown = (document) => document): string =>
  JSON.stringify(change(documentOf(curriculum()) as unknown as Record<string, unknown>));

describe('a document', () => {
  test('brings spec and what was learned through, and nothing of the cluster', () => {
    const parsed = parseDocument(text(), 'file.json');
    expect(parsed).toEqual({ format: 'kube-sre-gym/curriculum', version: 1, name: 'default', spec, status: { ...status, folding: [] } });
    expect(text()).not.toMatch(/resourceVersion|uid|observedGeneration|conditions|folding/);
  });

  test.each([
    ['never had a status', undefined],
    ['was just reset', BLANK_STATUS],
  ])('of a Curriculum that %s has none', (_name, blank) => {
    const { status: _status, ...bare } = curriculum();
    const document = documentOf(blank ? { ...bare, status: blank } : bare);
    expect(document).not.toHaveProperty('status');
    expect(parseDocument(JSON.stringify(document), 'file.json')).not.toHaveProperty('status');
  });
});

test.each<[string, string, RegExp]>([
  ['no JSON', 'tier: warmup', /^file\.json cannot be imported as a Curriculum: it is no JSON .*gymctl curriculum export/],
  ['another list', '[]', /document: .*expected object/],
  ['an object of the API', JSON.stringify(curriculum()), /format: must be kube-sre-gym\/curriculum/],
  ['a version of the future', text((d) => ({ ...d, version: 2 })), /version: must be 1, the only one that this gymctl knows/],
  ['an unknown fault', text((d) => ({ ...d, spec: { faults: { allow: ['disk_full'] } } })), /spec\.faults\.allow\.0: /],
  ['an impossible rate', text((d) => ({ ...d, status: { ...status, difficulty: 2 } })), /status\.difficulty: /],
  [
    'a tier that is none',
    text((d) => ({ ...d, status: { ...status, tier: 'guru' } })),
    /status\.tier: must be the name of a tier of the spec/,
  ],
])('%s is refused with a sentence', (_name, given, message) => {
  expect(() => parseDocument(given, 'file.json')).toThrow(message);
});
