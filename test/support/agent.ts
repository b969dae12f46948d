import WebSocket from 'ws';
import type { GymState, Observation } from '../../src/gateway/session-api.ts';

export interface Frame {
  observation: Observation;
  reward: number | null;
  done: boolean;
}

export interface ErrorFrame {
  code: string;
  message: string;
}

/** What the gateway answered, as it stood on the wire. */
export interface Message {
  type: string;
  data: unknown;
}

/** The gateway refused a frame, or closed the socket (code CLOSED). */
export class RefusedError extends Error {
  readonly code: string;
  constructor({ code, message }: ErrorFrame) {
    super(message);
    this.name = 'RefusedError';
    this.code = code;
  }
}

/** One agent on one socket, as raw as a test needs it: any text as a frame, and an end without goodbye. */
export class Agent {
  readonly #socket: WebSocket;
  readonly #inbox: Message[] = [];
  #waiting: { resolve: (message: Message) => void; reject: (error: Error) => void } | undefined;
  #closed: RefusedError | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(JSON.parse(String(data)) as Message));
    socket.on('error', () => {}); // its close says it all
    socket.on('close', (code, reason) => this.#end(new RefusedError({ code: 'CLOSED', message: `The socket closed (${code} ${reason})` })));
  }

  static async connect(url: string): Promise<Agent> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, { perMessageDeflate: false });
    const agent = new Agent(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return agent;
  }

  reset(options: Record<string, unknown> = {}): Promise<Frame> {
    return this.#ask<Frame>({ type: 'reset', data: options });
  }

  step(command: string): Promise<Frame> {
    return this.#ask<Frame>({ type: 'step', data: { command } });
  }

  state(): Promise<GymState> {
    return this.#ask<GymState>({ type: 'state' });
  }

  /** Sends text as it is and resolves with whatever comes back. */
  send(text: string): Promise<Message> {
    const answer = this.#next();
    this.#socket.send(text);
    return answer;
  }

  /** Drops the connection as a crash would: no close frame. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Resolves once the gateway has answered the goodbye, and so has a place for another session. */
  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.close();
    await closed;
  }

  async #ask<T>(message: object): Promise<T> {
    const { type, data } = await this.send(JSON.stringify(message));
    if (type === 'error') throw new RefusedError(data as ErrorFrame);
    return data as T;
  }

  #next(): Promise<Message> {
    const here = this.#inbox.shift();
    if (here) return Promise.resolve(here);
    if (this.#closed) return Promise.reject(this.#closed);
    if (this.#waiting) throw new Error('A frame is still unanswered');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #receive(message: Message): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(message);
    else this.#inbox.push(message);
  }

  #end(error: RefusedError): void {
    this.#closed = error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
