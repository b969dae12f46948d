import { CURRICULUM_MODES, type Curriculum } from '../../api/curriculum.ts';
import { DEFAULT_CURRICULUM, GREATEST_DRAWN_DIFFICULTY } from '../../api/defaults.ts';
import { API_VERSION } from '../../api/group.ts';
import type { JudgeName } from '../../api/judging.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import { Resources } from '../../kube/resource.ts';
import type { HourlyLimits } from '../../llm/budget.ts';
import { wantsLlm } from './llm-state.ts';

/** What the environment says of a new Curriculum; everything else is the API server's default. */
interface FromEnvironment {
  mode?: (typeof CURRICULUM_MODES)[number];
  minDifficulty?: number;
  judge?: { kind: JudgeName };
  designer?: { kind: 'procedural' | 'llm' };
}

/** Reads the original's GYM_MODE, EVAL_MIN_DIFFICULTY and LLM_BACKEND: where an LLM is named, it judges and designs. @throws Error with a sentence for a value that is none */
export function curriculumFromEnv(env: Readonly<Record<string, string | undefined>>): FromEnvironment {
  const { GYM_MODE, EVAL_MIN_DIFFICULTY, LLM_BACKEND } = env;
  const mode = CURRICULUM_MODES.find((known) => known === GYM_MODE);
  if (GYM_MODE && !mode) throw new Error(`GYM_MODE is ${GYM_MODE}; it must be ${CURRICULUM_MODES.join(' or ')}`);
  const minDifficulty = EVAL_MIN_DIFFICULTY ? Number(EVAL_MIN_DIFFICULTY) : undefined;
  if (minDifficulty !== undefined && !(minDifficulty >= 0 && minDifficulty <= GREATEST_DRAWN_DIFFICULTY)) {
    throw new Error(
      `EVAL_MIN_DIFFICULTY is ${EVAL_MIN_DIFFICULTY}; it must be a number from 0 to ${GREATEST_DRAWN_DIFFICULTY}, the difficulty of the hardest incident`,
    );
  }
  return {
    ...(mode ? { mode } : {}),
    ...(minDifficulty === undefined ? {} : { minDifficulty }),
    ...(LLM_BACKEND ? { judge: { kind: 'both' }, designer: { kind: 'llm' } } : {}),
  };
}

/** What LLMs may cost in an hour: the least that any Curriculum that wants one allows, since all of them ask the same one. */
export function spendingLimits(curricula: readonly Curriculum[]): HourlyLimits {
  const least = (values: (number | undefined)[]): number | undefined => {
    const given = values.filter((value) => value !== undefined);
    return given.length ? Math.min(...given) : undefined;
  };
  const limits = curricula.filter(({ spec }) => wantsLlm(spec)).map(({ spec }) => spec.llm);
  const tokens = least(limits.map((limit) => limit?.tokensPerHour));
  const usd = least(limits.map((limit) => limit?.usdPerHour));
  return { ...(tokens === undefined ? {} : { tokens }), ...(usd === undefined ? {} : { usd }) };
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
