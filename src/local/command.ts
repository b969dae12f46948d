import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { ClusterError } from './provider.ts';

export interface CommandOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** File that the command reads on its standard input. */
  stdinFile?: string;
  /** Text that the command reads on its standard input. */
  stdin?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Called with every line of standard error. */
  onLine?: (line: string) => void;
}

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end and returns its exit code (null: ended by a signal) and output. Rejects only when it cannot be started or is aborted. */
export function run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const limits = [options.signal, options.timeoutMs ? AbortSignal.timeout(options.timeoutMs) : undefined].filter((s) => s !== undefined);
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ? { ...process.env, ...options.env } : process.env,
      signal: limits.length ? AbortSignal.any(limits) : undefined,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (!options.onLine) return;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) options.onLine(line);
    });
    // A command that ends without reading its input closes the pipe; its exit code tells what happened.
    child.stdin.on('error', () => {});
    if (options.stdinFile) createReadStream(options.stdinFile).on('error', reject).pipe(child.stdin);
    else child.stdin.end(options.stdin ?? '');
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Like `run`, but returns standard output and throws ClusterError with the end of standard error when the command fails. */
export async function must(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  let result: CommandResult;
  try {
    result = await run(file, args, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new ClusterError(`The program ${file} is not on this machine`);
    throw error;
  }
  if (result.code !== 0) {
    const tail = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-8).join('\n');
    throw new ClusterError(`${[file, ...args].join(' ').slice(0, 300)} failed (exit code ${result.code}):\n${tail}`);
  }
  return result.stdout;
}
