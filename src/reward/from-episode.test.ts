import { describe, expect, test } from '@jest/globals';
import type { StepStatus } from '../api/episode.ts';
import { isRepeat, workOf } from './from-episode.ts';

const line = (index: number, command: string, more: Partial<StepStatus> = {}): StepStatus => ({
  index,
  action: 'Command',
  command,
  ...more,
});

describe('workOf', () => {
  test('diagnoses, reports and leaving are no work', () => {
    const { steps } = workOf([
      line(1, 'kubectl get pods', { phase: 'triage', score: 0.5 }),
      line(2, 'payment-api', { action: 'Diagnose' }),
      line(3, '', { action: 'Report' }),
      line(4, '', { action: 'Detach' }),
    ]);
    expect(steps).toEqual([{ phase: 'triage', judgeScore: 0.5, mutations: 0, repeat: false }]);
  });

  test('a report whose line changed something is work', () => {
    const { steps, endedByFix } = workOf([
      line(1, 'kubectl scale deploy/x --replicas=1; report resolved', { action: 'Report', mutations: 1, phase: 'fix' }),
    ]);
    expect(steps).toHaveLength(1);
    expect(endedByFix).toBe(false);
  });

  const fix = line(1, 'kubectl scale deploy/x --replicas=1', { phase: 'fix', mutations: 1 });
  const endings: [string, StepStatus[], boolean][] = [
    ['a fix ends it', [fix], true],
    ['a diagnosis after the fix changes nothing', [fix, line(2, 'x', { action: 'Diagnose' })], true],
    ['leaving after the fix changes nothing', [fix, line(2, '', { action: 'Detach' })], true],
    ['a report ends it', [fix, line(2, '', { action: 'Report' })], false],
    ['a look ends it', [fix, line(2, 'kubectl get pods', { phase: 'verify' })], false],
    ['nothing was done', [], false],
  ];
  test.each(endings)('%s', (_sentence, steps, want) => expect(workOf(steps).endedByFix).toBe(want));

  test('another spelling of the same command is a repeat', () => {
    expect(isRepeat(line(2, '$ kubectl get pods --all-namespaces'), [line(1, 'kubectl get po -A')])).toBe(true);
  });
  test('a command that was cut is never a repeat', () => {
    const cut = `kubectl apply -f - <<EOF\n${'a'.repeat(996)}…`;
    expect(Buffer.byteLength(cut)).toBe(1024);
    expect(isRepeat(line(2, cut), [line(1, cut)])).toBe(false);
  });
  test('what changed something since makes it new', () => {
    const look = line(1, 'kubectl get po -A');
    expect(isRepeat(line(3, look.command), [look, line(2, 'kubectl scale deploy/x --replicas=1', { mutations: 1 })])).toBe(false);
  });
  test('a diagnosis said twice is no repeat', () => {
    const said = (index: number) => line(index, 'kubectl get po -A', { action: 'Diagnose' });
    expect(isRepeat(said(2), [said(1)])).toBe(false);
    expect(isRepeat(said(2), [line(1, 'kubectl get po -A'), line(2, 'kubectl get po -A')])).toBe(false);
  });
  test('what was recorded counts, whatever the command says now', () => {
    const { steps } = workOf([line(1, 'kubectl…'), line(2, 'kubectl…', { repeat: true }), line(3, 'kubectl…')]);
    expect(steps.map(({ repeat }) => repeat)).toEqual([false, true, false]);
  });
});
