import { appOf, DEFAULT_APP, type PerApp } from '../api/apps.ts';
import { SPLITS, type Split } from '../api/curriculum.ts';
import { DEFAULT_CURRICULUM, DEFAULT_MAX_STEPS, DEFAULT_SPLIT, MAX_STEPS_LIMIT } from '../api/defaults.ts';
import type { EpisodeSpec } from '../api/episode.ts';
import { type InlineIncident, inlineIncidentSchema } from '../api/incident.ts';
import { seededIncident } from '../designer/seeded.ts';
import { FAULT_TYPES } from '../faults/index.ts';
import { RED_HERRING_KINDS } from '../faults/red-herrings/index.ts';
import { validateComposition } from '../faults/red-herrings/plan.ts';
import type { Baseline } from '../health/snapshot.ts';
import { GatewayError, type ResetOptions } from './session-api.ts';

/** What an Episode plays, and for how many steps. */
export type Chosen = Pick<EpisodeSpec, 'incident' | 'curriculumRef' | 'split' | 'run' | 'seed' | 'maxSteps'>;

/** The run of a reset that names none. */
export type RunOf = (curriculum: string, split: Split) => string;

const OF_CURRICULA = ['curriculum', 'split', 'run'] as const;

/**
 * What a reset plays: the caller's own incident, a seed's of one fault type in the default app, or else what a Curriculum gives the seed. Without
 * a seed the next one of this gateway is taken.
 */
export function chooser(apps: PerApp<Baseline>, ownRun: RunOf): (options: ResetOptions) => Chosen {
  let drawn = 0;
  return (options) => {
    const seed = options.seed ?? drawn++;
    const { incident, fault, curriculum = DEFAULT_CURRICULUM, maxSteps } = options;
    const own = incident ? 'incident' : fault ? 'fault' : undefined;
    if (own) refuse(own, options);
    try {
      if (incident) return { incident: checked(incident, apps), seed, maxSteps: maxSteps ?? DEFAULT_MAX_STEPS };
      if (fault) return { incident: seededIncident(seed, apps[DEFAULT_APP], fault), seed, maxSteps: maxSteps ?? DEFAULT_MAX_STEPS };
    } catch (error) {
      throw new GatewayError('VALIDATION_ERROR', describe(error));
    }
    const split = splitOf(options.split ?? DEFAULT_SPLIT);
    // The Curriculum's own limit counts where none is asked for.
    const limit = maxSteps ?? MAX_STEPS_LIMIT;
    const run = options.run ?? ownRun(curriculum, split);
    return { curriculumRef: { name: curriculum }, split, run, seed, maxSteps: limit };
  };
}

function refuse(own: string, options: ResetOptions): void {
  const given = OF_CURRICULA.filter((name) => options[name] !== undefined);
  if (given.length === 0) return;
  throw new GatewayError(
    'VALIDATION_ERROR',
    `${own} says what to play, so no Curriculum chooses: leave out ${given.join(', ')}, or ${own}`,
  );
}

function splitOf(name: string): Split {
  const split = SPLITS.find((known) => known === name);
  if (!split) throw new GatewayError('VALIDATION_ERROR', `Unknown split ${name}; the splits are ${SPLITS.join(', ')}`);
  return split;
}

function checked(given: Record<string, unknown>, apps: PerApp<Baseline>): InlineIncident {
  const incident = inlineIncidentSchema(FAULT_TYPES, RED_HERRING_KINDS).parse(given) as InlineIncident;
  const problem = validateComposition(incident, apps[appOf(incident)]);
  if (problem) throw new Error(problem);
  return incident;
}

function describe(error: unknown): string {
  const issues = (error as { issues?: { path: PropertyKey[]; message: string }[] }).issues;
  if (!issues) return (error as Error).message;
  return issues.map((i) => `incident.${i.path.map(String).join('.')}: ${i.message}`).join('; ');
}
