import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer, json } from 'node:stream/consumers';
import { type Clock, systemClock } from '../../kube/clock.ts';
import { type KubectlRequest, type KubectlResult, type KubectlRunner, RunnerLostError } from './kubectl-runner.ts';
import { type RunRequest, runResponse, type SessionRequest, type ViewAddress } from './protocol.ts';

// What the runner may need on top of kubectl's own time for files and queueing.
const GRACE_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5000;
// It makes a few folders and listens on a port; one that needs longer is on a node that is gone, and the first step of an episode waits for it.
const OPEN_TIMEOUT_MS = 5000;

export interface RunnerAddress {
  /** A unix socket, or a host and port in the cluster. */
  at: ViewAddress;
  secret?: string;
}

/**
 * Opens a session on a runner; it lasts until `close()` or until either side is gone.
 *
 * @throws RunnerLostError when the runner cannot be reached, does not answer in time, refuses the secret or is taken
 */
export async function connectRunner(address: RunnerAddress, session: SessionRequest, clock: Clock = systemClock): Promise<KubectlRunner> {
  const agent = new Agent({ keepAlive: true });
  const send = (path: string, payload: unknown, signal?: AbortSignal, method = 'POST') =>
    exchange(agent, address, method, path, payload, signal);
  const opening = new AbortController();
  const late = new RunnerLostError(`The kubectl runner opened no session within ${OPEN_TIMEOUT_MS / 1000} s`);
  // Only until the answer begins: what comes after it lasts as long as the session.
  const cancel = clock.setTimeout(() => opening.abort(late), OPEN_TIMEOUT_MS);
  const held = await send('/session', session, opening.signal).finally(cancel);
  let lost: string | undefined;
  held.on('data', () => {});
  held.on('error', (error) => {
    lost ??= error.message;
  });
  held.on('close', () => {
    lost ??= 'the connection ended';
  });
  return {
    async run(request) {
      if (lost) throw new RunnerLostError(`The kubectl runner is gone: ${lost}`);
      const signal = AbortSignal.any([AbortSignal.timeout(request.timeoutMs + GRACE_MS), ...(request.signal ? [request.signal] : [])]);
      const response = await send('/run', encode(request), signal);
      return decode(await json(response));
    },
    async close() {
      lost ??= 'its session was closed';
      // Answers when all is cleaned up; without an answer the end of the connection does it.
      await send('/session', undefined, AbortSignal.timeout(CLOSE_TIMEOUT_MS), 'DELETE').catch(() => {});
      held.destroy();
      agent.destroy();
    },
  };
}

function encode(request: KubectlRequest): RunRequest {
  return {
    argv: [...request.argv],
    cwd: request.cwd,
    stdin: Buffer.from(request.stdin ?? []).toString('base64'),
    files: Object.fromEntries([...request.files].map(([path, content]) => [path, Buffer.from(content).toString('base64')])),
    timeoutMs: request.timeoutMs,
  };
}

function decode(body: unknown): KubectlResult {
  const { stdout, stderr, files, ...rest } = runResponse.parse(body);
  return {
    ...rest,
    stdout: Buffer.from(stdout, 'base64'),
    stderr: Buffer.from(stderr, 'base64'),
    files: new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content, 'base64')])),
  };
}

async function exchange(
  agent: Agent,
  address: RunnerAddress,
  method: string,
  path: string,
  payload: unknown,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const body = payload === undefined ? '' : JSON.stringify(payload);
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(address.secret && { authorization: `Bearer ${address.secret}` }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request: ClientRequest = httpRequest({ ...address.at, agent, path, method, headers, signal }, resolve);
  request.on('error', reject);
  request.end(body);
  let response: IncomingMessage;
  try {
    response = await promise;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new RunnerLostError(`The kubectl runner does not answer: ${(error as Error).message}`);
  }
  if (response.statusCode === 200 || response.statusCode === 204) return response;
  const said = (await buffer(response)).toString();
  throw new RunnerLostError(`The kubectl runner refused ${method} ${path} with ${response.statusCode}: ${said.slice(0, 500)}`);
}
