import { randomBytes } from 'node:crypto';
import type { AppName } from '../api/apps.ts';
import { findCondition, isTrue } from '../api/conditions.ts';
import { RESET_TIMEOUT_SECONDS, SYMPTOM_TIMEOUT_SECONDS } from '../api/defaults.ts';
import type { Episode } from '../api/episode.ts';
import { API_VERSION, GYM_NAMESPACE } from '../api/group.ts';
import type { Incident } from '../api/incident.ts';
import { ownerReferenceTo } from '../api/object.ts';
import { ConditionType, Reason } from '../api/reasons.ts';
import { type Step, stepName } from '../api/step.ts';
import type { KubeClient } from '../kube/client.ts';
import { type Clock, sleep } from '../kube/clock.ts';
import { isNotFound } from '../kube/errors.ts';
import { Reflector } from '../kube/reflector.ts';
import { Resources } from '../kube/resource.ts';
import { type LineEnd, notPlayedAsMeant, type Play, type PlayKind } from './verify-plan.ts';

/** An agent's shell on one arena. */
export interface ArenaShell {
  run(line: string): Promise<{ output: string; exitCode: number; durationMs: number; mutations: number }>;
  close(): Promise<void>;
}

export interface VerifyOptions {
  client: KubeClient;
  clock: Clock;
  /** What the plays break; the default app when absent. */
  app?: AppName;
  /** Opens a shell on the arena with these namespaces (plain -> real). */
  openShell: (namespaces: Record<string, string>) => Promise<ArenaShell>;
  /** Arenas at once. */
  parallel: number;
  onResult: (result: PlayResult, done: number, all: number) => void;
}

/** A line of the results: what was tried and what came of it. Times in seconds. */
export interface PlayResult {
  scenario: string;
  targets: string[];
  kind: PlayKind;
  attempt: string;
  lines: readonly string[];
  passed: boolean;
  /** Why it did not pass. */
  problem?: string;
  resolved: boolean;
  symptom: string[];
  symptomSeconds?: number;
  /** From the end of the last line. */
  resolvedSeconds?: number;
  holdSeconds?: number;
  /** What the oracle said last, where it did not resolve. */
  finding?: string;
  exitCodes: number[];
}

/** An arena may have to be made first, behind others. */
const ARENA_TIMEOUT_MS = 300_000;
/** Rollouts on a busy node; the hold comes on top. */
const RESOLVE_TIMEOUT_MS = 120_000;
/** A cheat gets this long to settle, then twice the hold. */
const SETTLE_MS = 10_000;
/** A cheat that softens a probe makes the hold as long as it likes; whether the oracle falls for it shows long before. */
const LONGEST_HOLD_MS = 60_000;
/** Incidents that a verifier left behind when it was killed go by themselves. */
const EPHEMERAL = { resolution: { timeoutSeconds: 600 }, ttlSecondsAfterFinished: 0 };

/** Plays every attempt in a fresh arena of a live cluster with a running operator. Results come in the order of `plays`. */
export async function verify(plays: readonly Play[], options: VerifyOptions): Promise<PlayResult[]> {
  const { client, parallel } = options;
  const incidents = new Reflector<Incident>({ client, resource: Resources.incidents, namespace: GYM_NAMESPACE });
  const episodes = new Reflector<Episode>({ client, resource: Resources.episodes, namespace: GYM_NAMESPACE });
  const watches = [incidents, episodes];
  for (const watch of watches) watch.start();
  try {
    await Promise.all(watches.map((watch) => watch.waitForSync(AbortSignal.timeout(30_000))));
    const verifier = new Verifier(options, incidents, episodes);
    const results: PlayResult[] = [];
    let next = 0;
    let done = 0;
    const worker = async (): Promise<void> => {
      for (let i = next++; i < plays.length; i = next++) {
        results[i] = await verifier.play(plays[i]);
        options.onResult(results[i], ++done, plays.length);
      }
    };
    await Promise.all(Array.from({ length: Math.min(parallel, plays.length) }, worker));
    return results;
  } finally {
    await Promise.all(watches.map((watch) => watch.stop()));
  }
}

class Verifier {
  readonly #o: VerifyOptions;
  readonly #incidents: Reflector<Incident>;
  readonly #episodes: Reflector<Episode>;

