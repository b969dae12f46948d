import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { MAX_STREAM_BYTES } from './kubectl-runner.ts';

/** How a program ended and what it said. */
export interface Execution {
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
  truncated: boolean;
  timedOut: boolean;
}

const KILLED = 128 + 9;

/**
 * Runs a program to its end, to `timeoutMs`, to MAX_STREAM_BYTES of output or to `signal`, whichever is first, and kills its whole process group then.
 *
 * @throws when the program cannot be started
 */
export async function execute(
  command: readonly string[],
  options: { env: Record<string, string>; stdin: Buffer; timeoutMs: number; signal?: AbortSignal },
): Promise<Execution> {
  const [file, ...args] = command;
  const child = spawn(file, args, { env: options.env, cwd: '/', stdio: 'pipe', detached: true });
  let timedOut = false;
  let truncated = false;
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {}
  };
  const overflow = () => {
    truncated = true;
    kill();
  };
  const stdout = collect(child.stdout, overflow);
  const stderr = collect(child.stderr, overflow);
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, options.timeoutMs);
  options.signal?.addEventListener('abort', kill, { once: true });
  // A program that does not read its input closes the pipe: no error of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { exitCode: code ?? KILLED, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), truncated, timedOut };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
    kill();
  }
}

/** Kills every process of a user; the session's user has none that should outlive a command. */
export function killUser(uid: number): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const owner = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      if (Number(owner) === uid) process.kill(Number(pid), 'SIGKILL');
    } catch {}
  }
}

function collect(stream: Readable, overflow: () => void): Buffer[] {
  const chunks: Buffer[] = [];
  let room = MAX_STREAM_BYTES;
  stream.on('data', (chunk: Buffer) => {
    if (chunk.length > room) overflow();
    if (room > 0) chunks.push(chunk.subarray(0, room));
    room = Math.max(0, room - chunk.length);
  });
  return chunks;
}
