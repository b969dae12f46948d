import { describe, expect, test } from '@jest/globals';
import { judgeByRules } from './heuristic.ts';
import type { JudgedLine, JudgeInput } from './judge.ts';

const alert = { severity: 'critical', title: 'Payments fail', message: 'Customers in payments get errors.' } as const;
const line = (command: string, output = '', more: Partial<JudgedLine> = {}): JudgedLine => ({
  ...{ action: 'Command', command, exitCode: 0, output, mutations: 0 },
  ...more,
});
const hint = (history: JudgedLine[], step: JudgedLine, more: Partial<JudgeInput> = { persona: 'junior' }) =>
  judgeByRules({ alert, history, step, ...more }).hint;

const HEAD = 'NAMESPACE  NAME               READY  STATUS    RESTARTS  AGE\n';
const BROKEN = line(
  'kubectl get pods -A',
  `${HEAD}payments   payment-api-7d-x2  0/1  CrashLoopBackOff  7  5m\nauth       auth-9c-a1         1/1  Running  0  5m`,
);
const WELL = line(
  'kubectl get pods -A',
  `${HEAD}payments   payment-api-7d-x3  1/1  Running  0  9s\npayments   report-1  0/1  Completed  0  9m`,
);
const LOOK = line('kubectl describe pod payment-api-7d-x2 -n payments', 'Name: payment-api-7d-x2');
const CHANGE = line('kubectl set image deploy/payment-api payment-api=shop:2 -n payments', '', { mutations: 1 });

const CASES: Record<string, { history: JudgedLine[]; step: JudgedLine; says: string | undefined }> = {
  'no overview yet: get one': { history: [], step: LOOK, says: 'Get an overview first: kubectl get pods -A' },
  'a line that failed: read the error': {
    history: [],
    step: line('kubectl get pod', '', { exitCode: 1 }),
    says: 'Read the error: it says what is wrong with the line.',
  },
  'a line that is none: read the error': {
    history: [],
    step: line('kubectl get |', '', { exitCode: 2 }),
    says: 'Read the error: it says what is wrong with the line.',
  },
  'something on the list is not in order: look closer': {
    history: [],
    step: BROKEN,
    says: 'payment-api-7d-x2 in payments shows CrashLoopBackOff: describe it, and read its events.',
  },
  'a list of one namespace': {
    history: [],
    step: line(
      'kubectl get pods -n payments',
      'NAME            READY  STATUS   RESTARTS  AGE\npayment-db-x9   0/1    Running  0         1m',
    ),
    says: 'payment-db-x9 shows 0/1: describe it, and read its events.',
  },
  'a list of Deployments': {
    history: [],
    step: line(
      'kubectl get deploy -A',
      'NAMESPACE  NAME         READY  UP-TO-DATE  AVAILABLE  AGE\npayments   payment-api  0/0    0           0          1h',
    ),
    says: 'payment-api in payments shows 0/0: describe it, and read its events.',
  },
  'it was looked at: decide': {
    history: [BROKEN],
    step: LOOK,
    says: 'You have looked at what is not in order: decide what its events and settings say, and change that one thing.',
  },
  'a change: look at the effect': { history: [BROKEN, LOOK], step: CHANGE, says: 'Look at what your change did before you change more.' },
  'all in order after it: nothing to say': { history: [BROKEN, LOOK, CHANGE], step: WELL, says: undefined },
  'still not in order after it': {
    history: [BROKEN, LOOK, CHANGE],
    step: BROKEN,
    says: 'Something is still not in order: ask whether it is what you changed, or another thing.',
  },
  'a list that the agent wrote itself is none': {
    history: [WELL],
    step: line(`echo "${BROKEN.output}"`, BROKEN.output),
    says: undefined,
  },
};

describe('hints of the rules', () => {
  test.each(Object.entries(CASES))('%s', (_name, { history, step, says }) => expect(hint(history, step)).toBe(says));

  test('only a junior gets them', () => {
    for (const persona of ['senior', 'principal', undefined] as const) expect(hint([], BROKEN, { persona })).toBeUndefined();
  });
  test('nobody gets them in eval', () => {
    expect(hint([], BROKEN, { persona: 'junior', evalSplit: true })).toBeUndefined();
  });
  test('the score is the same with them and without', () => {
    for (const { history, step } of Object.values(CASES)) {
      const { hint: _hint, ...rest } = judgeByRules({ alert, history, step, persona: 'junior' });
      expect(rest).toEqual(judgeByRules({ alert, history, step }));
    }
  });
  test('every name in them was printed by kubectl before', () => {
    for (const { history, step } of Object.values(CASES)) {
      const printed = [...history, step]
        .filter(({ command }) => !command.startsWith('echo'))
        .map(({ output }) => output)
        .join('\n');
      for (const [name] of (hint(history, step) ?? '').matchAll(/[a-z]+-[a-z0-9-]+/g)) expect(printed).toContain(name);
    }
  });
});
