import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = join(import.meta.dirname, '../../src/cli/gymctl.ts');
/** Orderly ends take well under a second; a process that hangs must not hold the tests. */
const STOP_TIMEOUT_MS = 20_000;

/** One line that the process logged. */
export interface LogLine {
  level: string;
  time: string;
  msg: string;
  [field: string]: unknown;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A write as the process numbered it (src/kube/writes.ts); logged at level debug. */
export interface SeenWrite {
  write: number;
  method: string;
  path: string;
  time: string;
}

/** `gymctl operator` or `gymctl gateway` from source, in a process of its own that the kernel kills with this one. */
export class GymProcess {
  readonly command: 'operator' | 'gateway';
  readonly ended: Promise<Exit>;
  /** Resolves with the line that says it works, or rejects when it ended before. */
  readonly started: Promise<LogLine>;
  /** Writes seen so far, in order; empty unless LOG_LEVEL is debug. */
  readonly writes: SeenWrite[] = [];
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  readonly #tail: string[] = [];
  #exit: Exit | undefined;

  /** @param logFile everything it says is appended there */
  constructor(command: 'operator' | 'gateway', args: readonly string[], logFile: string, env: NodeJS.ProcessEnv = {}) {
    this.command = command;
    const words = [process.execPath, PROGRAM, command, ...args];
    const [file, ...rest] = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', ...words] : words;
    // Neither is this test's own kubeconfig the process's, nor is it told to die unless a test says so.
    const { KSG_KILL_AT: _, KUBECONFIG: __, ...inherited } = process.env;
    this.#child = spawn(file, rest, { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#log = createWriteStream(logFile, { flags: 'a' });
    this.#child.stderr?.on('data', (data: Buffer) => this.#keep(data.toString().trimEnd()));
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#exit = { code, signal };
        this.#log.end();
        resolve(this.#exit);
      });
    });
    this.started = new Promise((resolve, reject) => {
      const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
      lines.on('line', (text) => {
        this.#keep(text);
        const line = parse(text);
        if (line?.msg === `Started the ${command}`) resolve(line);
        else if (line?.msg === 'Sending write') this.writes.push(line as unknown as SeenWrite);
      });
      void this.ended.then(({ code, signal }) =>
        reject(new Error(`gymctl ${command} ended (${code ?? signal}) before it had started:\n${this.#tail.join('\n')}`)),
      );
    });
    this.started.catch(() => {}); // whoever waits hears of it
  }

  /** How it ended; undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** Ends it in good order, by force when it does not. */
  async stop(): Promise<void> {
    if (this.#exit) return;
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    this.#child.kill('SIGTERM');
    await this.ended;
    clearTimeout(force);
  }

  #keep(text: string): void {
    this.#log.write(`${text}\n`);
    this.#tail.push(text.slice(0, 500));
    if (this.#tail.length > 15) this.#tail.shift();
  }
}

function parse(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
