import { type Frame, OpenEnvClient } from '../../src/cli/runbook/openenv-client.ts';
import { seededIncident } from '../../src/designer/seeded.ts';
import { attemptsOf, resolveFaults } from '../../src/faults/engine.ts';
import { arenaOf } from '../../src/gateway/workplace.ts';
import type { Baseline } from '../../src/health/snapshot.ts';
import type { Gym } from './gym.ts';
import { grouped, median, round } from './stats.ts';
import { ArenaWatch, type GymWatch } from './watches.ts';

const TARGET_S = 1;
/** Frames that may pass while a fix settles; each waits up to 25 s. */
const WAITING_FRAMES = 5;

interface Run {
  fault: string;
  seed: number;
  /** From the moment the bench’s own watch saw all pods healthy for good until the answer. */
  healthy_to_answer_s: number;
  hold_s: number;
  report_s: number;
}

/** The reference fix of each fault through the gateway: what the answer takes beyond the hold, once all pods are healthy. */
export async function measureFix(
  gym: Gym,
  watch: GymWatch,
  o: { faults: readonly string[]; rounds: number; firstSeed: number; app: Baseline; say: (line: string) => void },
): Promise<object> {
  const runs: Run[] = [];
  for (let round_ = 0; round_ < o.rounds; round_++) {
    for (const fault of o.faults) {
      const done = await play(gym, watch, { fault, seed: o.firstSeed + runs.length, app: o.app });
      runs.push(done);
      o.say(`fix of ${fault}: hold ${done.hold_s} s, reported ${done.report_s.toFixed(2)} s after it`);
    }
  }
  const value = round(median(runs.map((r) => r.report_s)), 3);
  const by_fault = Object.fromEntries(grouped(runs, (r) => r.fault).map(([f, own]) => [f, round(median(own.map((r) => r.report_s)), 3)]));
  return { target: TARGET_S, met: value <= TARGET_S, median_s: value, worst_s: Math.max(...runs.map((r) => r.report_s)), by_fault, runs };
}

async function play(gym: Gym, watch: GymWatch, o: { fault: string; seed: number; app: Baseline }): Promise<Run> {
  const { fault, seed, app } = o;
  await watch.warm(1);
  const agent = await OpenEnvClient.connect(gym.url);
  let arena: ArenaWatch | undefined;
  try {
    let frame = await agent.reset({ fault, seed });
    if (frame.done) throw new Error(`reset of ${fault} with seed ${seed} failed: ${frame.observation.message}`);
    const { metadata } = await watch.episodeOfSeed(seed);
    const { status } = await watch.incident(metadata.name, (i) => i.status?.namespaces !== undefined);
    arena = await ArenaWatch.start(gym.client, arenaOf(status?.namespaces ?? {}));
    const healthySince = follow(arena);
    frame = await fix(agent, seededIncident(seed, app, fault).faults, app);
    const answered = performance.now();
    const since = healthySince();
    if (frame.observation.outcome !== 'Resolved') throw new Error(`${fault} with seed ${seed} ended ${frame.observation.outcome}`);
    if (since === undefined) throw new Error(`${fault} with seed ${seed} was resolved, and its pods were not seen healthy`);
    const ended = await watch.incident(metadata.name, (i) => i.status?.resolvedTime !== undefined);
    const hold_s = ended.status?.holdSeconds ?? 0;
    const healthy_to_answer_s = round((answered - since) / 1000, 3);
    return { fault, seed, hold_s, healthy_to_answer_s, report_s: round(healthy_to_answer_s - hold_s, 3) };
  } finally {
    await agent.close();
    await arena?.stop();
  }
}

/** A shorter stretch is one between two crashes; the hold lasts 5 s at least. */
const STRETCH_MS = 1000;

/**
 * Follows the stretches in which the arena is healthy. The returned function tells when the last one began: it may have ended by then, because the
 * arena is removed as soon as its incident is resolved.
 */
function follow(arena: ArenaWatch): () => number | undefined {
  let since: number | undefined;
  let last: number | undefined;
  const stretch = (): number | undefined => (since !== undefined && performance.now() - since >= STRETCH_MS ? since : last);
  arena.onChange(() => {
    if (arena.isHealthy()) since ??= performance.now();
    else {
      last = stretch();
      since = undefined;
    }
  });
  return stretch;
}

async function fix(agent: OpenEnvClient, faults: Parameters<typeof resolveFaults>[0], app: Baseline): Promise<Frame> {
  let frame: Frame | undefined;
  for (const record of resolveFaults(faults, app)) {
    for (const line of attemptsOf(record, app).reference.lines) {
      frame = await agent.step(line);
      if (frame.done) return frame;
    }
  }
  for (let i = 0; i < WAITING_FRAMES && !frame?.done; i++) frame = await agent.step('kubectl get deploy -A');
  if (!frame) throw new Error('The reference fix has no line');
  return frame;
}
