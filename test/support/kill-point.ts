import { isTrue } from '../../src/api/conditions.ts';
import type { Episode } from '../../src/api/episode.ts';
import { GYM_NAMESPACE } from '../../src/api/group.ts';
import { ConditionType } from '../../src/api/reasons.ts';
import { Resources } from '../../src/kube/resource.ts';
import type { KillPoint } from '../../src/kube/writes.ts';
import type { Agent } from './agent.ts';
import type { Gym } from './gym.ts';
import type { GymProcess } from './gym-process.ts';

export interface KillResult {
  process: 'operator' | 'gateway';
  /** Where lives of the process ended, one after the other, and the last write that each began. */
  deaths: (KillPoint & { lastWrite: string })[];
  outcomes: { outcome: string; scorable: boolean; reward?: number }[];
  seconds: number;
  /** What is not as it must be; empty when all is well. */
  problems: string[];
}

/** One fault with a quick fix; three lines, so that Steps of every kind are written. */
const INCIDENT = { faults: [{ type: 'scale_zero', target: { namespace: 'auth', name: 'auth-service' } }] };
const LINES = [
  'kubectl get deployments -A',
  'diagnose: auth-service in namespace auth is scaled to zero replicas',
  'kubectl scale deployment/auth-service -n auth --replicas=1',
];
/** After the death: the dead leader's lease runs out (15 s), the gateway's too, then the longest hold and a teardown with escalation. */
const SETTLE_MS = 150_000;

/**
 * Plays one episode while `process` dies at the first of `points`, is started again, dies at the next one, and so on until they are used up or the
 * work is done; then looks what became of it. The gym must have one arena ready, and has one ready again afterwards. `reward` is what
 * the same episode is worth undisturbed. `writes`: of the last life.
 */
export async function playThroughKills(
  gym: Gym,
  process: 'operator' | 'gateway',
  points: readonly KillPoint[],
  seed: number,
  reward?: number,
): Promise<KillResult & { writes: string[] }> {
  const began = Date.now();
  const before = new Set(gym.episodes.list().map((e) => e.metadata.uid));
  await gym[process].stop();
  const lives = new Lives(gym, process, points);
  await lives.started;
  const problems: string[] = [];
  await play(gym, seed);
  const mine = () => gym.episodes.list().filter((e) => !before.has(e.metadata.uid));
  await seeAll(gym);
  await untilSettled(gym, mine);
  problems.push(...gym.unfinished(mine()));
  // One arena ready again: nothing is stuck, and every write up to here belongs to this episode.
  await gym.untilReady(1).catch((error: Error) => problems.push(error.message));
  const last = await lives.end();
  problems.push(...(await judge(gym, mine(), reward)));
  if (last.exit && last.exit.signal !== 'SIGKILL') problems.push(`The ${process} ended by itself (${last.exit.code})`);
  const outcomes = mine().map((e) => ({
    outcome: String(e.status?.outcome),
    scorable: e.status?.scorable ?? true,
    ...(e.status?.reward === undefined ? {} : { reward: e.status.reward }),
  }));
  const seconds = Math.round((Date.now() - began) / 100) / 10;
  return { process, deaths: lives.deaths, outcomes, seconds, problems, writes: writesOf(last) };
}

const writesOf = (life: GymProcess): string[] => life.writes.map((w) => `${w.method} ${w.path}`);

/** One process after the other under the same name, as a pod whose container the kubelet starts again at once. */
class Lives {
  readonly deaths: KillResult['deaths'] = [];
  /** Resolves when one of them has started. */
  readonly started: Promise<void>;
  readonly #gym: Gym;
  readonly #process: 'operator' | 'gateway';
  readonly #points: readonly KillPoint[];
  #next: Promise<void> = Promise.resolve();
  #over = false;

  constructor(gym: Gym, process: 'operator' | 'gateway', points: readonly KillPoint[]) {
    this.#gym = gym;
    this.#process = process;
    this.#points = points;
    this.started = this.#live(0);
  }

