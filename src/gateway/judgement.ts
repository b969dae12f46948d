import type { Episode, StepStatus } from '../api/episode.ts';

/** The hint of the last decided step; empty before the first one, and in what is held out, whatever the status says. */
export function hintOf({ spec, status }: Episode): string {
  if (spec.split && spec.split !== 'train') return '';
  const decided = status?.decidedSteps ?? 0;
  return status?.steps?.filter(({ index }) => index <= decided).at(-1)?.hint ?? '';
}

/** What an agent is told of the judgement of its line: `source` is who gave it. Nothing for a step that is not judged. */
export function judgementOf(step: StepStatus | undefined): Record<string, unknown> {
  if (!step) return {};
  const { score, phase, feedback, judge: source } = step;
  return { judge: { score, phase, feedback, ...(source ? { source } : {}) } };
}
