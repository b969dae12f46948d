import { Bash, type CommandName, type ExecResult, getCommandNames, parse } from 'just-bash';
import type { Verdict } from '../../api/step.ts';
import { HOME, type KubectlRunner, MAX_FILES_BYTES } from '../runner/kubectl-runner.ts';
import { kubectlCommands } from './kubectl-command.ts';
import { type KubectlCall, type Line, TIMED_OUT } from './line.ts';
import { polishOutput } from './messages.ts';
import { type ShellState, shellPrograms } from './programs.ts';

export interface ShellResult {
  /** What a terminal shows: stdout and stderr of the programs in the order they came. */
  stdout: string;
  /** What the shell itself has to say, e.g. that time was up. */
  stderr: string;
  exitCode: number;
  durationMs: number;
  kubectlCalls: KubectlCall[];
  /** The verdict of `report`, when the line called it. */
  report?: Verdict;
}

export interface AgentShell {
  /**
   * Runs one line (or several, with heredocs). Files, working folder and variables stay for the next.
   *
   * @param options.timeoutMs for the whole line; what came until then is returned, with a note
   * @throws RunnerLostError when kubectl cannot be run at all: a failure of the infrastructure
   */
  exec(line: string, options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<ShellResult>;
}

export const LINE_TIMEOUT_MS = 20_000;

// What is left after kubectl was stopped for pipes and files to finish, before the interpreter itself is cut off.
const WIND_UP_MS = 1000;
// Runtimes, network, what starts worker threads, and programs that are ours.
const LEFT_OUT = new Set<string>(['python', 'python3', 'js-exec', 'curl', 'html-to-markdown', 'sqlite3', 'xan', 'timeout', 'sleep']);
const LIMITS = {
  maxSourceBytes: 1024 ** 2,
  // An interpreter that only computes keeps the gateway from its other sessions: about 0.1 ms a command.
  maxCommandCount: 1000,
  maxLoopIterations: 5000,
  maxCallDepth: 50,
  maxOutputSize: 32 * 1024 ** 2,
  maxStringLength: 16 * 1024 ** 2,
  maxLiveBytes: 64 * 1024 ** 2,
  maxFileSystemBytes: MAX_FILES_BYTES,
};
// Kept by the interpreter itself from line to line.
const INTERPRETER_ENV = new Set(['IFS', 'OSTYPE', 'MACHTYPE', 'HOSTTYPE', 'OPTIND', 'SHELLOPTS', 'BASHOPTS', 'PWD', 'OLDPWD']);

/**
 * The shell of one agent: an interpreter with a virtual file system, in which `kubectl` is the only program that is real.
 * It reaches no file, process or network of this machine.
 *
 * @param options.now clock in milliseconds
 */
export function createShell(options: { runner: KubectlRunner; now?: () => number }): AgentShell {
  // Bound now: while a line runs, the interpreter guards the globals.
  const now = options.now ?? performance.now.bind(performance);
  const state: ShellState = { now, line: newLine(0) };
  const bash = new Bash({
    commands: getCommandNames().filter((name) => !LEFT_OUT.has(name)) as CommandName[],
    customCommands: [...kubectlCommands(options.runner, state), ...shellPrograms(state)],
    env: { USER: 'user', HOSTNAME: 'workstation', TERM: 'dumb' },
    executionLimits: LIMITS,
  });
  // What a workstation would say.
  const prepared = bash.fs.writeFile('/proc/version', 'Linux version 6.1.0\n');
  let cwd = HOME;
  let env: Record<string, string> = {};
  let running = false;

  async function run(
    source: string,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Pick<ShellResult, 'stdout' | 'stderr' | 'exitCode'>> {
    const mistake = syntaxError(source);
    if (mistake) return { exitCode: 2, stdout: `bash: ${mistake}\n`, stderr: '' };
    const cut = AbortSignal.any([AbortSignal.timeout(timeoutMs + WIND_UP_MS), ...(signal ? [signal] : [])]);
    // One stream, as on a terminal: else errors would lose their place among the output.
    const result = await bash.exec(`exec 2>&1\n${source}`, { signal: cut, cwd, env, rawScript: true }).catch(diskFull);
    if (state.line.lost) throw state.line.lost;
    signal?.throwIfAborted();
    cwd = result.env?.PWD ?? cwd;
    env = Object.fromEntries(Object.entries(result.env ?? env).filter(([name]) => /^\w+$/.test(name) && !INTERPRETER_ENV.has(name)));
    const own = cut.aborted ? '' : polishOutput(result.stderr);
    const stdout = polishOutput(result.stdout);
    if (!state.line.stopped && !cut.aborted) return { exitCode: result.exitCode, stdout, stderr: own };
    return { exitCode: TIMED_OUT, stdout, stderr: `${own}[stopped after ${timeoutMs / 1000} s]\n` };
  }

  return {
    async exec(source, { signal, timeoutMs = LINE_TIMEOUT_MS } = {}) {
      if (running) throw new Error('The shell runs one line at a time');
      running = true;
      const started = now();
      state.line = newLine(started + timeoutMs);
      try {
        await prepared;
        const result = await run(source, timeoutMs, signal);
        const { calls, report } = state.line;
        return { ...result, durationMs: Math.round(now() - started), kubectlCalls: calls, report };
      } finally {
        running = false;
      }
    },
  };
}

function newLine(deadline: number): Line {
  return { deadline, stopped: false, calls: [] };
}

/** A redirection to a full disk ends the interpreter itself. */
function diskFull(error: Error): ExecResult {
  if (!error.message.startsWith('ENOSPC')) throw error;
  return { stdout: '', stderr: 'bash: write error: No space left on device\n', exitCode: 1 };
}

function syntaxError(source: string): string | undefined {
  try {
    parse(source);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.replace(/^Parse error at (\d+):\d+: /, 'line $1: ');
  }
}
