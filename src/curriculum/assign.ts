import type { AssignmentKey, AssignmentSpec } from '../api/assignment.ts';
import type { CurriculumSpec } from '../api/curriculum.ts';
import type { InlineIncident } from '../api/incident.ts';
import { DEFAULT_WEIGHTS } from '../reward/weights.ts';
import type { Choice } from './choose.ts';
import type { EvalChoice } from './eval-choice.ts';
import { personaOf } from './rules.ts';

/** An incident that was made of a choice: of its scenario, a design in its place, or of nothing broken at all. */
interface Made {
  readonly incident: InlineIncident;
  /** 0..1, of that incident. */
  readonly difficulty: number;
  /** Name of the design that it is, where it is one. */
  readonly design?: string;
}

/**
 * What all episodes of a train group share, frozen from now on.
 *
 * @param trial which draw of the run `choice` is, from 0
 */
export function trainAssignment(
  key: AssignmentKey,
  { choice, trial, incident, difficulty, design }: Made & { choice: Choice; trial: number },
  spec: CurriculumSpec,
): AssignmentSpec {
  const { draw, tier, stint, persona } = choice;
  const pool = draw && { type: draw.pool.type, size: draw.pool.size, band: draw.pool.band, ordinal: draw.ordinal };
  return {
    ...key,
    trial,
    ...(pool ? { pool } : {}),
    ...(design ? { design } : {}),
    usedUp: draw?.usedUp ?? false,
    ...{ incident, difficulty, tier, stint, persona },
    ...limitsOf(spec),
  };
}

/** The same for a held-out incident; without a choice it is a control. */
export function evalAssignment(
  key: AssignmentKey,
  { choice, incident, difficulty }: Made & { choice?: EvalChoice },
  spec: CurriculumSpec,
): AssignmentSpec {
  const { usedUp = false, persona = personaOf(difficulty) } = choice ?? {};
  const pool = choice && { type: choice.pool.type, size: choice.pool.size, band: choice.pool.band, ordinal: choice.ordinal };
  return { ...key, ...(pool ? { pool } : {}), usedUp, incident, difficulty, persona, ...limitsOf(spec) };
}

const limitsOf = (spec: CurriculumSpec): Pick<AssignmentSpec, 'maxSteps' | 'weights'> => ({
  maxSteps: spec.maxSteps,
  weights: { ...DEFAULT_WEIGHTS, ...spec.reward },
});
