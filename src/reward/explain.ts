import type { Episode, EpisodeStatus, StepStatus } from '../api/episode.ts';
import { workOf } from './from-episode.ts';
import { effortOf, round } from './reward.ts';
import { type StepShaping, shapingOf } from './shaping.ts';
import { DEFAULT_WEIGHTS, type RewardWeights } from './weights.ts';

/** How an Episode's reward comes about, line by line, from what its status holds: by its own weights, else the default ones. */
export function explainReward(episode: Episode): string[] {
  const { name } = episode.metadata;
  const status = episode.status ?? {};
  const weights: RewardWeights = status.weights ?? DEFAULT_WEIGHTS;
  const ended = status.outcome ?? 'still running';
  const parts = status.rewardParts;
  if (status.scorable === false) return [`${name}: ${ended}, unscorable: the infrastructure failed, so there is no reward`];
  if (status.reward === undefined || !parts) return [`${name}: ${ended}, nothing to score yet`];
  const resolved = status.outcome === 'Resolved';
  const lines = [`${name}: ${ended}${status.outcome ? '' : ', worth this if it ended now'}, reward ${signed(status.reward)}`, ''];
  lines.push(`${points(parts.base)}  base: ${resolved ? 'resolved' : 'not resolved'}`);
  const { steps, recorded, endedByFix } = workOf(status.steps ?? []);
  if (resolved) {
    lines.push(
      `${points(parts.bonus)}  bonus: ${effortOf(steps)} of ${status.maxSteps ?? '?'} steps used (each call that changed something is one)`,
    );
    lines.push(`${points(parts.shaping)}  shaping: how it was worked`);
    lines.push(...explainShaping(steps, recorded, endedByFix, weights));
  } else {
    const known = `faults fixed ${share(status.fixScore)}, diagnosis ${share(status.diagnosisScore)}`;
    lines.push(`${points(parts.partialCredit)}  partial credit: ${known}`);
  }
  return [...lines, ...judging(status), '', ...frames(status.steps ?? [])];
}

/** What an LLM did for the Episode, and whether the judge took back a resolution; nothing where neither happened. */
function judging({ llm, veto }: EpisodeStatus): string[] {
  const lines: string[] = [];
  if (llm) {
    const { calls, inputTokens, outputTokens, usd, seconds, fallbacks } = llm;
    const cost = usd === undefined ? 'at an unknown price' : `for ${usd} USD`;
    lines.push(
      `LLM: ${calls} answers, ${inputTokens} tokens in and ${outputTokens} out ${cost}, ${seconds} s; ${fallbacks} judgements by the rules instead`,
    );
  }
  if (veto) lines.push(`veto: after step ${veto.step} the judge took back a resolution: ${veto.reason.replace(/\s+/g, ' ')}`);
  return lines.length ? ['', ...lines] : [];
}

function explainShaping(
  steps: Parameters<typeof shapingOf>[0],
  recorded: readonly StepStatus[],
  endedByFix: boolean,
  weights: RewardWeights,
): string[] {
  const shaping = shapingOf(steps, endedByFix, weights);
  const opened = Math.max(1, shaping.steps.filter((step) => step.opened).length);
  const lines = shaping.steps.flatMap((step, i) => {
    const text = stepText(step);
    return text ? [`          step ${recorded[i].index}: ${text}`] : [];
  });
  if (shaping.verifySkipped) lines.push(`          ${signed(weights.phaseSkipped)} verify was skipped`);
  const repeats = shaping.repeats ? ` ${signed(round(shaping.repeats))} for repeats` : '';
  lines.push(
    `          = ${signed(round(shaping.mean))} on average over ${opened} phase${opened === 1 ? '' : 's'}${repeats}, within ±${weights.shapingLimit}`,
  );
  return lines;
}

function stepText({ opened, phase, judge, repeat, skipped }: StepShaping): string {
  const terms = [
    ...(opened ? [`opens ${opened}, judge ${signed(judge)}`] : judge < 0 ? [`judge ${signed(judge)}`] : []),
    ...(opened && skipped.length === 0 ? [`in order ${signed(phase)}`] : []),
    ...(skipped.length > 0 ? [`skips ${skipped.join(' and ')} ${signed(round(phase))}`] : []),
    ...(repeat ? [`repeat ${signed(repeat)}`] : []),
  ];
  return terms.join(', ');
}

/** What went over the wire in the default delivery, and what the judge thought of it. */
function frames(steps: readonly StepStatus[]): string[] {
  return steps.map(({ index, action, command, phase, score, reward, feedback }) => {
    const judged = score === undefined ? '' : `  ${phase ?? '-'} ${signed(score)}`;
    const oneLine = `${action === 'Command' ? '' : `${action} `}${command}`.replace(/\s+/g, ' ').trim().slice(0, 100);
    return `${String(index).padStart(3)}  ${reward === undefined ? ''.padStart(8) : points(reward)}${judged.padEnd(20)}  ${oneLine}${feedback ? `\n      ${feedback}` : ''}`;
  });
}

const share = (value: number | undefined): string => (value === undefined ? 'none' : `${Math.round(value * 100)} %`);
const signed = (value: number): string => `${value < 0 ? '' : '+'}${value}`;
const points = (value: number): string => signed(value).padStart(8);
