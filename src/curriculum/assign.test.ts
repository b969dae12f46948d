import { expect, test } from '@jest/globals';
import { assignmentSpecSchema } from '../api/assignment.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import { DEFAULT_WEIGHTS } from '../reward/weights.ts';
import { evalAssignment, trainAssignment } from './assign.ts';
import { chooseNext } from './choose.ts';
import { evalChoice } from './eval-choice.ts';
import { rulesWith, statusIn } from './testing.ts';

const rules = rulesWith({ maxSteps: 20, reward: { partialCredit: 1 }, designer: { noFaultShare: 0 } });
const kind = assignmentSpecSchema(FAULT_TYPES).omit({ incident: true });

test('what is drawn in train freezes with tier, judge, limits and weights', () => {
  const key = { curriculum: 'c', run: 'r', split: 'train', seed: 5 } as const;
  const choice = chooseNext({ ...statusIn('beginner', rules), stint: 1 }, [], rules, { curriculum: 'c', run: 'r', trial: 3 });
  const spec = trainAssignment(key, { choice, trial: 3, incident: { faults: [] }, difficulty: 0.35 }, rules.spec);
  expect(spec).toMatchObject({
    ...{ ...key, trial: 3, usedUp: false, difficulty: 0.35, tier: 'beginner', stint: 1, persona: 'senior', maxSteps: 20 },
    weights: { ...DEFAULT_WEIGHTS, partialCredit: 1 },
    pool: { type: choice.draw?.pool.type, size: 1, band: choice.draw?.pool.band, ordinal: 0 },
  });
  const { incident: _, ...rest } = spec;
  expect(kind.parse(rest)).toEqual(rest);
});

test('a control has no pool', () => {
  const control = { ...chooseNext(statusIn('warmup'), [], rules, { curriculum: 'c', run: 'r', trial: 0 }), draw: undefined };
  const key = { curriculum: 'c', run: 'r', split: 'train', seed: 5 } as const;
  expect(trainAssignment(key, { choice: control, trial: 0, incident: { faults: [] }, difficulty: 0 }, rules.spec)).not.toHaveProperty(
    'pool',
  );
});

test('a held-out control has no pool either, and a judge as strict as it is hard', () => {
  const key = { curriculum: 'c', run: 'r', split: 'transfer', seed: 5 } as const;
  const { incident: _, ...spec } = evalAssignment(key, { incident: { faults: [] }, difficulty: 0.5 }, rules.spec);
  expect(spec).toMatchObject({ persona: 'senior', difficulty: 0.5, usedUp: false });
  expect(spec).not.toHaveProperty('pool');
  expect(kind.parse(spec)).toEqual(spec);
});

test('what is held out knows no tier', () => {
  const key = { curriculum: 'c', run: 'r', split: 'eval', seed: 5 } as const;
  const choice = evalChoice(5, rules.source);
  const { incident: _, ...spec } = evalAssignment(key, { choice, incident: { faults: [] }, difficulty: 0.5 }, rules.spec);
  for (const field of ['tier', 'stint', 'trial']) expect(spec).not.toHaveProperty(field);
  expect(kind.parse(spec)).toEqual(spec);
});
