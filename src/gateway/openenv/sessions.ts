import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../../kube/clock.ts';
import { EMPTY_STATE, GatewayError, type GymSession, type GymState, type SessionFactory } from '../session-api.ts';
import { SerialQueue } from './serial-queue.ts';

/** Minutes after which a session that no socket holds is ended; a connected session is never reaped. */
export const IDLE_LIMIT_MS = 10 * 60_000;

/** Who holds a session: one socket for its life, the one HTTP session, or whoever knows the id that MCP handed out. */
export type SessionKind = 'socket' | 'http' | 'created';

export interface SessionsOptions {
  factory: SessionFactory;
  maxSessions: number;
  /** Milliseconds within which every request is answered. */
  answerWithinMs: number;
  clock: Clock;
  newId: () => string;
  log: FastifyBaseLogger;
}

/** One counted session of the gateway and the queue that makes its requests serial, whichever channel they come by. */
export class Session {
  readonly id: string;
  readonly kind: SessionKind;
  /** Settles when the factory is done; rejects with FACTORY_ERROR. */
  readonly ready: Promise<void>;
  /** True once the factory is done. */
  started = false;
  attached = false;
  closeOnDetach = false;
  closed = false;
  cancelIdle: () => void = () => {};
  gym: GymSession | undefined;
  readonly #queue: SerialQueue;
  readonly #answerWithinMs: number;

  constructor(id: string, kind: SessionKind, start: (session: Session) => Promise<void>, options: SessionsOptions) {
    this.id = id;
    this.kind = kind;
    this.#queue = new SerialQueue(options.clock);
    this.#answerWithinMs = options.answerWithinMs;
    this.ready = start(this);
    // Who waits for it awaits `ready`; nobody waiting must not end the process.
    this.ready.catch(() => {});
  }

  /**
   * Runs a request on the session after all earlier ones.
   * @param limitMs a shorter limit than the gateway's, if the client asked for one
   * @throws GatewayError as SerialQueue.run, or whatever the session throws
   */
  run<T>(work: (gym: GymSession) => Promise<T>, limitMs: number = this.#answerWithinMs): Promise<T> {
    return this.#queue.run(
      async () => {
        await this.ready;
        return work(this.gym as GymSession);
      },
      Math.min(limitMs, this.#answerWithinMs),
    );
  }

  get busy(): boolean {
    return this.#queue.busy;
  }

  state(): GymState {
    return this.gym?.state() ?? EMPTY_STATE;
  }

  abort(reason: Error): void {
    this.#queue.abort(reason);
  }
}

/** Counts sessions against the limit and knows who may use which. */
export class Sessions {
  readonly max: number;
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #endings = new Set<Promise<void>>();
  #http: Session | undefined;
  #draining = false;

  constructor(options: SessionsOptions) {
    this.max = options.maxSessions;
    this.#options = options;
  }

  /** Sessions that hold a slot now. */
  get active(): number {
    return this.#sessions.size;
  }

  /** The session of plain HTTP callers, if one was reset. */
  get http(): Session | undefined {
    return this.#http;
  }

