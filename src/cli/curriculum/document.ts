import { z } from 'zod';
import { type Curriculum, curriculumSpecSchema, curriculumStatusSchema } from '../../api/curriculum.ts';
import { BLANK_STATUS } from '../../curriculum/fold.ts';
import { FAULT_TYPES } from '../../faults/index.ts';

const FORMAT = 'kube-sre-gym/curriculum';
const VERSION = 1;

const documentSchema = z
  .strictObject({
    format: z.literal(FORMAT, { error: `must be ${FORMAT}` }),
    version: z.literal(VERSION, { error: `must be ${VERSION}, the only one that this gymctl knows` }),
    name: z.string().min(1).max(253),
    spec: curriculumSpecSchema(FAULT_TYPES),
    // Conditions say how this cluster is, and what is folding names Assignments, which stay behind.
    status: curriculumStatusSchema.omit({ observedGeneration: true, conditions: true, folding: true }).optional(),
  })
  .refine(({ spec, status }) => !status || spec.tiers.some((tier) => tier.name === status.tier), {
    path: ['status', 'tier'],
    error: 'must be the name of a tier of the spec',
  });
/** What is to be known of a Curriculum to let it go on elsewhere. */
export type CurriculumDocument = ReturnType<typeof parseDocument>;

/** The Curriculum as a document; without a status when it never got one, or has only just been reset. */
export function documentOf({ metadata, spec, status }: Curriculum): z.input<typeof documentSchema> {
  const { observedGeneration: _generation, conditions: _conditions, folding: _folding, ...learned } = status ?? BLANK_STATUS;
  return { format: FORMAT, version: VERSION, name: metadata.name, spec, ...(learned.tier ? { status: learned } : {}) };
}

/** Reads a document. `source`: where it came from, for messages. @throws Error with a sentence that says what is wrong and where */
export function parseDocument(text: string, source: string) {
  const refuse = (what: string) => new Error(`${source} cannot be imported as a Curriculum: ${what}`);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw refuse(`it is no JSON (${(error as Error).message}); give what gymctl curriculum export printed`);
  }
  const { success, data, error } = documentSchema.safeParse(given);
  if (!success) throw refuse(error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'document'}: ${message}`).join('; '));
  const { status, ...rest } = data;
  return { ...rest, ...(status ? { status: { ...status, folding: [] } } : {}) };
}
