import { z } from 'zod';
import { MAX_STORY_LENGTH } from '../api/curriculum.ts';
import type { FaultSpec, InlineIncident, RedHerringSpec, Target } from '../api/incident.ts';
import { canonical, contextOf, planInjection, resolveFaults } from '../faults/engine.ts';
import { seededRandom } from '../faults/random.ts';
import { RED_HERRING_KINDS } from '../faults/red-herrings/index.ts';
import { planRedHerrings, resolveRedHerrings, validateComposition } from '../faults/red-herrings/plan.ts';
import type { Baseline } from '../health/snapshot.ts';
import { targetKey } from '../health/snapshot.ts';
import { type Announced, announce, CASCADES, cascadesOf } from './cascades.ts';
import { difficultyOf } from './difficulty.ts';
import { choosable, type DesignBrief, designTargets, inShort, systemPrompt, typesOf, userPrompt } from './llm-prompt.ts';
import { withParams } from './procedural.ts';
import { topologyOf } from './topology.ts';

/** Asks a model for an answer of that shape. Rejects when there is none. */
export type Ask = <T>(request: { system: string; user: string; schema: z.ZodType<T>; maxTokens: number }) => Promise<T>;

/** What a model proposes. It chooses from what there is; only the story is its own, and no agent reads that. */
export interface Proposal {
  readonly story: string;
  readonly faults: readonly { type: string; target: string; params: Record<string, string>; cascade: string | null }[];
  readonly redHerrings: readonly { kind: string; target: string }[];
}

/**
 * An incident that can be played, though nobody has proved yet that it resolves; or a sentence why there is none. failed: the model proposed
 * nothing. invalid: what it proposed cannot be played, or must not.
 */
export type Design =
  | { readonly incident: InlineIncident; readonly difficulty: number; readonly story: string }
  | { readonly outcome: 'failed' | 'invalid'; readonly problem: string };

const MAX_RED_HERRINGS = 4;
/** A story of 120 words and the lists take less than half of it. */
const MAX_TOKENS = 1500;

/** One design from one question. What goes wrong on the way, a model that does not answer included, becomes the problem. */
export async function designIncident(brief: DesignBrief, ask: Ask): Promise<Design> {
  const schema = proposalSchema(brief);
  let proposal: Proposal;
  try {
    proposal = await ask({ system: systemPrompt(brief.app), user: userPrompt(brief), schema, maxTokens: MAX_TOKENS });
  } catch (error) {
    return { outcome: 'failed', problem: `No proposal: ${error instanceof Error ? error.message : String(error)}` };
  }
  const checked = schema.safeParse(proposal);
  if (!checked.success) return invalid(`The proposal does not fit its schema: ${z.prettifyError(checked.error)}`);
  return toDesign(checked.data, brief);
}

/** What a proposal may hold, for a model that is asked for JSON: every type, workload, parameter and cascade there is, and nothing else. */
export function proposalSchema(brief: DesignBrief): z.ZodType<Proposal> {
  const { app, faultsAtOnce, redHerrings } = brief;
  const workloads = app.deployments.map((d) => `${d.metadata.namespace}/${d.metadata.name}`).sort();
  const cascades = redHerrings ? oneOf(CASCADES.map((c) => c.kind)).nullable() : z.null();
  const cascade = cascades.describe('How the page announces it; null: at the broken workload');
  const faults = typesOf(brief).flatMap((type) => {
    const targets = designTargets(type, app);
    if (targets.length === 0) return [];
    const params = z.strictObject(mapValues(choosable(type), (rule) => oneOf(valuesOn(targets, app, rule)).describe(rule.description)));
    return [z.strictObject({ type: z.literal(type), target: oneOf(targets), params, cascade })];
  });
  return z.strictObject({
    story: z.string().min(1).max(MAX_STORY_LENGTH),
    faults: z.array(z.union(faults)).min(1).max(faultsAtOnce),
    redHerrings: z
      .array(z.strictObject({ kind: oneOf(RED_HERRING_KINDS), target: oneOf(workloads) }))
      .max(redHerrings ? MAX_RED_HERRINGS : 0),
  });
}

/** Everything that can be checked without a cluster: what the schema cannot say, and that every mutation can be planned. */
function toDesign(proposal: Proposal, brief: DesignBrief): Design {
  const { app, about, minDifficulty, maxDifficulty } = brief;
  const random = seededRandom(`design ${canonical(proposal)}`);
  try {
    const specs = proposal.faults.map(({ type, target, params }): FaultSpec => ({ type, target: parseTarget(target), params }));
    const redHerrings = proposal.redHerrings.map(({ kind, target }): RedHerringSpec => ({ kind, target: parseTarget(target) }));
    const problem = compositionProblem(specs, about) ?? validateComposition({ faults: specs, redHerrings }, app);
    if (problem) return invalid(problem);
    if (brief.known.includes(inShort(specs))) return invalid(`It was designed before: ${inShort(specs)}`);
    const faults = withParams(specs, app, random);
    const topology = topologyOf(app);
    const announced = proposal.faults.map(({ cascade }, i): Announced => {
      const found = cascadesOf(faults[i], faults, topology).find((c) => c.kind === cascade);
      if (cascade && !found) throw new Error(`Cascade ${cascade} would not be true of ${faults[i].type} on ${targetKey(faults[i].target)}`);
      return { fault: faults[i], cascade: found };
    });
    const { alert, hops } = announce(announced, topology);
    const difficulty = difficultyOf({ faults, hops, redHerrings: redHerrings.length });
    if (difficulty > maxDifficulty || difficulty < minDifficulty)
      return invalid(`The design has difficulty ${difficulty}; what is allowed goes from ${minDifficulty} to ${maxDifficulty}`);
    const laid = resolveRedHerrings(redHerrings, app).map(({ kind, target, params }) => ({ kind, target, params }));
    const incident: InlineIncident = { faults, ...(laid.length ? { redHerrings: laid } : {}), alert, difficulty };
    dryRun(incident, app);
    return { incident, difficulty, story: proposal.story };
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
}

const invalid = (problem: string): Design => ({ outcome: 'invalid', problem });

function compositionProblem(faults: readonly FaultSpec[], about: string): string | undefined {
  if (faults[0].type !== about) return `The first fault is ${faults[0].type}, but the design has to be about ${about}`;
  const namespaces = faults.map((f) => f.target.namespace);
  const twice = namespaces.find((namespace, i) => namespaces.indexOf(namespace) !== i);
  return twice ? `Two faults are in namespace ${twice}; every fault needs a namespace of its own` : undefined;
}

/** Throws when a mutation cannot be planned. */
function dryRun({ faults, redHerrings = [] }: InlineIncident, app: Baseline): void {
  planRedHerrings(resolveRedHerrings(redHerrings, app), app);
  planInjection(resolveFaults(faults, app), app);
}

function parseTarget(key: string): Target {
  const [namespace, name] = key.split('/');
  return { namespace, name };
}

/** All that a parameter can be on one of the targets. */
function valuesOn(targets: readonly string[], app: Baseline, rule: ReturnType<typeof choosable>[string]): string[] {
  return [...new Set(targets.flatMap((key) => rule.values(contextOf(parseTarget(key), app))))];
}

const oneOf = (values: readonly string[]) => z.enum(values as [string, ...string[]]);

const mapValues = <V, W>(record: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
