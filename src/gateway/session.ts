import {
  DEFAULT_MAX_STEPS,
  DEFAULT_OUTPUT_CHARS,
  JUDGE_TIMEOUT_SECONDS,
  RESET_TIMEOUT_SECONDS,
  SETTLE_TIMEOUT_SECONDS,
} from '../api/defaults.ts';
import type { Episode } from '../api/episode.ts';
import type { Incident } from '../api/incident.ts';
import { STEP_OBJECT_OUTPUT_CHARS, type StepSpec } from '../api/step.ts';
import { deliver } from '../reward/deliver.ts';
import type { Chosen } from './choose.ts';
import type { EpisodeClient, Workplace, WorkplaceFactory, WorkResult } from './episode-client.ts';
import { lastMessage, pagerText, startFailure, waitingFor } from './episode-text.ts';
import { hintOf, judgementOf } from './judgement.ts';
import {
  type Action,
  EMPTY_STATE,
  GATEWAY_STOPS,
  GatewayError,
  type GymSession,
  type GymState,
  type Observation,
  type ResetOptions,
  type StepResult,
} from './session-api.ts';
import { parseAction } from './shell/action.ts';
import { truncateOutput } from './shell/truncate.ts';

export interface SessionDependencies {
  episodes: EpisodeClient;
  workplaces: WorkplaceFactory;
  /** Turns reset options into what is played; throws GatewayError VALIDATION_ERROR with a sentence. */
  choose: (options: ResetOptions) => Chosen;
  /** Name of this gateway's Lease. */
  gateway: string;
  now: () => Date;
}

/** A reset that has found no incident in time: its place in the queue for an arena is kept for the next reset of the same options. */
interface Pending {
  asked: string;
  episode: Episode;
}

interface Play {
  episode: Episode;
  options: ResetOptions;
  /** Types of what is broken: never said before the episode is over. */
  faults: readonly string[];
  workplace: Promise<Workplace>;
  steps: number;
  /** Sum of the rewards that went out. */
  delivered: number;
  /** What the episode would have been worth had it ended with the last frame. */
  value: number;
  done: boolean;
}

/** Longest wait for the operator's decision about a step that was just recorded: the settle, the judge and a moment for writes. */
const DECISION_MS = (SETTLE_TIMEOUT_SECONDS + JUDGE_TIMEOUT_SECONDS) * 1000 - 2000;
/** A frame in all; the gateway itself gives up at 50 s, clients at 60. */
const FRAME_MS = 48_000;
/** What a frame keeps back for its answer while it waits for something else. */
const ANSWER_MS = 1000;
/** How long an Episode is told that nobody acts any more; an API server that is away longer finds the gateway's Lease lapsed and needs no telling. */
const DETACH_WITHIN_MS = 300_000;
/** How long a reset that found no incident in time keeps its place, and how long the incident then waits for whoever asked. */
const KEEP_PLACE_MS = 120_000;
const KEEP_STARTED_MS = 60_000;
const NOBODY_CAME_BACK = 'no incident was there in time for the reset, and nobody came back for it';
/** Longest wait of a frame that only waits for a settle. */
const SETTLE_MS = SETTLE_TIMEOUT_SECONDS * 1000;

/** One agent's seat: plays one Episode after another through the agent shell. */
export class EpisodeSession implements GymSession {
  readonly #deps: SessionDependencies;
  #play: Play | undefined;
  #pending: Pending | undefined;
  readonly #detaching = new Set<Promise<void>>();
  #closed = false;

  constructor(deps: SessionDependencies) {
    this.#deps = deps;
  }

