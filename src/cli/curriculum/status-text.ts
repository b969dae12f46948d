import type { Curriculum, CurriculumStatus } from '../../api/curriculum.ts';
import { meanOf } from '../../curriculum/rate.ts';
import { alignedColumns } from '../table.ts';

/** A Curriculum at a glance: where it stands, each fault, the last trials, its runs, and what its conditions say. */
export function statusText({ metadata, spec, status }: Curriculum): string {
  if (!status?.tier) return `Curriculum ${metadata.name} has no status yet; is the operator running?`;
  const { tier, difficulty, persona, trials, trialsInTier, tierResults } = status;
  const success = tierResults.length ? `, success ${meanOf(tierResults)} over the last ${tierResults.length}` : '';
  return [
    `Curriculum ${metadata.name} (${spec.mode}): tier ${tier}, difficulty up to ${difficulty}, judged by a ${persona}`,
    `${trials} trials counted, ${trialsInTier} in this tier${success}`,
    '',
    faultTable(status),
    ...section('Recent trials, the newest last', trialRows(status)),
    ...section('Runs, the one that drew last is last', runRows(status)),
    ...section('Conditions', conditionRows(status)),
  ].join('\n');
}

function faultTable({ mastery, unlocked, weakSpots, graduated }: CurriculumStatus): string {
  const faults = [...unlocked, ...mastery.map(({ fault }) => fault).filter((fault) => !unlocked.includes(fault))];
  const rows = faults.map((fault) => {
    const known = mastery.find((entry) => entry.fault === fault);
    const marks = [known?.mastered, graduated.includes(fault), weakSpots.includes(fault), !unlocked.includes(fault)];
    return [fault, String(known?.trials ?? 0), known ? known.rate.toFixed(2) : '-', ...marks.map((mark) => (mark ? 'yes' : '-'))];
  });
  return alignedColumns([['FAULT', 'TRIALS', 'RATE', 'MASTERED', 'GRADUATED', 'WEAK', 'LOCKED'], ...rows]);
}

const trialRows = ({ recent }: CurriculumStatus): string[][] =>
  table(
    ['CLOSED', 'FAULT', 'TIER', 'SUCCESS', 'REWARD', 'ASSIGNMENT'],
    recent.map((trial) => [
      trial.closedTime.replace(/\.\d+Z$/, 'Z'),
      trial.fault ?? '-',
      trial.tier,
      trial.success.toFixed(2),
      trial.reward.toFixed(2),
      trial.assignment,
    ]),
  );

const runRows = ({ runs, endedRuns = [] }: CurriculumStatus): string[][] =>
  table(
    ['RUN', 'DRAWN', 'STATE'],
    [...endedRuns.map((name) => [name, '-', 'ended']), ...runs.map(({ name, trials }) => [name, String(trials), 'open'])],
  );

const conditionRows = ({ conditions = [] }: CurriculumStatus): string[][] =>
  table(
    ['TYPE', 'STATUS', 'REASON', 'MESSAGE'],
    conditions.map(({ type, status, reason, message }) => [type, status, reason, message.replace(/\s+/g, ' ')]),
  );

const table = (head: string[], rows: string[][]): string[][] => (rows.length ? [head, ...rows] : []);
const section = (title: string, rows: string[][]): string[] => (rows.length ? ['', title, alignedColumns(rows)] : []);
