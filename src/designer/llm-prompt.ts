import type { FaultSpec } from '../api/incident.ts';
import { contextOf, targetsOf, workloadTargets } from '../faults/engine.ts';
import { faultOf } from '../faults/index.ts';
import { RED_HERRINGS } from '../faults/red-herrings/index.ts';
import { type Baseline, targetKey } from '../health/snapshot.ts';
import { CASCADES } from './cascades.ts';
import { topologyOf } from './topology.ts';
import { heldOutPairs, pairKey } from './variations.ts';

/** What a design is to be good for. */
export interface DesignBrief {
  /** The healthy app. */
  readonly app: Baseline;
  /** The fault type that has to be among the design's, first. */
  readonly about: string;
  /** Fault types that may come beside it. */
  readonly types: readonly string[];
  readonly faultsAtOnce: number;
  /** 0..1, of the whole incident. */
  readonly minDifficulty: number;
  readonly maxDifficulty: number;
  /** Red herrings may be laid, and pages may speak of another place than the broken one. */
  readonly redHerrings: boolean;
  /** Fault types that the agent often fails at. */
  readonly weakSpots: readonly string[];
  /** Success 0..1 by fault type, of those that were tried. */
  readonly mastery: Readonly<Record<string, number>>;
  /** What was designed before and must not come again, as inShort() says it. */
  readonly known: readonly string[];
}

const TASK = `You design incidents for a training ground of on-call engineers. A private copy of the shop below is broken as you say; an on-call
gets one page and a shell with kubectl, has to find every fault and to mend it. Make incidents that teach: hard for this on-call, never unfair.

You choose from lists and write nothing that the on-call will read: the page is made from your choice.
- faults: what is broken, each in a namespace of its own. A fault with a cascade is announced where customers are hurt, not where it is broken.
- redHerrings: what lies beside, harmless, on workloads that no fault touches, each on one of its own. None that makes pods in a namespace with a
  resource_quota fault.
- story: for the people who run the training: what happened, what misleads, what the on-call learns. At most 120 words.
Aim at weak spots, and at combinations in which one fault hides another.`;

/** The constant part of the prompt: the task, who asks whom in the app, and everything that can be chosen. */
export function systemPrompt(app: Baseline): string {
  const { dependencies, roleOf } = topologyOf(app);
  const workloads = workloadTargets(app).map((target) => {
    const { deployment } = contextOf(target, app);
    return { workload: targetKey(target), role: roleOf.get(targetKey(target)), replicas: deployment.spec.replicas ?? 1 };
  });
  return [
    TASK,
    section('The shop: its workloads', workloads),
    section('Who asks whom, for each request', dependencies),
    section('Cascades: role that is broken, role that the page speaks of', CASCADES),
    section(
      'Red herrings',
      [...RED_HERRINGS.values()].map(({ kind, description, makesPods }) => ({ kind, description, makesPods })),
    ),
  ].join('\n\n');
}

/** The part of the prompt that is about this on-call and this incident. */
export function userPrompt({ app, about, types, weakSpots, mastery, known, ...limits }: DesignBrief): string {
  const { faultsAtOnce, minDifficulty, maxDifficulty, redHerrings } = limits;
  const catalogue = typesOf({ about, types }).map((type) => ({
    ...{ type, description: faultOf(type).description, difficulty: faultOf(type).difficulty, targets: designTargets(type, app) },
    params: Object.fromEntries(Object.entries(choosable(type)).map(([name, rule]) => [name, rule.description])),
  }));
  return [
    section('Faults that may be chosen', catalogue),
    section('This on-call', { weakSpots, successByFault: mastery }),
    section('This incident', {
      ...{ firstFault: about, mostFaults: faultsAtOnce, leastDifficulty: minDifficulty, greatestDifficulty: maxDifficulty },
      redHerringsAndCascades: redHerrings,
    }),
    section('Designed before; choose something else', known),
  ].join('\n\n');
}

export const typesOf = ({ about, types }: Pick<DesignBrief, 'about' | 'types'>): string[] => [...new Set([about, ...types])];

/** The faults of an incident and where they are, in one line; what else may differ is cosmetic beside it. */
export const inShort = (faults: readonly FaultSpec[]): string =>
  faults
    .map(({ type, target }) => `${type} ${targetKey(target)}`)
    .sort()
    .join(' + ');

/** Workloads (namespace/name) on which a design may use the fault: what is held out for eval is not among them. */
export function designTargets(type: string, app: Baseline): string[] {
  const heldOut = heldOutPairs(app);
  return targetsOf(type, app)
    .filter((target) => !heldOut.has(pairKey({ type, target })))
    .map(targetKey)
    .sort();
}

/** Parameters that a design decides on; the others are cosmetic. */
export const choosable = (type: string) => Object.fromEntries(Object.entries(faultOf(type).params).filter(([, rule]) => !rule.cosmetic));

const section = (title: string, content: unknown): string => `# ${title}\n${JSON.stringify(content, null, 1)}`;