  async reset(options: ResetOptions): Promise<StepResult> {
    const episode = await this.#begin(options);
    if (!episode.status?.startedTime) return infrastructureFailure(episode, `The incident could not be started: ${startFailure(episode)}`);
    let incident: Incident;
    try {
      incident = await this.#deps.episodes.incident(episode.status.incident as string);
    } catch (error) {
      const message = `The incident could not be read: ${(error as Error).message}`;
      this.#detach(episode, 1, message);
      return infrastructureFailure(episode, `${message}; reset again`);
    }
    const workplace = this.#deps.workplaces.open(incident.status?.namespaces ?? {});
    workplace.catch(() => {}); // reported by the first step
    const faults = incident.spec.faults.map((f) => f.type);
    this.#play = { episode, options, faults, workplace, steps: 0, delivered: 0, value: 0, done: false };
    return { observation: this.#observe(this.#play, { output: pagerText(episode) }), reward: null, done: false };
  }

  /** An Episode that has started, or that ended before it could. Throws GatewayError when it did neither in time. */
  async #begin(options: ResetOptions): Promise<Episode> {
    const asked = JSON.stringify(options);
    const resumed = this.#pending?.asked === asked ? this.#pending.episode : undefined;
    const requested = resumed ?? (await this.#request(options));
    this.#pending = undefined;
    const { name } = requested.metadata;
    const episode = await this.#deps.episodes.waitFor(name, isBegun, (RESET_TIMEOUT_SECONDS - 4) * 1000).catch((error: Error) => {
      this.#detach(requested, 1, `the reset failed: ${error.message}`);
      throw error;
    });
    if (this.#closed) this.#detach(episode, 1, NOBODY_CAME_BACK);
    if (this.#closed || !isBegun(episode)) {
      if (!this.#closed) this.#keepPlace({ asked, episode });
      const why = `No incident within ${RESET_TIMEOUT_SECONDS} s: ${waitingFor(episode)}`;
      throw new GatewayError('EXECUTION_ERROR', `${why}; the same reset again goes on waiting in its place`);
    }
    // It may have started and run out of time before anybody came back for it.
    return resumed && episode.status?.startedTime && episode.status.outcome ? this.#begin(options) : episode;
  }

  async #request(options: ResetOptions): Promise<Episode> {
    const chosen = this.#deps.choose(options);
    const { agent } = options;
    await this.#leave();
    return this.#deps.episodes.create({ ...chosen, ...(agent ? { agent } : {}), gateway: this.#deps.gateway });
  }

  /** Keeps a reset's place for a while; an incident that nobody comes back for is the gym's affair and scores nobody. */
  #keepPlace(pending: Pending): void {
    this.#pending = pending;
    const { name } = pending.episode.metadata;
    const { episodes } = this.#deps;
    episodes
      .waitFor(name, isBegun, KEEP_PLACE_MS)
      .then((e) => (isBegun(e) ? episodes.waitFor(name, isOver, KEEP_STARTED_MS) : e))
      // It was deleted, or the API server is out of reach: then there is no place to keep.
      .catch(() => {})
      .then(() => (this.#pending === pending ? this.#leave() : undefined));
  }

  async step(action: Action): Promise<StepResult> {
    const play = this.#play;
    if (!play) throw new GatewayError('EXECUTION_ERROR', 'No episode is running; call reset first');
    if (play.done) {
      const outcome = play.episode.status?.outcome ?? 'the gym failed';
      throw new GatewayError('EXECUTION_ERROR', `The episode is over (${outcome}); call reset for a new one`);
    }
    const endsAt = this.#deps.now().getTime() + FRAME_MS;
    try {
      return await this.#frame(play, action.command, endsAt);
    } catch (error) {
      // What could not be read or recorded nobody can go on from.
      if (!(error instanceof GatewayError)) throw error;
      return this.#giveUp(play, error.message, endsAt);
    }
  }

  async #frame(play: Play, command: string, endsAt: number): Promise<StepResult> {
    // It may have ended while the agent thought: then its arena is going, and nothing may run there any more.
    await this.#refresh(play, () => true, 1000);
    if (play.done) return this.#answer(play, undefined);
    const waited = await this.#waitOutSettle(play);
    if (waited) return waited;
    const step = await this.#perform(play, command);
    // The news of an end may have come while the line ran, in an arena that was going already: then it counts for nothing.
    await this.#refresh(play, () => true, 1000);
    if (play.done) return this.#answer(play, undefined);
    if (step.infrastructure) return this.#giveUp(play, step.infrastructure, endsAt);
    await this.#deps.episodes.recordStep(play.episode, storable(step), this.#leftMs(endsAt) - ANSWER_MS);
    play.steps = step.index;
    await this.#refresh(play, (e) => (e.status?.decidedSteps ?? 0) >= step.index, Math.min(DECISION_MS, this.#leftMs(endsAt)));
    return this.#answer(play, step);
  }

  /** What a frame has left; one that first waited out an old settle has less. Never so little that nothing could be done. */
  #leftMs(endsAt: number): number {
    return Math.max(2 * ANSWER_MS, endsAt - this.#deps.now().getTime());
  }

