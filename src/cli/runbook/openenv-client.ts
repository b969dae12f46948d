import WebSocket from 'ws';
import type { GymState, Observation } from '../../gateway/session-api.ts';

export interface Frame {
  observation: Observation;
  reward: number | null;
  done: boolean;
}

/** A gateway that does not answer a goodbye by then is not waited for. */
const GOODBYE_MS = 2000;

/** The gateway answered with an error frame. */
export class AgentError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'AgentError';
    this.code = code;
  }
}

/** What any OpenEnv client does, in TypeScript: one socket, one session, one frame at a time. */
export class OpenEnvClient {
  readonly #socket: WebSocket;
  /** Of the last frame. */
  #steps = 0;
  #waiting: { resolve: (frame: Frame) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('close', (code, reason) => this.#fail(new AgentError('CLOSED', `The gateway closed the connection (${code} ${reason})`)));
    socket.on('error', (error) => this.#fail(error));
  }

  /** @param url http(s) URL of the gateway. Throws a sentence when nobody answers there. */
  static async connect(url: string): Promise<OpenEnvClient> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/$/, '')}/ws`, { perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', (error) => reject(new Error(`No gateway answers at ${url}: ${error.message}; is it running (gymctl up)?`)));
    });
    return new OpenEnvClient(socket);
  }

  reset(options: Record<string, unknown> = {}): Promise<Frame> {
    return this.#ask({ type: 'reset', data: options });
  }

  step(command: string): Promise<Frame> {
    return this.#ask({ type: 'step', data: { command } });
  }

  /** Where the episode stands; at once, also before a reset. */
  async state(): Promise<GymState> {
    return (await this.#ask({ type: 'state' })) as unknown as GymState;
  }

  /** As step, but types the line again while frames only wait for a settle: they run nothing and use no step. */
  async run(command: string): Promise<Frame> {
    for (;;) {
      const before = this.#steps;
      const frame = await this.step(command);
      if (frame.done || frame.observation.steps_taken > before) return frame;
    }
  }

  /** Says goodbye; resolves once the gateway has answered, and so has a place for another session. */
  async close(): Promise<void> {
    this.#fail(new AgentError('CLOSED', 'The connection was closed'));
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const hangUp = setTimeout(() => this.#socket.terminate(), GOODBYE_MS);
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.close();
    await closed;
    clearTimeout(hangUp);
  }

  #ask(message: unknown): Promise<Frame> {
    if (this.#waiting) throw new Error('A frame is still unanswered');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.send(JSON.stringify(message));
    });
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as { type: string; data: Frame & { code: string; message: string } };
    if (message.type === 'error') {
      this.#fail(new AgentError(message.data.code, message.data.message));
      return;
    }
    // A state has none.
    this.#steps = message.data.observation?.steps_taken ?? this.#steps;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(message.data);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