  constructor(o: VerifyOptions, incidents: Reflector<Incident>, episodes: Reflector<Episode>) {
    this.#o = o;
    this.#incidents = incidents;
    this.#episodes = episodes;
  }

  async play(play: Play): Promise<PlayResult> {
    const { scenario, kind, attempt } = play;
    const result: PlayResult = {
      scenario: scenario.name,
      targets: scenario.faults.map((f) => `${f.target.namespace}/${f.target.name}`),
      kind,
      attempt: attempt.name,
      lines: attempt.lines,
      passed: false,
      resolved: false,
      symptom: [],
      exitCodes: [],
    };
    const name = `verify-${randomBytes(5).toString('hex')}`;
    const ends = kind === 'last-step' ? this.#asEpisode(name, play, result) : this.#asIncident(name, play, result);
    try {
      await ends;
      result.passed = result.problem === undefined && result.resolved === play.resolves;
      if (!result.passed)
        result.problem ??= play.resolves ? `not resolved: ${result.finding ?? 'no finding'}` : 'resolved, and must not be';
    } catch (error) {
      result.problem = error instanceof Error ? error.message : String(error);
    } finally {
      await this.#remove(kind === 'last-step' ? Resources.episodes : Resources.incidents, name);
    }
    return result;
  }

  async #asIncident(name: string, play: Play, result: PlayResult): Promise<void> {
    const { client, clock, app, openShell } = this.#o;
    const metadata = { name, namespace: GYM_NAMESPACE };
    const spec = { app, faults: [...play.scenario.faults], ...EPHEMERAL };
    await client.create(Resources.incidents, { apiVersion: API_VERSION, kind: 'Incident', metadata, spec });
    const hurting = await this.#hurting(name, result);
    const shell = await openShell(hurting.status?.namespaces ?? {});
    const ends: LineEnd[] = [];
    try {
      for (const line of play.attempt.lines) ends.push({ line, ...(await shell.run(line)) });
    } finally {
      this.#note(ends, play, result);
      await shell.close();
    }
    const typedAt = clock.now();
    const holdMs = 1000 * (this.#incident(name)?.status?.holdSeconds ?? 0);
    const limitMs = play.resolves ? RESOLVE_TIMEOUT_MS : SETTLE_MS + 2 * Math.min(holdMs, LONGEST_HOLD_MS);
    await this.#until(name, (i) => i.status?.resolvedTime !== undefined || isOver(i), limitMs);
    const { status } = this.#incident(name) ?? {};
    this.#conclude(result, status, typedAt);
    const succeeded = findCondition(status?.conditions, ConditionType.Succeeded);
    if (!result.resolved && succeeded?.status !== 'Unknown') result.problem ??= `the Incident ended: ${succeeded?.message ?? 'it is gone'}`;
    const holding = findCondition(status?.conditions, ConditionType.Resolved)?.reason === Reason.Holding;
    if (!play.resolves && holding) result.problem ??= 'healthy in the eyes of the oracle, which only waits for the hold to be over';
  }

