// Test double of GymSession: plays by simple rules and needs no cluster. Used by the unit tests and by test/conformance.
import {
  type Action,
  EMPTY_STATE,
  GatewayError,
  type GymSession,
  type GymState,
  type ResetOptions,
  type SessionFactory,
  type StepResult,
} from '../session-api.ts';

const MAX_STEPS = 16;

/**
 * Answers each command with `SESSION/SEED> COMMAND`. Special ones: `sleep MS`, `hang`, `refuse` (GatewayError), `crash` (bug with a
 * secret in its text), `infra` (infrastructure failure), `bytes N`, `undeclared`, `report: resolved`.
 */
export class ScriptedSession implements GymSession {
  readonly id: string;
  closedBecause: string | undefined;
  options: ResetOptions | undefined;
  #state: GymState = EMPTY_STATE;
  #over = true;
  #episodes = 0;

  constructor(id: string) {
    this.id = id;
  }

  async reset(options: ResetOptions): Promise<StepResult> {
    if (options.fault === 'unknown') throw new GatewayError('VALIDATION_ERROR', 'Unknown fault type: unknown');
    this.options = options;
    this.#over = false;
    this.#episodes += 1;
    this.#state = { ...EMPTY_STATE, episode_id: options.episodeId ?? `${this.id}-${this.#episodes}`, difficulty: 0.25 };
    return this.#result('CRITICAL: something is wrong', null);
  }

  async step({ command }: Action): Promise<StepResult> {
    if (this.#over) throw new GatewayError('EXECUTION_ERROR', 'No episode is running; reset first');
    const [verb, argument] = command.split(' ');
    if (verb === 'refuse') throw new GatewayError('EXECUTION_ERROR', 'The arena is gone');
    if (verb === 'crash') throw new Error('secret of payments-k3x9');
    if (verb === 'hang') await new Promise(() => {});
    if (verb === 'sleep') await new Promise((resolve) => setTimeout(resolve, Number(argument)));
    this.#state = { ...this.#state, step_count: this.#state.step_count + 1 };
    if (verb === 'bytes') return this.#result('x'.repeat(Number(argument)), 0);
    if (verb === 'infra') {
      this.#over = true;
      const result = this.#result('', null);
      const observation = { ...result.observation, scorable: false, message: 'The node went away', outcome: 'InfrastructureFailed' };
      return { observation, reward: null, done: true };
    }
    if (command === 'report: resolved') {
      this.#over = true;
      this.#state = { ...this.#state, is_resolved: true, cumulative_reward: 5, incident_type: 'oom_kill' };
      const result = this.#result('', 7);
      return { ...result, observation: { ...result.observation, outcome: 'Resolved' }, done: true };
    }
    const result = this.#result(`${this.id}/${this.options?.seed ?? '-'}> ${command}`, this.#state.step_count === 1 ? -2 : 0);
    if (verb === 'undeclared') Object.assign(result.observation, { root_cause: 'oom_kill' });
    return result;
  }

  state(): GymState {
    return this.#state;
  }

  async close(reason: string): Promise<void> {
    this.closedBecause = reason;
  }

  #result(output: string, reward: number | null): StepResult {
    const metadata: Record<string, unknown> = reward === null ? {} : { phase: 'triage', judge_score: 0.25 };
    return {
      observation: {
        command_output: output,
        cluster_status_summary: '',
        active_alerts: this.#over ? [] : ['CRITICAL: something is wrong'],
        steps_taken: this.#state.step_count,
        max_steps: this.options?.maxSteps ?? MAX_STEPS,
        hint: '',
        scorable: true,
        message: '',
        outcome: null,
        metadata,
      },
      reward,
      done: false,
    };
  }
}

/** Makes scripted sessions and remembers them, oldest first; `create` can be told to wait or fail. */
export class ScriptedFactory implements SessionFactory {
  readonly sessions: ScriptedSession[] = [];
  beforeCreate: () => Promise<void> = async () => {};

  async create(sessionId: string): Promise<ScriptedSession> {
    await this.beforeCreate();
    const session = new ScriptedSession(sessionId);
    this.sessions.push(session);
    return session;
  }
}
