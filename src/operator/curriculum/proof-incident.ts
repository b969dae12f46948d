import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Curriculum, MAX_STORY_LENGTH, type ReadyDesign } from '../../api/curriculum.ts';
import { API_VERSION, DESIGN_ANNOTATION, DESIGN_LABEL } from '../../api/group.ts';
import type { Incident } from '../../api/incident.ts';
import { ownerReferenceTo } from '../../api/object.ts';

/** Backstop: it ends by itself where nobody concludes the proof, and stays long enough to be concluded. */
const LIMITS = { resolution: { timeoutSeconds: 600 }, ttlSecondsAfterFinished: 600 };

const factsSchema = z.object({
  fault: z.string().max(64),
  tier: z.string().max(32),
  difficulty: z.number().min(0).max(1),
  story: z.string().max(MAX_STORY_LENGTH),
});

/** Name of the design of that number: unique among all Curricula, those that had the same name before included. */
export function designName(curriculum: Curriculum, number: number): string {
  return `design-${createHash('sha256').update(`${curriculum.metadata.uid} ${number}`).digest('hex').slice(0, 16)}`;
}

/** The Incident that a design is proved with. It holds all that is known of the design, so that a proof outlives the process that makes it. */
export function proofIncident(curriculum: Curriculum, { name, incident, ...facts }: ReadyDesign): Incident {
  return {
    apiVersion: API_VERSION,
    kind: 'Incident',
    metadata: {
      name,
      namespace: curriculum.metadata.namespace,
      labels: { [DESIGN_LABEL]: 'proof' },
      annotations: { [DESIGN_ANNOTATION]: JSON.stringify(facts) },
      ownerReferences: [ownerReferenceTo(curriculum)],
    },
    spec: { ...incident, ...LIMITS },
  };
}

/** True for Incidents that prove designs and that nobody plays. */
export const isProof = ({ metadata }: Incident): boolean => metadata.labels?.[DESIGN_LABEL] !== undefined;

/** The design that an Incident proves; undefined when it does not say, because somebody edited it. */
export function provenDesign({ metadata, spec }: Incident): ReadyDesign | undefined {
  const facts = factsSchema.safeParse(parsed(metadata.annotations?.[DESIGN_ANNOTATION] ?? ''));
  if (!facts.success) return undefined;
  // Designs are for the default app, which incidents need not name.
  const { ttlSecondsAfterFinished: _ttl, resolution: _resolution, app: _app, ...incident } = spec;
  return { name: metadata.name, ...facts.data, incident };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
