import { describe, expect, test } from '@jest/globals';
import { parseCommand } from './command.ts';
import { asksOf, findRepeats } from './repeats.ts';

const line = (command: string, mutations = 0) => ({ asks: asksOf(parseCommand(command)), mutations });
const look = line('kubectl get pods');
const other = line('kubectl get events');
const fix = line('kubectl scale deployment/x --replicas=1', 1);

describe('findRepeats', () => {
  const cases: [string, Parameters<typeof findRepeats>[0], boolean[]][] = [
    ['the first time is no repeat', [look], [false]],
    ['the same again is one', [look, look], [false, true]],
    ['also with other looks between', [look, other, look], [false, false, true]],
    ['another spelling is one', [look, line('k get po')], [false, true]],
    ['two old questions on one line are one', [look, other, line('kubectl get events; kubectl get pods')], [false, false, true]],
    ['an old and a new question are none', [look, line('kubectl get pods; kubectl get events')], [false, false]],
    ['the same twice on one line is none the first time', [line('kubectl get pods; kubectl get pods')], [false]],
    ['padding with echo and sleep hides none', [look, line('echo 2; kubectl get pods && sleep 1')], [false, true]],
    ['a filter asks something new', [look, line('kubectl get pods | grep x')], [false, false]],
    ['another filter asks something new', [line('kubectl get pods | grep x'), line('kubectl get pods | grep y')], [false, false]],
    ['the same filter does not', [line('kubectl get pods | grep x'), line('kubectl get po | grep x')], [false, true]],
    ['another heredoc asks something new', [line('kubectl apply -f - <<E\na\nE'), line('kubectl apply -f - <<E\nb\nE')], [false, false]],
    ['a look before and after a change is none', [look, fix, look], [false, false, false]],
    ['a third look after the change is one', [look, fix, look, look], [false, false, false, true]],
    ['a change that failed is no change', [look, { ...fix, mutations: 0 }, look], [false, false, true]],
    ['the same fix twice in a row is one', [fix, fix], [false, true]],
    ['the same fix after another change is none', [fix, line('kubectl scale deployment/x --replicas=2', 1), fix], [false, false, false]],
    ['a line without kubectl repeats as a whole', [line('echo a'), line('echo b'), line('echo a')], [false, false, true]],
    [
      'what cannot be compared never repeats',
      [
        { asks: [], mutations: 0 },
        { asks: [], mutations: 0 },
      ],
      [false, false],
    ],
  ];
  test.each(cases)('%s', (_sentence, steps, want) => expect(findRepeats(steps)).toEqual(want));
});