  /**
   * Takes a slot at once; the session behind it becomes ready later (Session.ready).
   * @throws GatewayError CAPACITY_REACHED with active_sessions and max_sessions, or SESSION_ERROR when the gateway stops
   */
  open(kind: SessionKind): Session {
    if (this.#draining) throw new GatewayError('SESSION_ERROR', 'The gateway is shutting down; connect again later');
    if (this.active >= this.max) {
      const message = `All ${this.max} sessions are in use; close one, or start the gateway with a higher --max-sessions`;
      throw new GatewayError('CAPACITY_REACHED', message, { active_sessions: this.active, max_sessions: this.max });
    }
    const session = new Session(this.#options.newId(), kind, (self) => this.#start(self), this.#options);
    this.#sessions.set(session.id, session);
    this.touch(session);
    return session;
  }

  async #start(session: Session): Promise<void> {
    // Leaves the constructor first, so that a factory that fails at once finds the slot taken.
    await Promise.resolve();
    let gym: GymSession;
    try {
      gym = await this.#options.factory.create(session.id);
    } catch (error) {
      this.#options.log.error({ err: error, session: session.id }, 'Session could not be created');
      const message = error instanceof GatewayError ? error.message : 'The gym could not create a session; its log says why';
      const failure = new GatewayError('FACTORY_ERROR', message, { factory_name: 'KubeSreGym' });
      this.close(session, 'it could not be created', failure);
      throw failure;
    }
    if (session.closed) {
      this.#end(gym, 'client gone before the session was ready');
      throw new GatewayError('SESSION_ERROR', 'The session was closed before it was ready');
    }
    session.gym = gym;
    session.started = true;
  }

  /** The session with this id, however it was made. */
  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /**
   * Ties a socket to a session made by openenv/session/create; takes no second slot.
   * @throws GatewayError SESSION_ERROR when it is unknown, still starting or has a socket
   */
  attach(id: string): Session {
    const session = this.#sessions.get(id);
    if (session?.kind !== 'created') throw new GatewayError('SESSION_ERROR', `Unknown session_id: ${id}`);
    if (!session.started) throw new GatewayError('SESSION_ERROR', `Session ${id} is still starting; connect again shortly`);
    if (session.attached) throw new GatewayError('SESSION_ERROR', `Session ${id} already has a socket attached`);
    session.attached = true;
    session.cancelIdle();
    return session;
  }

  /** The socket of `session` is gone: its own session ends, an attached one stays unless its close was asked for. */
  release(session: Session): void {
    if (session.kind === 'socket') return void this.close(session, 'client disconnected');
    session.attached = false;
    if (session.closeOnDetach) this.close(session, 'closed by the client');
    else this.touch(session);
  }

  /**
   * The one HTTP session, for a reset. One that is busy is closed and its slot reused; one that is not goes on, so that a reset that waits keeps its
   * place. @throws GatewayError as open
   */
  httpForReset(): Session {
    if (this.#http?.started && !this.#http.busy) {
      this.touch(this.#http);
      return this.#http;
    }
    if (this.#http) this.close(this.#http, 'replaced by a new reset');
    this.#http = this.open('http');
    return this.#http;
  }

  /** Starts the idle limit anew; a session that has a socket has none. */
  touch(session: Session): void {
    session.cancelIdle();
    if (session.closed || session.attached || session.kind === 'socket') return;
    session.cancelIdle = this.#options.clock.setTimeout(() => {
      if (session.busy) this.touch(session);
      else this.close(session, 'idle for 10 minutes');
    }, IDLE_LIMIT_MS);
  }

  /** Frees the slot at once; what the session still has to tidy up goes on behind. Requests that wait get `answer`. */
  close(
    session: Session,
    reason: string,
    answer: GatewayError = new GatewayError('SESSION_ERROR', `The session was closed: ${reason}`),
  ): void {
    if (session.closed) return;
    session.closed = true;
    session.cancelIdle();
    this.#sessions.delete(session.id);
    if (this.#http === session) this.#http = undefined;
    session.abort(answer);
    if (session.gym) this.#end(session.gym, reason);
  }

  #end(gym: GymSession, reason: string): void {
    const ending = Promise.resolve()
      .then(() => gym.close(reason))
      .catch((error) => this.#options.log.error({ err: error }, 'Session did not close cleanly'))
      .finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
  }

  /** Takes no new session, closes all and waits until they are tidy, at most `limitMs`. */
  async drain(reason: string, limitMs: number): Promise<void> {
    this.#draining = true;
    for (const session of [...this.#sessions.values()]) this.close(session, reason);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.setTimeout(() => {
      this.#options.log.warn({ unfinished: this.#endings.size }, 'Sessions were still closing when the gateway stopped');
      resolve();
    }, limitMs);
    await Promise.race([Promise.all(this.#endings), late]);
    cancel();
  }
}
