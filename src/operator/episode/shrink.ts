import { FINAL_EPISODE_BYTES } from '../../api/defaults.ts';
import type { EpisodeStatus, StepStatus } from '../../api/episode.ts';
import { cutBytes } from '../../api/text.ts';

/**
 * A final status of at most `limit` bytes of JSON: hints go first, outputs are cut evenly, then commands; numbers and feedback stay. The
 * whole transcript is in the archive.
 */
export function shrinkFinal(status: EpisodeStatus, limit = FINAL_EPISODE_BYTES): EpisodeStatus {
  const size = (s: EpisodeStatus): number => Buffer.byteLength(JSON.stringify(s));
  let current = status;
  for (const [output, command] of [
    [1024, 512],
    [512, 256],
    [256, 256],
    [128, 128],
    [0, 96],
    [0, 48],
  ] as const) {
    if (size(current) <= limit) return current;
    current = { ...current, steps: current.steps?.map((s) => cutStep(s, output, command)) };
  }
  if (size(current) <= limit) return current;
  return { ...current, steps: current.steps?.map(({ feedback: _feedback, ...rest }) => rest) };
}

function cutStep(step: StepStatus, output: number, command: number): StepStatus {
  const { output: text, hint: _hint, ...rest } = step;
  const cut = { ...rest, command: cutBytes(step.command, command) };
  return output && text !== undefined ? { ...cut, output: cutBytes(text, output) } : cut;
}
