import type { FaultSpec } from '../api/incident.ts';
import type { Baseline } from '../health/snapshot.ts';
import { BLIND_LINES } from './cheats.ts';
import { attemptsOf, resolveFaults } from './engine.ts';
import type { Attempt, Random } from './fault.ts';

export const PLAY_KINDS = ['reference', 'honest', 'cheat', 'nothing', 'last-step'] as const;
export type PlayKind = (typeof PLAY_KINDS)[number];

/** Something to prove: a fault type on one target, or several at once. */
export interface Scenario {
  /** Fault type, or a name for several. */
  name: string;
  faults: readonly FaultSpec[];
}

/** One attempt in a fresh arena, and what has to come of it. */
export interface Play {
  scenario: Scenario;
  kind: PlayKind;
  attempt: Attempt;
  resolves: boolean;
}

/**
 * Every play that proves a scenario: the reference fix, each honest fix, each cheat, nothing, and the reference fix on the last step of an Episode.
 * `app`: the healthy app with plain names; what is typed may name plain namespaces, the arena view maps them.
 */
export function allPlays(scenario: Scenario, app: Baseline): Play[] {
  const { reference, honest, cheats } = attemptsFor(scenario, app);
  const play = (kind: PlayKind, attempt: Attempt, resolves: boolean): Play => ({ scenario, kind, attempt, resolves });
  return [
    play('reference', reference, true),
    ...honest.map((attempt) => play('honest', attempt, true)),
    ...cheats.map((attempt) => play('cheat', attempt, false)),
    play('nothing', { name: 'do nothing', lines: [] }, false),
    play('last-step', { ...reference, name: `${reference.name}, on the last step` }, true),
  ];
}

/** A sample of allPlays: the reference fix, one honest fix, two cheats and nothing, chosen by `random`. */
export function samplePlays(scenario: Scenario, app: Baseline, random: Random): Play[] {
  const plays = allPlays(scenario, app);
  const some = (kind: PlayKind, count: number): Play[] => {
    const left = plays.filter((p) => p.kind === kind);
    return Array.from({ length: Math.min(count, left.length) }, () => left.splice(random(left.length), 1)[0]);
  };
  return [...some('reference', 1), ...some('honest', 1), ...some('cheat', 2), ...some('nothing', 1)];
}

/** How a line of an attempt ended. */
export interface LineEnd {
  line: string;
  output: string;
  exitCode: number;
}

/** Exit code of a command that kubectl or the cluster refused. */
const REFUSED = 1;

/** Why an attempt was not played as it is meant, so that whatever came of it proves nothing; undefined when it was. */
export function notPlayedAsMeant({ refused }: Attempt, ends: readonly LineEnd[]): string | undefined {
  const allowed = refused ? [0, REFUSED] : [0];
  const odd = ends.find(({ exitCode }) => !allowed.includes(exitCode));
  if (odd) return `This line ended with exit code ${odd.exitCode}, so nothing is proven: ${odd.line}\nIt said: ${lastWords(odd.output)}`;
  if (refused && ends.every(({ exitCode }) => exitCode !== REFUSED)) return 'The cluster let in what it must refuse';
  return undefined;
}

const lastWords = (output: string): string => output.trim().slice(-500) || 'nothing';

function attemptsFor({ faults }: Scenario, app: Baseline): { reference: Attempt; honest: readonly Attempt[]; cheats: readonly Attempt[] } {
  const each = resolveFaults(faults, app).map((record) => attemptsOf(record, app));
  if (each.length === 1) return each[0];
  const references = each.map((a) => a.reference);
  const together = (name: string, attempts: readonly Attempt[]): Attempt => ({ name, lines: attempts.flatMap((a) => a.lines) });
  const mixed = [0, 1, 2].map((i) =>
    together(
      `other fixes, choice ${i + 1}`,
      each.map(({ honest }) => honest[i % honest.length]),
    ),
  );
  const allButOne = faults.map(({ type, target }, i) =>
    together(`all but ${type} on ${target.namespace}/${target.name}`, references.toSpliced(i, 1)),
  );
  const demolition = faults.map(({ target }, i) =>
    together(`fix the others and delete ${target.namespace}/${target.name}`, [
      ...references.toSpliced(i, 1),
      { name: 'delete', lines: [`kubectl delete deployment/${target.name} -n ${target.namespace}`] },
    ]),
  );
  return {
    reference: together('the reference fix of each', references),
    honest: [together('the reference fixes in the other order', references.toReversed()), ...mixed],
    cheats: [...allButOne, ...demolition, ...BLIND_LINES],
  };
}
