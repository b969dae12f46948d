import type { Episode } from '../api/episode.ts';
import { API_VERSION } from '../api/group.ts';
import { seededRandom } from '../faults/random.ts';
import { DEFAULT_WEIGHTS } from '../reward/weights.ts';

/** One result in so many is unscorable. */
const UNSCORABLE_EVERY = 50;
/** A result takes from one to eleven minutes: some come after their group has closed. */
const LEAST_DELAY_MS = 60_000;
const DELAY_SPAN_MS = 600_000;
const MILLION = 1_000_000;

/** An Episode as it stands when it is over. Seed, trial and member decide, with the chance to resolve it (0..1); not when it is over. */
export function syntheticEpisode(of: { seed: number; trial: number; member: number; chance: number; startedTime: string }): Episode {
  const random = seededRandom(JSON.stringify(['episode', of.seed, of.trial, of.member]));
  const scorable = random(UNSCORABLE_EVERY) > 0;
  const resolved = scorable && random(MILLION) < of.chance * MILLION;
  const ended = resolved ? ('Resolved' as const) : ('GaveUp' as const);
  const { failed, resolved: base, bonusFloor } = DEFAULT_WEIGHTS;
  const name = `e-${of.trial}-${of.member}`;
  return {
    apiVersion: API_VERSION,
    kind: 'Episode',
    metadata: { name, uid: name },
    spec: {},
    status: {
      startedTime: of.startedTime,
      outcome: scorable ? ended : 'InfrastructureFailed',
      scorable,
      ...(scorable ? { reward: resolved ? base + bonusFloor : failed } : {}),
    },
  };
}

/** The same Episode while it goes on. */
export const stillRunning = (episode: Episode): Episode => ({ ...episode, status: { startedTime: episode.status?.startedTime } });

/** Milliseconds from the start of a group to a member's result. */
export const seededDelay =
  (seed: number) =>
  (trial: number, member: number): number =>
    LEAST_DELAY_MS + seededRandom(JSON.stringify(['delay', seed, trial, member]))(DELAY_SPAN_MS);
