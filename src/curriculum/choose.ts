import type { CurriculumStatus } from '../api/curriculum.ts';
import type { Persona } from '../api/judging.ts';
import type { Random } from '../faults/fault.ts';
import { seededRandom } from '../faults/random.ts';
import { isControl } from './control-share.ts';
import { type Draw, drawFrom } from './draw.ts';
import { type Reach, reachAt } from './reach.ts';
import { isAdversarial, mayBeDesigned, type Rules, tierIndex, unlockedAt } from './rules.ts';
import { poolKey, runOf } from './runs.ts';
import type { Pool, ScenarioSource } from './scenario-source.ts';

/** Who asks: together they decide all that is left to chance. `trial`: which draw of the run this is, from 0. */
export interface Asker {
  readonly curriculum: string;
  readonly run: string;
  readonly trial: number;
}

/** What a new assignment is to be. */
export interface Choice {
  /** Absent for a control in which nothing is broken. */
  readonly draw?: Draw;
  readonly tier: string;
  readonly stint: number;
  readonly persona: Persona;
  /** No incident of this assignment may be harder, nor any design that takes the place of the draw. */
  readonly maxDifficulty: number;
  readonly redHerrings: boolean;
  /** An LLM may design an incident for `draw.pool.type` instead; when it does not, the draw is played. */
  readonly llmDesign: boolean;
  /** To be aimed at the agent's weak spots, as hard as the tier allows. */
  readonly adversarial: boolean;
}

/** How often a fault comes, against the others: three to one, twice (docs/adr/0016). */
const WEIGHTS = { weakSpot: 9, inTraining: 3, graduated: 1 };

/**
 * What comes next in split train. Untried faults first (what is in flight counts as tried), then weak spots rather than others, and those in
 * training rather than graduated ones. Of the fault, the hardest band that the tier admits and that has something new.
 *
 * @param status as statusUnder() gives it
 * @param inFlight for each train assignment that is not counted yet, the fault it was drawn for
 * @throws Error when nothing can be drawn; statusUnder() throws then, too
 */
export function chooseNext(status: CurriculumStatus, inFlight: readonly string[], rules: Rules, asker: Asker): Choice {
  const { spec, source } = rules;
  const random = seededRandom(JSON.stringify(['choice', asker.curriculum, asker.run, asker.trial]));
  const index = tierIndex(spec, status.tier);
  const { redHerrings, types: unlocked } = unlockedAt(rules, index);
  const adversarial = isAdversarial(spec, status.difficulty, status.graduated);
  const frozen = { tier: status.tier, stint: status.stint, persona: status.persona, maxDifficulty: status.difficulty, redHerrings };
  if (isControl(spec.designer.noFaultShare, random)) return { ...frozen, llmDesign: false, adversarial: false };

  const { pools, admits } = reachAt(rules, index);
  const { drawn } = runOf(status, asker.run);
  let types = unlocked.filter((type) => pools.some((pool) => pool.type === type));
  while (types.length > 0) {
    const type = pickType(types, status, inFlight, random);
    const candidates = pools.filter((pool) => pool.type === type);
    const draw = drawFirst({ pools: inOrder(candidates, adversarial, random), admits }, source, asker, drawn);
    if (draw) return { ...frozen, draw, adversarial, llmDesign: mayBeDesigned(rules, status) };
    types = types.filter((other) => other !== type);
  }
  throw new Error(`Curriculum ${asker.curriculum} has nothing to draw in tier ${status.tier}; allow more faults or change minDifficulty`);
}

function pickType(types: readonly string[], status: CurriculumStatus, inFlight: readonly string[], random: Random): string {
  const tried = new Set([...inFlight, ...status.mastery.map(({ fault }) => fault)]);
  const untried = types.filter((type) => !tried.has(type));
  if (untried.length) return oneOf(untried, random);
  const weightOf = (type: string): number => {
    if (status.weakSpots.includes(type)) return WEIGHTS.weakSpot;
    return status.graduated.includes(type) ? WEIGHTS.graduated : WEIGHTS.inTraining;
  };
  return oneOf(
    types.flatMap((type) => Array<string>(weightOf(type)).fill(type)),
    random,
  );
}

/** The hardest band first; within a band by chance, or the most faults first when the agent is to be challenged. */
function inOrder(pools: readonly Pool[], adversarial: boolean, random: Random): Pool[] {
  const left = pools.toSorted((a, b) => (poolKey(a) < poolKey(b) ? -1 : 1));
  const shuffled: Pool[] = [];
  while (left.length) shuffled.push(...left.splice(random(left.length), 1));
  return shuffled.sort((a, b) => b.band - a.band || (adversarial ? b.size - a.size : 0));
}

/** What has not come yet in this run, from any of the pools; only without it a scenario comes again. */
function drawFirst(
  { pools, admits }: Reach,
  source: ScenarioSource,
  { curriculum, run }: Asker,
  drawn: Readonly<Record<string, number>>,
): Draw | undefined {
  for (const again of [false, true]) {
    for (const pool of pools) {
      const key = JSON.stringify([curriculum, run, poolKey(pool)]);
      const draw = drawFrom(source, pool, { key, from: drawn[poolKey(pool)] ?? 0, again, admits });
      if (draw) return draw;
    }
  }
  return undefined;
}

const oneOf = <T>(values: readonly T[], random: Random): T => values[random(values.length)];