  state(): GymState {
    const play = this.#play;
    if (!play) return EMPTY_STATE;
    const status = play.episode.status;
    const done = play.done;
    return {
      ...EMPTY_STATE,
      episode_id: play.options.episodeId ?? play.episode.metadata.name,
      step_count: play.steps,
      incident_id: done ? (status?.incident ?? null) : null,
      incident_type: done ? play.faults.join('+') || 'no-fault' : null,
      // Fault by fault it is a number of its own, so it would say what is broken.
      difficulty: done ? (status?.difficulty ?? play.episode.spec.incident?.difficulty ?? null) : null,
      judge_persona: status?.persona ?? null,
      curriculum_stats: curriculumStats(play.episode),
      is_resolved: status?.outcome === 'Resolved',
      cumulative_reward: play.delivered,
      episode: play.episode.metadata.name,
    };
  }

  async close(reason: string): Promise<void> {
    this.#closed = true;
    await this.#leave(reason === GATEWAY_STOPS ? 'the gateway was stopped in the middle of the episode' : undefined);
    await Promise.all(this.#detaching);
  }

  /** Runs the action and says what to record of it. */
  async #perform(play: Play, text: string): Promise<Omit<StepSpec, 'episode'>> {
    const index = play.steps + 1;
    const base = { index, durationMs: 0, mutations: 0 };
    const completedTime = () => this.#deps.now().toISOString();
    const action = parseAction(text);
    switch (action.kind) {
      case 'invalid':
        return { ...base, action: 'Command', command: clip(text), exitCode: 2, output: action.message, completedTime: completedTime() };
      case 'diagnose':
        return { ...base, action: 'Diagnose', command: clip(action.text), output: 'Diagnosis recorded.', completedTime: completedTime() };
      case 'report':
        return { ...base, action: 'Report', verdict: action.verdict, command: clip(text), output: '', completedTime: completedTime() };
      case 'command': {
        const result = await this.#run(play, action.line);
        if (result.infrastructure) {
          return { ...base, action: 'Detach', command: '', infrastructure: result.infrastructure, completedTime: completedTime() };
        }
        const output = truncateOutput(result.output, play.options.maxOutputChars ?? DEFAULT_OUTPUT_CHARS);
        const done = {
          ...base,
          command: clip(action.line),
          exitCode: result.exitCode,
          output,
          durationMs: result.durationMs,
          mutations: result.mutations,
        };
        const report = result.report ? { action: 'Report' as const, verdict: result.report } : { action: 'Command' as const };
        return { ...done, ...report, completedTime: completedTime() };
      }
    }
  }

