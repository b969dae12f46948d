import type { AssignmentKey, AssignmentSpec } from '../api/assignment.ts';
import type { InlineIncident } from '../api/incident.ts';
import { DEFAULT_WEIGHTS } from '../reward/weights.ts';
import type { Choice } from './choose.ts';
import type { Rules } from './rules.ts';

/**
 * What all episodes of a train group share, frozen from now on.
 *
 * @param trial which draw of the run `choice` is
 * @param incident made of `choice`: its scenario, a design in its place, or no fault at all
 * @param difficulty of that incident, 0..1
 */
export function trainAssignment(
  key: AssignmentKey,
  { choice, trial, incident, difficulty }: { choice: Choice; trial: number; incident: InlineIncident; difficulty: number },
  { spec }: Rules,
): AssignmentSpec {
  const { draw, tier, stint, persona } = choice;
  const pool = draw && { type: draw.pool.type, size: draw.pool.size, band: draw.pool.band, ordinal: draw.ordinal };
  return {
    ...key,
    trial,
    ...(pool ? { pool } : {}),
    usedUp: draw?.usedUp ?? false,
    ...{ incident, difficulty, tier, stint, persona },
    maxSteps: spec.maxSteps,
    weights: { ...DEFAULT_WEIGHTS, ...spec.reward },
  };
}