  async #live(index: number): Promise<void> {
    const point = this.#points.at(index);
    const env = { LOG_LEVEL: 'debug', ...(point ? { NODE_ENV: 'test', KSG_KILL_AT: `${point.when}:${point.write}` } : {}) };
    const life = this.#process === 'operator' ? this.#gym.spawnOperator({ env }) : this.#gym.spawnGateway({ env });
    const next = life.ended.then(async ({ signal }) => {
      if (signal !== 'SIGKILL' || !point) return;
      this.deaths.push({ ...point, lastWrite: writesOf(life).at(-1) ?? '' });
      if (!this.#over) await this.#live(index + 1);
    });
    this.#next = next;
    next.catch(() => {}); // whoever waits for the end hears of it
    await life.started.catch(() => next);
  }

  /** Begins no further life; resolves with the one that runs, started. */
  async end(): Promise<GymProcess> {
    this.#over = true;
    const last = this.#gym[this.#process];
    if (last.exit) await this.#next;
    return last;
  }
}

/** What an agent does that does not know of the death: it types its lines, and leaves when it is told that the episode is over or broken. */
async function play(gym: Gym, seed: number): Promise<void> {
  let agent: Agent | undefined;
  try {
    agent = await gym.connect();
    const first = await agent.reset({ incident: INCIDENT, seed });
    if (first.done) return;
    for (const line of LINES) if ((await agent.step(line)).done) return;
    // A frame that only waits for a settle uses no step.
    for (let waits = 0; waits < 3; waits++) if ((await agent.step(LINES[0])).done) return;
  } catch {
    // The gateway died, or found no operator in time: the agent gives up.
  } finally {
    await agent?.close();
  }
}

/** The watch may lag behind an Episode whose gateway died right after it was made. */
async function seeAll(gym: Gym): Promise<void> {
  const { items } = await gym.client.list(Resources.episodes, { namespace: GYM_NAMESPACE });
  await gym.episodes.waitFor(() => items.every((e) => gym.episodes.get(e.metadata)), AbortSignal.timeout(10_000));
}

/** Resolves when nothing of the episodes is open any more, or the time is over; who asks looks again. */
async function untilSettled(gym: Gym, episodes: () => Episode[]): Promise<void> {
  const found = new AbortController();
  const limit = AbortSignal.any([AbortSignal.timeout(SETTLE_MS), found.signal]);
  const settled = () => gym.unfinished(episodes()).length === 0;
  // The last change may come by any of these watches.
  await Promise.any([gym.episodes, gym.incidents, gym.arenas].map((reflector) => reflector.waitFor(settled, limit))).catch(() => {});
  found.abort();
}

async function judge(gym: Gym, episodes: readonly Episode[], reward: number | undefined): Promise<string[]> {
  const problems: string[] = [];
  const archived = await gym.archived();
  for (const { metadata, status } of episodes) {
    const { name } = metadata;
    if (!status?.outcome) continue;
    if (!archived.has(String(metadata.uid))) problems.push(`Episode ${name} is not in the archive`);
    if (status.scorable === false) {
      if (status.reward !== undefined) problems.push(`Episode ${name} is unscorable and has a reward of ${status.reward}`);
      continue;
    }
    if (status.outcome !== 'Resolved') problems.push(`Episode ${name} ended ${status.outcome}, which counts`);
    else if (reward !== undefined && status.reward !== reward) {
      problems.push(`Episode ${name} is worth ${status.reward}; undisturbed it is worth ${reward}`);
    }
  }
  const stuck = gym.arenas.list().filter((a) => isTrue(a.status?.conditions, ConditionType.Stuck));
  return [...problems, ...stuck.map((a) => `${a.metadata.name} is stuck`)];
}

/** Numbers (from 1) of the writes whose path is about an episode: its objects, its arena's change of hands, what is broken in it. */
export function episodeWrites(writes: readonly string[]): number[] {
  const first = writes.findIndex((w) => /^POST .*\/(incidents|episodes)$/.test(w));
  const own = /\/(incidents|episodes|steps|secrets|arenas|namespaces)(\/|$)/;
  return writes.flatMap((w, i) => (first >= 0 && i >= first && own.test(w) ? [i + 1] : []));
}
