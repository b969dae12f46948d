import { cpus } from 'node:os';
import { AgentError, type Frame, OpenEnvClient } from '../../src/cli/runbook/openenv-client.ts';
import { playRunbook } from '../../src/cli/runbook/runbook.ts';
import type { Gym } from './gym.ts';
import { grouped, median, round } from './stats.ts';
import type { GymWatch } from './watches.ts';

/** At TARGET_SESSIONS sessions; the original's one session was measured at 190. */
const TARGET_PER_HOUR = 500;
const TARGET_SESSIONS = 8;

export interface Level {
  sessions: number;
  /** A multiple of the number of faults, so that all are played evenly. */
  episodes: number;
}

/** What one number of sessions reached. */
interface Reached {
  per_hour: number;
  seconds: number;
  finished: number;
  resolved: number;
  unscorable: number;
  reset_retries: number;
  errors: string[];
  /** Of the whole machine, the bench and its agents included: how busy the level kept its cores, and what one finished episode cost. */
  busy_cores: number;
  cpu_seconds_per_episode: number;
  by_fault: Record<string, { episodes: number; resolved: number; median_s: number }>;
}

interface Played {
  fault: string;
  seed: number;
  seconds: number;
  outcome: string;
  scorable: boolean;
  /** Resets that were answered with "not yet" and asked again, as the answer says. */
  retries: number;
  /** The gateway answered with an error. */
  error?: string;
}

/** How often a reset is asked again before it counts as an error: each wait is 46 s. */
const MOST_RETRIES = 5;

/** Whole episodes, reset to outcome, played by the runbook agent with so many sessions at once. */
export async function measureThroughput(
  gym: Gym,
  watch: GymWatch,
  o: {
    faults: readonly string[];
    levels: readonly Level[];
    limitMs: number;
    firstSeed: number;
    spareArenas: number;
    say: (line: string) => void;
  },
): Promise<object> {
  const sessions: Record<string, Reached | { error: string }> = {};
  let seed = o.firstSeed;
  for (const level of o.levels) {
    await watch.warm(o.spareArenas);
    sessions[level.sessions] = await playLevel(gym, { ...o, ...level, firstSeed: seed }).catch((error: Error) => {
      o.say(`${level.sessions} sessions failed: ${error.message}`);
      return { error: error.message };
    });
    seed += level.episodes;
  }
  const reached = sessions[TARGET_SESSIONS];
  const value = reached && 'per_hour' in reached ? reached.per_hour : null;
  return { target: TARGET_PER_HOUR, met: value === null ? null : value >= TARGET_PER_HOUR, per_hour_at_8: value, sessions };
}

/**
 * Sessions take the next episode from one list until it is empty or the time is over. The clock runs from the first reset to the last outcome, so
 * sessions that idle at the end count against the figure.
 */
async function playLevel(
  gym: Gym,
  o: Level & { faults: readonly string[]; limitMs: number; firstSeed: number; say: (line: string) => void },
): Promise<Reached> {
  const played: Played[] = [];
  const began = performance.now();
  const busyBefore = busySeconds();
  let next = 0;
  const seat = async (): Promise<void> => {
    while (next < o.episodes && performance.now() - began < o.limitMs) {
      const index = next++;
      const one = await playEpisode(gym.url, o.faults[index % o.faults.length], o.firstSeed + index);
      played.push(one);
      o.say(
        `${o.sessions} sessions, ${played.length}/${o.episodes}: ${one.fault} ${one.error ?? one.outcome} in ${one.seconds.toFixed(1)} s`,
      );
    }
  };
  const seats = Array.from({ length: o.sessions }, () =>
    seat().catch((error) => {
      next = o.episodes;
      throw error;
    }),
  );
  const refused = (await Promise.allSettled(seats)).find((ended) => ended.status === 'rejected');
  if (refused) throw refused.reason;
  const seconds = (performance.now() - began) / 1000;
  const busy = busySeconds() - busyBefore;
  const finished = played.filter((p) => p.error === undefined && p.scorable);
  const per_hour = round((finished.length * 3600) / seconds, 0);
  o.say(`${o.sessions} sessions: ${per_hour} episodes an hour`);
  const by_fault = Object.fromEntries(
    grouped(finished, (p) => p.fault).map(([fault, own]) => [
      fault,
      {
        episodes: own.length,
        resolved: own.filter((p) => p.outcome === 'Resolved').length,
        median_s: round(median(own.map((p) => p.seconds)), 1),
      },
    ]),
  );
  return {
    per_hour,
    seconds: round(seconds, 1),
    finished: finished.length,
    resolved: finished.filter((p) => p.outcome === 'Resolved').length,
    reset_retries: played.reduce((sum, p) => sum + p.retries, 0),
    unscorable: played.filter((p) => p.error === undefined && !p.scorable).length,
    busy_cores: round(busy / seconds, 2),
    cpu_seconds_per_episode: round(busy / finished.length, 1),
    errors: played.flatMap((p) => (p.error === undefined ? [] : [`${p.fault}: ${p.error}`])),
    by_fault,
  };
}

/** Seconds that all cores together were not idle since the machine started. */
function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

async function playEpisode(url: string, fault: string, seed: number): Promise<Played> {
  const began = performance.now();
  const seconds = (): number => round((performance.now() - began) / 1000, 2);
  let agent: OpenEnvClient | undefined;
  let retries = 0;
  try {
    agent = await OpenEnvClient.connect(url);
    const client = agent;
    const reset = (): Promise<Frame> =>
      client.reset({ fault, seed }).catch((error: Error) => {
        if (!(error instanceof AgentError) || error.code !== 'EXECUTION_ERROR' || retries === MOST_RETRIES) throw error;
        retries++;
        return reset();
      });
    let frame = await reset();
    if (!frame.done) {
      await playRunbook(async (line) => {
        frame = await client.run(line);
        return { output: frame.observation.command_output, done: frame.done };
      });
      if (!frame.done) frame = await client.step('report: give-up');
    }
    const { outcome, scorable } = frame.observation;
    return { fault, seed, seconds: seconds(), outcome: outcome ?? 'none', scorable, retries };
  } catch (error) {
    // The gateway takes fewer sessions than asked for: nothing to measure.
    if (error instanceof AgentError && error.code === 'CAPACITY_REACHED') throw error;
    return { fault, seed, seconds: seconds(), outcome: 'none', scorable: false, retries, error: (error as Error).message };
  } finally {
    await agent?.close();
  }
}
