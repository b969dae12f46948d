import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { WorkPhase } from '../api/episode.ts';
import { DELIVERIES, deliver } from './deliver.ts';
import { type RewardInput, rewardOf } from './reward.ts';
import type { RewardStep } from './shaping.ts';
import { DEFAULT_WEIGHTS, TRAINING_WEIGHTS } from './weights.ts';

const page = readFileSync(new URL('../../docs/reward.md', import.meta.url), 'utf8');

/** `triage 0.5, fix 0.1 x5, - -0.3 R` as the page writes it. */
function readLines(text: string): RewardStep[] {
  if (text === 'none') return [];
  return text.split(', ').map((line) => {
    const m = /^(triage|investigate|fix|verify|-) (-?[\d.]+)(?: x(\d+))?( R)?$/.exec(line);
    if (!m) throw new Error(`docs/reward.md: cannot read "${line}"`);
    const phase = m[1] === '-' ? {} : { phase: m[1] as WorkPhase };
    return { ...phase, judgeScore: Number(m[2]), mutations: m[3] ? Number(m[3]) : m[1] === 'fix' ? 1 : 0, repeat: m[4] !== undefined };
  });
}

const input = (lines: string, endedBy: string): RewardInput => ({
  steps: readLines(lines),
  maxSteps: 16,
  difficulty: 0.25,
  resolved: endedBy !== 'given up',
  scorable: true,
  endedByFix: endedBy === 'fix',
  faultsFixedShare: 0,
  diagnosisScore: 0,
});

describe('the examples of docs/reward.md are what the code computes', () => {
  const rows = [...page.matchAll(/^\| (.+?) +\| (fix|report|given up) +\| (\S+) +\| (\S+) +\| (\S+) +\|$/gm)].map((m) => m.slice(1));
  test('there are some', () => expect(rows.length).toBeGreaterThanOrEqual(12));
  test.each(rows)('%s, ended by %s', (lines, endedBy, bonus, shaping, total) => {
    const reward = rewardOf(input(lines, endedBy));
    expect([reward?.parts.bonus, reward?.parts.shaping, reward?.total]).toEqual([bonus, shaping, total].map(Number));
  });

  test('partial credit', () => {
    const said = Number(/an unresolved episode is worth (\S+)\.\n/.exec(page)?.[1]);
    const reward = rewardOf({ ...input('none', 'given up'), weights: TRAINING_WEIGHTS, faultsFixedShare: 0.5, diagnosisScore: 0.5 });
    expect(reward?.total).toBe(said);
  });

  test.each(DELIVERIES)('the first example on the wire as %s', (delivery) => {
    const said = new RegExp(`frame by frame: .*?${delivery} ([^;]+?)[.;]?(?:;|\\n)`).exec(page)?.[1].split(', ').map(Number);
    const all = rows[0][0].split(', ');
    let previousValue = 0;
    let delivered = 0;
    const sent = all.map((_, i) => {
      const done = i === all.length - 1;
      const steps = all.slice(0, i + 1).join(', ');
      const value = rewardOf(input(steps, done ? 'fix' : 'given up'))?.total ?? null;
      const reward = deliver(delivery, { value, previousValue, delivered, judgeScore: readLines(steps)[i].judgeScore, done }) ?? Number.NaN;
      previousValue = value ?? Number.NaN;
      delivered += reward;
      return reward;
    });
    expect(sent).toEqual(said);
  });

  test('every weight is named on the page with its default', () => {
    for (const value of Object.values(DEFAULT_WEIGHTS))
      expect(page).toMatch(new RegExp(`(?<![\\d.])${String(Math.abs(value)).replace('.', '\\.')}(?!\\d)`));
  });
});
