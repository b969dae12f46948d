import { describe, expect, test } from '@jest/globals';
import { makeArena } from '../health/testing.ts';
import { factsOf } from './facts.ts';
import type { JudgedLine } from './judge.ts';
import { fitToSay, vocabularyOf } from './speech.ts';

const alert = { severity: 'critical', title: 'Payments fail', message: 'Customers in payments get errors at checkout.' } as const;
const line = (command: string, output = ''): JudgedLine => ({ action: 'Command', command, output, exitCode: 0, mutations: 0 });
const arena = makeArena().addWorkload('web/frontend');
const vocabulary = vocabularyOf(arena.snapshot(arena.baseline()), ['oom', 'out of memory', 'memory limit', 'image', 'wrong host', 'quota']);
const PODS = `NAMESPACE  NAME                   READY  STATUS            RESTARTS  AGE
payments   payment-api-7d-x2      0/1    CrashLoopBackOff  7         5m`;

const NOTHING: JudgedLine[] = [];
const LISTED = [line('kubectl get pods -A', PODS)];
const DESCRIBED = [
  ...LISTED,
  line('kubectl describe pod -n payments', 'Image: shop:2\nLast State: Terminated\nReason: OOMKilled\nmemory: 4Mi'),
];

const CASES: Record<string, { history: JudgedLine[]; text: string; fit: boolean }> = {
  'plain words may be said': { history: NOTHING, text: 'Good: an overview before anything else.', fit: true },
  'kubectl may be named': { history: NOTHING, text: 'Start with kubectl get pods -A', fit: true },
  'what the alert names may be named': { history: NOTHING, text: 'Look into payments first.', fit: true },
  'a workload that nobody showed may not': { history: NOTHING, text: 'Look at payment-api.', fit: false },
  'nor in quotes, nor at an end': { history: NOTHING, text: 'Look at "payment-api".', fit: false },
  'nor one whose name is a word': { history: NOTHING, text: 'Look at the frontend.', fit: false },
  'nor with its namespace in front': { history: LISTED, text: 'Look at payments/payment-db.', fit: false },
  'a workload whose pod was listed may': { history: LISTED, text: 'Look at payment-api.', fit: true },
  'a state may not before it was seen': { history: NOTHING, text: 'Something is crashing.', fit: false },
  'a state may after': { history: LISTED, text: 'Ask why it is crashing.', fit: true },
  'a fault class may not': { history: LISTED, text: 'This is about memory.', fit: false },
  'nor in capitals': { history: LISTED, text: 'Memory is short.', fit: false },
  'nor as an abbreviation': { history: LISTED, text: 'It was OOMKilled.', fit: false },
  'a fault class may once kubectl said it': { history: DESCRIBED, text: 'Compare the memory that it gets.', fit: true },
  'and so may a constant': { history: DESCRIBED, text: 'OOMKilled says why.', fit: true },
  'a number may not': { history: LISTED, text: 'Give it 256Mi.', fit: false },
  'words of terms that say nothing alone may': { history: NOTHING, text: 'Nothing wrong with that: check it.', fit: true },
  'several sentences on one line may': { history: NOTHING, text: 'Good.\nGo on.', fit: true },
  'nothing is nothing': { history: NOTHING, text: ' ', fit: false },
  'a lecture is not one sentence': { history: NOTHING, text: 'go on '.repeat(60), fit: false },
  'what the agent made its own shell say was not seen': {
    history: [line('echo payment-db frontend OOMKilled memory image quota', 'payment-db frontend OOMKilled memory image quota')],
    text: 'This is about memory.',
    fit: false,
  },
  'nor what it typed into a kubectl line': {
    history: [line('kubectl get pods -l memory=oom', 'No pods for memory=oom')],
    text: 'This is about memory.',
    fit: false,
  },
};

describe('what an LLM may say to an agent', () => {
  test.each(Object.entries(CASES))('%s', (_name, { history, text, fit }) => {
    const facts = factsOf({ alert, history, step: line('kubectl get nodes', 'NAME\nnode-1') });
    expect(fitToSay(text, facts, vocabulary) !== undefined).toBe(fit);
  });
  test('what the judged line itself printed was seen', () => {
    const facts = factsOf({ alert, history: [], step: LISTED[0] });
    expect(fitToSay('Look at payment-api.', facts, vocabulary)).toBe('Look at payment-api.');
  });
  test('without a snapshot there are still the words of faults', () => {
    const facts = factsOf({ alert, history: [], step: LISTED[0] });
    expect(fitToSay('The image is wrong.', facts, vocabularyOf(undefined, ['image']))).toBeUndefined();
  });
});
