import { expect, test } from '@jest/globals';
import type { Curriculum, ReadyDesign } from '../../api/curriculum.ts';
import { API_VERSION, DESIGN_ANNOTATION } from '../../api/group.ts';
import { incidentSpecSchema } from '../../api/incident.ts';
import { rulesWith } from '../../curriculum/testing.ts';
import { designName, isProof, proofIncident, provenDesign } from './proof-incident.ts';

const curriculum = (uid = 'u-1'): Curriculum => ({
  ...{ apiVersion: API_VERSION, kind: 'Curriculum', metadata: { name: 'c', namespace: 'gym', uid } },
  spec: rulesWith().spec,
});
const design: ReadyDesign = {
  ...{ name: designName(curriculum(), 0), fault: 'scale_zero', tier: 'expert', difficulty: 0.4, story: 'A story with "quotes"' },
  incident: {
    faults: [{ type: 'scale_zero', target: { namespace: 'auth', name: 'auth-service' }, params: {} }],
    alert: { severity: 'critical', title: 'web-app: logins fail', message: 'Logins fail.' },
    difficulty: 0.4,
  },
};

test('holds the whole design, also as an API server gives it back', () => {
  const made = proofIncident(curriculum(), design);
  expect(provenDesign(made)).toEqual(design);
  expect(provenDesign({ ...made, spec: incidentSpecSchema([]).parse(made.spec) })).toEqual(design);
});
test('can be told from what is played, belongs to the Curriculum, and ends by itself', () => {
  const made = proofIncident(curriculum(), design);
  expect(isProof(made)).toBe(true);
  expect(isProof({ ...made, metadata: { name: 'episode-1' } })).toBe(false);
  expect(made.metadata.ownerReferences).toMatchObject([{ kind: 'Curriculum', name: 'c', uid: 'u-1', controller: true }]);
  expect(made.spec).toMatchObject({ resolution: { timeoutSeconds: 600 }, ttlSecondsAfterFinished: 600 });
});
test('has a name of its own for each number and each Curriculum', () => {
  const names = [designName(curriculum(), 0), designName(curriculum(), 1), designName(curriculum('u-2'), 0)];
  expect(new Set(names).size).toBe(3);
  expect(designName(curriculum(), 0)).toBe(names[0]);
});
test.each([['{"fault": 1}'], ['no JSON'], ['']])('proves nothing when somebody edited it to %j', (text) => {
  const made = proofIncident(curriculum(), design);
  expect(provenDesign({ ...made, metadata: { ...made.metadata, annotations: { [DESIGN_ANNOTATION]: text } } })).toBeUndefined();
});
