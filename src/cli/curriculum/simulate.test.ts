import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { LEARNERS } from '../../curriculum/learners.ts';
import { simulate } from '../../curriculum/simulate.ts';
import { rulesWith } from '../../curriculum/testing.ts';
import { defaultRules, simulationText } from './simulate.ts';

test('a simulation is told fault by fault, with what happened before', () => {
  const text = simulationText(simulate({ learner: LEARNERS['single-fault'](), episodes: 2000, seed: 1, rules: rulesWith() }));
  expect(text).toMatch(/^trial \d+: oom_kill has graduated and comes less often: success 0\.\d+ over its last 10 trials$/m);
  expect(text).toMatch(/^FAULT {11}TRIALS {2}SUCCESS {2}STATE$/m);
  expect(text).toMatch(/^oom_kill +\d+ +(0\.9\d|1\.00) +graduated$/m);
  expect(text).toMatch(/^scale_zero +\d+ +0\.\d\d +weak spot$/m);
  expect(text).toMatch(/^2000 episodes, 250 trials counted: tier warmup, difficulty 0.25, judged by a junior; highest tier \w+$/m);
});

test('docs/curriculum.md has what the simulations give', () => {
  const page = readFileSync(new URL('../../../docs/curriculum.md', import.meta.url), 'utf8');
  const [, ...rows] = page
    .split('## Simulated learners')[1]
    .split('\n')
    .filter((line) => line.startsWith('| '));
  const said = rows
    .filter((row) => !row.startsWith('| -'))
    .map((row) =>
      row
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
  const rules = defaultRules();
  const given = Object.entries(LEARNERS).map(([name, learner]) => {
    const { status, highestTier, scenarios, happenings } = simulate({ learner: learner(), episodes: 2000, seed: 0, rules });
    const times = (reason: string) => happenings.filter((happening) => happening.reason === reason).length;
    const numbers = [times('Promoted'), times('Demoted'), status.graduated.length, scenarios.distinct, scenarios.usedUp];
    return [name, status.tier, highestTier, ...numbers.map(String)];
  });
  expect(said.map(([name, , ...results]) => [name, ...results])).toEqual(given);
});
