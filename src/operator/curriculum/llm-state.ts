import { setCondition } from '../../api/conditions.ts';
import type { CurriculumSpec, CurriculumStatus } from '../../api/curriculum.ts';
import { ConditionType, Reason } from '../../api/reasons.ts';
import type { LlmState } from '../../llm/open.ts';

/** An LLM fails and comes back without a change of any object; so often the condition is looked at again. */
const LOOK_AGAIN_MS = 30_000;

/** Whether judge or designer of the Curriculum ask an LLM. */
export const wantsLlm = ({ judge, designer }: CurriculumSpec): boolean => judge.kind !== 'heuristic' || designer.kind === 'llm';

/** The status with condition LlmAvailable where the Curriculum wants an LLM, and without it where it does not. */
export function withLlmState(status: CurriculumStatus, spec: CurriculumSpec, state: LlmState, now: Date): CurriculumStatus {
  const { conditions = [], observedGeneration } = status;
  if (wantsLlm(spec)) {
    const change = { ...state, type: ConditionType.LlmAvailable, observedGeneration };
    return { ...status, conditions: setCondition(conditions, change, now) };
  }
  const others = conditions.filter(({ type }) => type !== ConditionType.LlmAvailable);
  return { ...status, conditions: others.length ? others : undefined };
}

/** Milliseconds until the condition has to be looked at again; undefined where it never changes. */
export function llmMs(spec: CurriculumSpec, { reason }: LlmState): number | undefined {
  return wantsLlm(spec) && reason !== Reason.NotConfigured ? LOOK_AGAIN_MS : undefined;
}
