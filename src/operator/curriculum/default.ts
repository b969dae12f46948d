import { CURRICULUM_MODES } from '../../api/curriculum.ts';
import { DEFAULT_CURRICULUM } from '../../api/defaults.ts';
import { API_VERSION } from '../../api/group.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import { Resources } from '../../kube/resource.ts';

/** What the environment says of a new Curriculum; everything else is the API server's default. */
interface FromEnvironment {
  mode?: (typeof CURRICULUM_MODES)[number];
  minDifficulty?: number;
}

/** Reads the original's GYM_MODE and EVAL_MIN_DIFFICULTY. @throws Error with a sentence for a value that is none */
export function curriculumFromEnv(env: Readonly<Record<string, string | undefined>>): FromEnvironment {
  const { GYM_MODE, EVAL_MIN_DIFFICULTY } = env;
  const mode = CURRICULUM_MODES.find((known) => known === GYM_MODE);
  if (GYM_MODE && !mode) throw new Error(`GYM_MODE is ${GYM_MODE}; it must be ${CURRICULUM_MODES.join(' or ')}`);
  const minDifficulty = EVAL_MIN_DIFFICULTY ? Number(EVAL_MIN_DIFFICULTY) : undefined;
  if (minDifficulty !== undefined && !(minDifficulty >= 0 && minDifficulty <= 1)) {
    throw new Error(`EVAL_MIN_DIFFICULTY is ${EVAL_MIN_DIFFICULTY}; it must be a number from 0 to 1`);
  }
  return { ...(mode ? { mode } : {}), ...(minDifficulty === undefined ? {} : { minDifficulty }) };
}

/** Makes the Curriculum that resets ask by default, where there is none: one that exists has a history and is its owner's. */
export async function ensureDefaultCurriculum(client: KubeClient, namespace: string, spec: FromEnvironment): Promise<void> {
  try {
    await client.create(Resources.curricula, {
      apiVersion: API_VERSION,
      kind: 'Curriculum',
      metadata: { name: DEFAULT_CURRICULUM, namespace },
      // The API server fills in the rest.
      spec: spec as never,
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