  /** The reference fix as the only steps an Episode has; Steps are written as a gateway writes them. */
  async #asEpisode(name: string, play: Play, result: PlayResult): Promise<void> {
    const { client, clock, app, openShell } = this.#o;
    const spec = { incident: { app, faults: [...play.scenario.faults] }, maxSteps: play.attempt.lines.length };
    const metadata = { name, namespace: GYM_NAMESPACE };
    const episode = await client.create(Resources.episodes, { apiVersion: API_VERSION, kind: 'Episode', metadata, spec });
    const ref = { namespace: GYM_NAMESPACE, name };
    const named = await this.#episodes.waitFor(() => this.#episodes.get(ref)?.status?.incident, AbortSignal.timeout(ARENA_TIMEOUT_MS));
    const hurting = await this.#hurting(named, result);
    const shell = await openShell(hurting.status?.namespaces ?? {});
    const ends: LineEnd[] = [];
    try {
      for (const [i, command] of play.attempt.lines.entries()) {
        const { output, exitCode, durationMs, mutations } = await shell.run(command);
        ends.push({ line: command, output, exitCode });
        await client.create(Resources.steps, stepOf(episode, i + 1, { command, output, exitCode, durationMs, mutations }, clock.now()));
      }
    } finally {
      this.#note(ends, play, result);
      await shell.close();
    }
    const typedAt = clock.now();
    const outcome = await this.#episodes.waitFor(() => this.#episodes.get(ref)?.status?.outcome, AbortSignal.timeout(RESOLVE_TIMEOUT_MS));
    this.#conclude(result, this.#incident(named)?.status, typedAt);
    if (outcome !== 'Resolved') result.problem ??= `the Episode ended ${outcome}`;
  }

  /** Waits until users are hurt, and makes sure that the oracle does not call that healthy. */
  async #hurting(name: string, result: PlayResult): Promise<Incident> {
    const hurts = (i: Incident): boolean => isTrue(i.status?.conditions, ConditionType.SymptomObserved);
    await this.#until(name, (i) => isTrue(i.status?.conditions, ConditionType.ArenaReady) || isOver(i), ARENA_TIMEOUT_MS);
    const limitMs = (SYMPTOM_TIMEOUT_SECONDS + RESET_TIMEOUT_SECONDS) * 1000;
    await this.#until(name, (i) => (hurts(i) && (i.status?.health ?? []).length > 0) || isOver(i), limitMs);
    const incident = this.#incident(name);
    if (!incident || !hurts(incident)) {
      const why = findCondition(incident?.status?.conditions, ConditionType.Succeeded)?.message;
      throw new Error(`No symptom: ${why ?? 'the Incident is gone'}`);
    }
    const faults = incident.status?.faults ?? [];
    result.symptom = faults.map((f) => f.symptom ?? '');
    const injectedAt = Math.max(...faults.map((f) => Date.parse(f.injectedTime ?? '')));
    result.symptomSeconds = (Date.parse(incident.status?.symptomTime ?? '') - injectedAt) / 1000;
    if ((incident.status?.health ?? []).every((w) => w.healthy))
      throw new Error('The oracle calls every workload healthy right after the injection');
    return incident;
  }

  /** How the lines ended, and whether that was meant. */
  #note(ends: readonly LineEnd[], { attempt }: Play, result: PlayResult): void {
    result.exitCodes = ends.map(({ exitCode }) => exitCode);
    result.problem = notPlayedAsMeant(attempt, ends);
  }

  #conclude(result: PlayResult, status: Incident['status'], typedAt: Date): void {
    result.holdSeconds = status?.holdSeconds;
    result.resolved = status?.resolvedTime !== undefined;
    if (status?.resolvedTime) result.resolvedSeconds = (Date.parse(status.resolvedTime) - typedAt.getTime()) / 1000;
    else result.finding = findCondition(status?.conditions, ConditionType.Resolved)?.message;
  }

  #incident(name: string): Incident | undefined {
    return this.#incidents.get({ namespace: GYM_NAMESPACE, name });
  }

  /** Waits for a state of the Incident, or until the time is over. */
  async #until(name: string, reached: (incident: Incident) => boolean, limitMs: number): Promise<void> {
    const limit = new AbortController();
    const probe = (): boolean => {
      const incident = this.#incident(name);
      return incident !== undefined && reached(incident);
    };
    const reachedIt = this.#incidents.waitFor(probe, limit.signal).then(
      () => {},
      (error) => {
        if (!limit.signal.aborted) throw error;
      },
    );
    const timer = new AbortController();
    await Promise.race([reachedIt, sleep(this.#o.clock, limitMs, timer.signal)]);
    timer.abort();
    limit.abort();
    await reachedIt;
  }

  async #remove(resource: typeof Resources.incidents | typeof Resources.episodes, name: string): Promise<void> {
    try {
      await this.#o.client.delete(resource as typeof Resources.incidents, { namespace: GYM_NAMESPACE, name });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const isOver = (incident: Incident): boolean =>
  (findCondition(incident.status?.conditions, ConditionType.Succeeded)?.status ?? 'Unknown') !== 'Unknown';

function stepOf(
  episode: Episode,
  index: number,
  ran: { command: string; output: string; exitCode: number; durationMs: number; mutations: number },
  now: Date,
): Step {
  const { name, namespace } = episode.metadata;
  return {
    apiVersion: API_VERSION,
    kind: 'Step',
    metadata: { name: stepName(name, index), namespace, ownerReferences: [ownerReferenceTo(episode)] },
    spec: { episode: name, index, action: 'Command', ...ran, output: ran.output.slice(0, 16384), completedTime: now.toISOString() },
  };
}