  async #run(play: Play, line: string): Promise<WorkResult> {
    try {
      return await (await play.workplace).run(line);
    } catch (error) {
      return {
        output: '',
        exitCode: 1,
        durationMs: 0,
        mutations: 0,
        infrastructure: `the agent shell failed: ${(error as Error).message}`,
      };
    }
  }

  /** Ends an episode that the gym cannot go on with; the operator makes it unscorable as soon as it hears of it. */
  async #giveUp(play: Play, why: string, endsAt: number): Promise<StepResult> {
    this.#detach(play.episode, play.steps + 1, why);
    // What is answered does not depend on it.
    await this.#refresh(play, () => false, Math.min(DECISION_MS, this.#leftMs(endsAt) - ANSWER_MS)).catch(() => {});
    play.done = true;
    void this.#closeWorkplace(play);
    return infrastructureFailure(play.episode, `The gym failed, not your command: ${why}`);
  }

  /**
   * While the last change is still settling a frame only waits: it runs nothing and uses no step. Undefined when nothing was pending or when
   * it turned out that things are still broken, so that the frame's line can run.
   */
  async #waitOutSettle(play: Play): Promise<StepResult | undefined> {
    if (!play.episode.status?.settling) return undefined;
    await this.#refresh(play, (e) => e.status?.settling !== true, SETTLE_MS);
    if (play.episode.status?.outcome) return this.#answer(play, undefined);
    if (!play.episode.status?.settling) return undefined;
    const message = 'The last change is still settling; this frame only waited and used no step.';
    return { observation: this.#observe(play, { output: '', message }), reward: 0, done: false };
  }

  async #refresh(play: Play, known: (episode: Episode) => boolean, timeoutMs: number): Promise<void> {
    play.episode = await this.#deps.episodes.waitFor(play.episode.metadata.name, (e) => isOver(e) || known(e), timeoutMs);
    play.done = isOver(play.episode);
    if (play.done) void this.#closeWorkplace(play);
  }

  #answer(play: Play, step: Omit<StepSpec, 'episode'> | undefined): StepResult {
    const status = play.episode.status;
    const scorable = status?.scorable ?? true;
    const scored = status?.steps?.find((s) => s.index === step?.index);
    const value = scorable ? (status?.reward ?? play.value) : null;
    const reward = deliver(play.options.rewardDelivery ?? 'telescope', {
      value,
      previousValue: play.value,
      delivered: play.delivered,
      judgeScore: scored?.score ?? 0,
      done: play.done,
    });
    play.delivered += reward ?? 0;
    play.value = value ?? play.value;
    const message = play.done
      ? `Episode over: ${status?.outcome}. ${lastMessage(play.episode)}`
      : status?.settling
        ? 'The change is still settling.'
        : '';
    const observed = { output: step?.output ?? '', message, metadata: judgementOf(scored) };
    return { observation: this.#observe(play, observed), reward, done: play.done };
  }

  #observe(play: Play, part: { output: string; message?: string; metadata?: Record<string, unknown> }): Observation {
    const status = play.episode.status;
    const resolved = status?.outcome === 'Resolved';
    return {
      command_output: part.output,
      cluster_status_summary: play.steps === 0 ? '' : resolved ? 'All healthy' : status?.settling ? 'Settling' : 'Alert firing',
      active_alerts: resolved || !status?.alert ? [] : [`${status.alert.severity.toUpperCase()}: ${status.alert.title}`],
      steps_taken: play.steps,
      max_steps: status?.maxSteps ?? DEFAULT_MAX_STEPS,
      hint: hintOf(play.episode),
      scorable: status?.scorable ?? true,
      message: part.message ?? '',
      outcome: status?.outcome ?? null,
      metadata: part.metadata ?? {},
    };
  }

  /** Ends the running episode, if any, without waiting for its outcome. `infrastructure`: why it is the gym that leaves, and not the agent. */
  async #leave(infrastructure?: string): Promise<void> {
    const [play, pending] = [this.#play, this.#pending];
    this.#play = undefined;
    this.#pending = undefined;
    if (pending) this.#detach(pending.episode, 1, NOBODY_CAME_BACK);
    if (!play) return;
    if (!play.done) this.#detach(play.episode, play.steps + 1, infrastructure);
    await this.#closeWorkplace(play);
  }

  /** Says, behind whatever comes next, that nobody acts any more: an Episode that does not hear it keeps its arena until its Incident times out. */
  #detach(episode: Episode, index: number, infrastructure?: string): void {
    if (episode.status?.outcome) return;
    const step = {
      index,
      action: 'Detach' as const,
      command: '',
      durationMs: 0,
      mutations: 0,
      ...(infrastructure ? { infrastructure: infrastructure.slice(0, 512) } : {}),
      completedTime: this.#deps.now().toISOString(),
    };
    const told: Promise<void> = this.#deps.episodes
      .recordStep(episode, step, DETACH_WITHIN_MS)
      // Its Incident ends it in the end.
      .catch(() => {})
      .finally(() => this.#detaching.delete(told));
    this.#detaching.add(told);
  }

  async #closeWorkplace(play: Play): Promise<void> {
    const workplace = await play.workplace.catch(() => undefined);
    await workplace?.close();
  }
}

const isOver = ({ status }: Episode): boolean => status?.outcome !== undefined;
/** The page went out, or there will be none. */
const isBegun = (episode: Episode): boolean => episode.status?.startedTime !== undefined || isOver(episode);

/** Where the episode stands in its Curriculum; tells nothing of what is broken. */
function curriculumStats({ spec, status }: Episode): Record<string, unknown> {
  if (!spec.curriculumRef) return {};
  const { split, run, seed } = spec;
  return { curriculum: spec.curriculumRef.name, split, run, seed, tier: status?.tier ?? null };
}

function infrastructureFailure(episode: Episode, message: string): StepResult {
  const observation: Observation = {
    command_output: '',
    cluster_status_summary: '',
    active_alerts: [],
    steps_taken: 0,
    max_steps: episode.spec.maxSteps ?? DEFAULT_MAX_STEPS,
    hint: '',
    scorable: false,
    message,
    outcome: episode.status?.outcome ?? null,
    metadata: {},
  };
  return { observation, reward: null, done: true };
}

/** The Step as the API server takes it: an agent may have asked for more output than that. */
function storable(step: Omit<StepSpec, 'episode'>): Omit<StepSpec, 'episode'> {
  return step.output === undefined ? step : { ...step, output: truncateOutput(step.output, STEP_OBJECT_OUTPUT_CHARS) };
}

/** What a Step keeps of a line; the API server refuses more than 8,192 characters. */
const clip = (text: string): string => text.slice(0, 8192);
