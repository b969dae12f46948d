import { describe, expect, test } from '@jest/globals';
import { type AgentAction, MAX_ACTION_CHARS, parseAction } from './action.ts';

describe('parseAction reads', () => {
  const table: [string, string, AgentAction][] = [
    ['a plain line', 'kubectl get pods', { kind: 'command', line: 'kubectl get pods' }],
    ['fix: in any case', 'Fix:kubectl get pods', { kind: 'command', line: 'kubectl get pods' }],
    ['a fenced fix', '```bash\nfix: kubectl get pods\n```', { kind: 'command', line: 'kubectl get pods' }],
    ['a prompt', '$ kubectl get pods', { kind: 'command', line: 'kubectl get pods' }],
    ['a heredoc over several lines', 'cat > a <<E\n  x: 1\nE', { kind: 'command', line: 'cat > a <<E\n  x: 1\nE' }],
    ['a diagnosis', 'diagnose: payment-api runs out of memory ', { kind: 'diagnose', text: 'payment-api runs out of memory' }],
    ['a diagnosis over several lines', 'DIAGNOSE:\na\nb', { kind: 'diagnose', text: 'a\nb' }],
    ['a report', 'report: resolved', { kind: 'report', verdict: 'resolved' }],
    ['a report spelled otherwise', 'Report: No Fault.', { kind: 'report', verdict: 'no-fault' }],
    ['giving up', 'report: give_up', { kind: 'report', verdict: 'give-up' }],
    ['the shell command report as a line', 'report resolved', { kind: 'command', line: 'report resolved' }],
    ['a word that only starts like a prefix', 'reporter: x', { kind: 'command', line: 'reporter: x' }],
  ];
  test.each(table)('%s', (_name, text, expected) => expect(parseAction(text)).toEqual(expected));
});

describe('parseAction refuses with a reason', () => {
  const table: [string, string, RegExp][] = [
    ['nothing', '  \n', /empty/],
    ['an empty fix', 'fix:', /empty/],
    ['an empty diagnosis', 'diagnose: ', /Say what/],
    ['an unknown report', 'report: done', /Unknown report "done"; use one of resolved, no-fault, give-up/],
    ['NUL', 'kubectl\0', /NUL/],
    ['a novel', 'x'.repeat(MAX_ACTION_CHARS + 1), /at most 65536/],
  ];
  test.each(table)('%s', (_name, text, message) => {
    const action = parseAction(text);
    expect(action.kind === 'invalid' && action.message).toMatch(message);
  });
});
