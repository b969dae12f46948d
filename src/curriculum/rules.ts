import type { CurriculumSpec, CurriculumStatus } from '../api/curriculum.ts';
import type { Persona } from '../api/judging.ts';
import type { ScenarioSource } from './scenario-source.ts';

/** What a Curriculum goes by: its spec, the fault types that exist, and what can be drawn of them. */
export interface Rules {
  readonly spec: CurriculumSpec;
  readonly types: readonly string[];
  readonly source: ScenarioSource;
}

export interface Unlocked {
  /** Fault types that the tier admits and spec.faults allows. */
  readonly types: readonly string[];
  readonly faultsAtOnce: number;
  readonly redHerrings: boolean;
  readonly llmDesigns: boolean;
}

/** Difficulty below which an agent is judged by a junior, and by a senior. */
const JUNIOR_BELOW = 0.4;
const SENIOR_BELOW = 0.7;
/** Adversarial mode begins at this difficulty, once so many faults have graduated. */
const ADVERSARIAL_DIFFICULTY = 0.6;
const ADVERSARIAL_GRADUATED = 2;

/** Where a Curriculum stands, of its status. */
type Standing = Pick<CurriculumStatus, 'tier' | 'difficulty' | 'graduated'>;

/** Index of the tier of that name; -1 without one. */
export const tierIndex = ({ tiers }: CurriculumSpec, name: string): number => tiers.findIndex((tier) => tier.name === name);

/** What may come in a tier: what it and all below it unlock. The last tier unlocks every fault type. */
export function unlockedAt({ spec, types }: Pick<Rules, 'spec' | 'types'>, index: number): Unlocked {
  const unlocks = spec.tiers.slice(0, index + 1).map((tier) => tier.unlocks);
  const last = index >= spec.tiers.length - 1;
  const { allow, deny } = spec.faults;
  const allowed = (type: string): boolean => (allow.length === 0 || allow.includes(type)) && !deny.includes(type);
  return {
    types: types.filter((type) => allowed(type) && (last || unlocks.some(({ faults }) => faults.includes(type)))),
    faultsAtOnce: Math.max(...unlocks.map(({ faultsAtOnce }) => faultsAtOnce)),
    redHerrings: unlocks.some(({ redHerrings }) => redHerrings),
    llmDesigns: unlocks.some(({ llmDesigns }) => llmDesigns),
  };
}

/** Who judges at a difficulty, unless spec.judge.persona says. */
export function personaOf(difficulty: number, override?: Persona): Persona {
  if (override) return override;
  if (difficulty < JUNIOR_BELOW) return 'junior';
  return difficulty < SENIOR_BELOW ? 'senior' : 'principal';
}

/** True when incidents are to be aimed at the agent: adversarial mode, a difficulty that bears it, and an agent that has learned something. */
export function isAdversarial({ mode }: CurriculumSpec, difficulty: number, graduated: readonly string[]): boolean {
  return mode === 'adversarial' && difficulty >= ADVERSARIAL_DIFFICULTY && graduated.length >= ADVERSARIAL_GRADUATED;
}

/** True when an LLM may design incidents: asked for, and the tier unlocks it or the agent is to be challenged. */
export function mayBeDesigned(rules: Pick<Rules, 'spec' | 'types'>, { tier, difficulty, graduated }: Standing): boolean {
  const { spec } = rules;
  if (spec.designer.kind !== 'llm') return false;
  return unlockedAt(rules, tierIndex(spec, tier)).llmDesigns || isAdversarial(spec, difficulty, graduated);
}
