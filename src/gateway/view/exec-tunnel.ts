import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import WebSocket, { WebSocketServer } from 'ws';
import { type ArenaNames, decodeUtf8, toPlain, toRealCommand } from '../../kube/arena-names.ts';
import { PlainTextStream } from './text-stream.ts';

/** Subprotocols of exec that carry an exit status; v5 can also close stdin. */
export const EXEC_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const CLOSE = 255;
/** Bytes that may wait in one direction before the other side is asked to pause. */
const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 256 * 1024;
/** A word of stdin whose end has not come is handed on after this time (ms): somebody may be waiting for an answer to it. */
const STDIN_PATIENCE = 50;
const MAX_WORD = 4096;

/** An exec of which the API server said no before it began. */
export interface DialRefusal {
  readonly status: number;
  readonly response: IncomingMessage;
}

/** Waits until the API server has accepted the exec; resolves with its refusal, or rejects when it does not answer. */
export function accepted(upstream: WebSocket): Promise<DialRefusal | undefined> {
  return new Promise((resolve, reject) => {
    upstream.once('open', () => resolve(undefined));
    upstream.once('unexpected-response', (_request, response) => resolve({ status: response.statusCode ?? 502, response }));
    upstream.on('error', reject);
  });
}

/** Answers the client's upgrade and joins both connections until one of them ends. `exact` leaves every byte alone (tar). */
export function joinExec(options: {
  req: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  upstream: WebSocket;
  arena: ArenaNames;
  exact: boolean;
}): void {
  const { req, socket, head, upstream, arena, exact } = options;
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: () => upstream.protocol,
    perMessageDeflate: false,
    maxPayload: HIGH_WATER * 16,
  });
  server.handleUpgrade(req, socket, head, (client) => {
    const toClient = sender(client, upstream);
    const toUpstream = sender(upstream, client);
    const output = exact ? toClient : plainOutput(arena, toClient);
    const input = exact ? toUpstream : realInput(arena, toUpstream);
    upstream.on('message', (data) => output(asBuffer(data)));
    client.on('message', (data) => input(asBuffer(data)));
    couple(upstream, client);
    couple(client, upstream);
  });
}

/** Maps the frames of a process's output to plain names: a stream each for stdout and stderr, whole frames for the exit status. */
export function plainOutput(arena: ArenaNames, send: (frame: Buffer) => void): (frame: Buffer) => void {
  const streams = new Map([STDOUT, STDERR].map((channel) => [channel, new PlainTextStream(arena)]));
  const emit = (channel: number, bytes: Buffer) => {
    if (bytes.length > 0) send(Buffer.concat([Buffer.of(channel), bytes]));
  };
  return (frame) => {
    const channel = frame[0];
    const stream = streams.get(channel);
    if (stream) return frame.length > 1 ? emit(channel, stream.push(frame.subarray(1))) : send(frame);
    // What was held back belongs before the end.
    for (const [held, text] of streams) if (channel === ERROR || (channel === CLOSE && frame[1] === held)) emit(held, text.end());
    send(channel === ERROR ? Buffer.concat([Buffer.of(ERROR), Buffer.from(toPlain(frame.subarray(1).toString(), arena))]) : frame);
  };
}

/** Maps stdin, where it is text, to real names, word by word; other frames pass. */
export function realInput(arena: ArenaNames, send: (frame: Buffer) => void): (frame: Buffer) => void {
  let held = Buffer.alloc(0);
  let binary = false;
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    if (held.length > 0) send(Buffer.concat([Buffer.of(STDIN), mapInput(held)]));
    held = Buffer.alloc(0);
  };
  const mapInput = (bytes: Buffer): Buffer => {
    const text = bytes.includes(0) ? undefined : decodeUtf8(bytes);
    return text === undefined ? bytes : Buffer.from(toRealCommand(text, arena));
  };
  return (frame) => {
    if (frame[0] !== STDIN) {
      if (frame[0] === CLOSE && frame[1] === STDIN) flush();
      send(frame);
      return;
    }
    const bytes = Buffer.concat([held, frame.subarray(1)]);
    clearTimeout(timer);
    // A character may be cut in two at the end, so only what comes before the last word is judged.
    const end = lastBlank(bytes) + 1;
    const ready = bytes.length - end > MAX_WORD ? bytes : bytes.subarray(0, end);
    binary ||= ready.includes(0) || (ready.length > 0 && decodeUtf8(ready) === undefined);
    if (binary) {
      held = Buffer.alloc(0);
      send(Buffer.concat([Buffer.of(STDIN), bytes]));
      return;
    }
    held = Buffer.from(bytes.subarray(ready.length));
    if (ready.length > 0) send(Buffer.concat([Buffer.of(STDIN), mapInput(ready)]));
    else if (held.length === 0) send(frame);
    if (held.length > 0) timer = setTimeout(flush, STDIN_PATIENCE);
  };
}

function lastBlank(bytes: Buffer): number {
  return Math.max(bytes.lastIndexOf(10), bytes.lastIndexOf(32), bytes.lastIndexOf(9), bytes.lastIndexOf(13));
}

/** Sends with back-pressure: the source pauses while its receiver is behind. */
function sender(to: WebSocket, from: WebSocket): (frame: Buffer) => void {
  return (frame) => {
    if (to.readyState !== WebSocket.OPEN) return;
    to.send(frame, { binary: true }, () => {
      if (from.isPaused && to.bufferedAmount < LOW_WATER) from.resume();
    });
    if (to.bufferedAmount > HIGH_WATER) from.pause();
  };
}

/** When one side ends, the other ends the same way. */
function couple(from: WebSocket, to: WebSocket): void {
  from.on('error', () => to.terminate());
  from.on('close', (code, reason) => {
    // 1005 and 1006 say that no code came and may not be sent.
    if (code === 1006) to.terminate();
    else to.close(code === 1005 ? 1000 : code, reason);
  });
}

function asBuffer(data: WebSocket.RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
