import type { FastifyBaseLogger } from 'fastify';
import { type RawData, WebSocket } from 'ws';
import type { Clock } from '../../kube/clock.ts';
import { actionSchema, GatewayError, parseResetOptions } from '../session-api.ts';
import { type ClientFrame, parseFrame } from './frames.ts';
import type { Mcp } from './mcp.ts';
import type { Session, Sessions } from './sessions.ts';
import { MAX_FRAME_BYTES, toWireError, toWireResult } from './wire.ts';

/** Clients wait for each answer; one that sends this many frames ahead is not a client. */
const MAX_WAITING_FRAMES = 16;

/** Closing at once would make a client's first send fail before it has read why; it is closed on its first frame or after this. */
const REFUSAL_LINGER_MS = 250;

export interface SocketContext {
  sessions: Sessions;
  mcp: Mcp;
  clock: Clock;
  log: FastifyBaseLogger;
}

/**
 * Speaks OpenEnv on one accepted socket until it closes. Frames are answered strictly in order; pings are answered by the socket
 * itself meanwhile.
 * @param sessionId a session made by openenv/session/create; without it the socket gets a session of its own
 */
export function serveSocket(socket: WebSocket, sessionId: string | undefined, context: SocketContext): void {
  const { sessions } = context;
  const frames = new OrderedFrames(socket, context);
  socket.on('message', (raw: RawData, isBinary: boolean) => frames.push(raw as Buffer, isBinary));
  try {
    const session = sessionId ? sessions.attach(sessionId) : sessions.open('socket');
    socket.on('close', () => sessions.release(session));
    session.ready.catch((error) => frames.refuse(error));
    frames.serve(session);
  } catch (error) {
    frames.refuse(error);
  }
}

/** The frames of one socket: read as they come, answered one after another. */
class OrderedFrames {
  readonly #socket: WebSocket;
  readonly #context: SocketContext;
  readonly #waiting: { raw: Buffer; isBinary: boolean }[] = [];
  #session: Session | undefined;
  #answering = false;
  #heard = false;
  #refused = false;

  constructor(socket: WebSocket, context: SocketContext) {
    this.#socket = socket;
    this.#context = context;
  }

  serve(session: Session): void {
    this.#session = session;
  }

  push(raw: Buffer, isBinary: boolean): void {
    this.#heard = true;
    if (this.#refused) {
      this.#socket.close(1000);
    } else if (this.#waiting.length >= MAX_WAITING_FRAMES) {
      this.refuse(new GatewayError('SESSION_ERROR', `More than ${MAX_WAITING_FRAMES} unanswered frames; wait for each answer`));
    } else {
      this.#waiting.push({ raw, isBinary });
      if (!this.#answering) void this.#answerAll();
    }
  }

  /** One error frame, then the end of the socket. */
  refuse(error: unknown): void {
    if (this.#refused) return;
    this.#refused = true;
    this.#waiting.length = 0;
    this.#sendError(error);
    if (this.#heard) this.#socket.close(1000);
    else
      this.#socket.once(
        'close',
        this.#context.clock.setTimeout(() => this.#socket.close(1000), REFUSAL_LINGER_MS),
      );
  }

  async #answerAll(): Promise<void> {
    this.#answering = true;
    for (let next = this.#waiting.shift(); next && this.#session; next = this.#waiting.shift()) {
      try {
        const frame = parseFrame(next.raw, next.isBinary);
        if (frame.type === 'close') this.#socket.close(1000);
        else await this.#answer(frame, this.#session);
      } catch (error) {
        // A session that is gone, or never came, takes its socket along.
        if (error instanceof GatewayError && (error.code === 'SESSION_ERROR' || error.code === 'FACTORY_ERROR')) this.refuse(error);
        else this.#sendError(error);
      }
      if (this.#socket.readyState !== WebSocket.OPEN) this.#waiting.length = 0;
    }
    this.#answering = false;
  }

  async #answer(frame: Exclude<ClientFrame, { type: 'close' }>, session: Session): Promise<void> {
    switch (frame.type) {
      case 'reset': {
        const options = parseResetOptions(frame.data);
        const result = await session.run((gym) => gym.reset(options));
        this.#send({ type: 'observation', data: toWireResult(result) });
        break;
      }
      case 'step': {
        const action = actionSchema.parse(frame.data);
        const result = await session.run((gym) => gym.step(action));
        this.#send({ type: 'observation', data: toWireResult(result) });
        break;
      }
      case 'state':
        this.#send({ type: 'state', data: session.state() });
        break;
      case 'mcp': {
        const data = await this.#context.mcp.handle(frame.data, session);
        if (data) this.#send({ type: 'mcp', data });
      }
    }
  }

  #sendError(error: unknown): void {
    const { message, code, details } = toWireError(error, this.#context.log);
    this.#send({ type: 'error', data: { message, code, ...details } });
  }

  /** @throws Error when the frame is more than the oldest client takes: it would lose its socket */
  #send(frame: object): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const text = JSON.stringify(frame);
    // A UTF-16 unit is at most 3 bytes of UTF-8, so most frames need no count.
    if (text.length * 3 > MAX_FRAME_BYTES && Buffer.byteLength(text) > MAX_FRAME_BYTES) {
      throw new Error(`An answer of ${Buffer.byteLength(text)} bytes does not fit into a frame`);
    }
    this.#socket.send(text);
  }
}
