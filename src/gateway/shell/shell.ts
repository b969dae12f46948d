import {
  Bash,
  bytesOutput,
  type Command,
  type CommandName,
  defineCommand,
  type ExecResult,
  getCommandNames,
  latin1FromBytes,
  parse,
  type ResolvedCommandContext,
  unsafeBytesFromLatin1,
} from 'just-bash';
import type { Verdict } from '../../api/step.ts';
import { classifyKubectl } from '../../judge/command.ts';
import { HOME, type KubectlResult, type KubectlRunner, MAX_FILES_BYTES } from '../runner/kubectl-runner.ts';
import { readVerdict, unknownVerdict } from './action.ts';
import { parseDuration } from './duration.ts';
import { agentFiles, storeFiles } from './files.ts';
import { kubectlPolicy } from './kubectl-policy.ts';
import { HELP, polishOutput } from './messages.ts';

/** A kubectl command that a line ran, with its own exit code. */
export interface KubectlCall {
  argv: string[];
  exitCode: number;
}

export interface ShellResult {
  /** stdout and stderr in the order they came, as a terminal shows them. */
  stdout: string;
  /** What the shell itself has to say; the programs' stderr is in `stdout`. */
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
const STOPPED = 124;
// Runtimes, network, and what starts worker threads.
const LEFT_OUT = new Set<string>(['python', 'python3', 'js-exec', 'curl', 'html-to-markdown', 'sqlite3', 'xan', 'timeout', 'help']);
const LIMITS = {
  maxSourceBytes: 1024 ** 2,
  maxCommandCount: 2000,
  maxLoopIterations: 5000,
  maxCallDepth: 50,
  maxOutputSize: 32 * 1024 ** 2,
  maxStringLength: 16 * 1024 ** 2,
  maxLiveBytes: 64 * 1024 ** 2,
  maxFileSystemBytes: MAX_FILES_BYTES,
};
const START_ENV = { HOME, USER: 'user', HOSTNAME: 'workstation', TERM: 'dumb' };
// Kept by the interpreter itself.
const INTERPRETER_ENV = new Set(['IFS', 'OSTYPE', 'MACHTYPE', 'HOSTTYPE', 'OPTIND', 'SHELLOPTS', 'BASHOPTS', 'PWD', 'OLDPWD']);

interface Line {
  /** When kubectl and sleep stop; `timeout N` moves it closer for a while. */
  deadline: number;
  /** Something was cut short by the line's own time. */
  stopped: boolean;
  lost?: unknown;
  calls: KubectlCall[];
  report?: Verdict;
}

/**
 * The shell of one agent: an interpreter with a virtual file system, in which `kubectl` is the only program that is real.
 * It reaches no file, process or network of this machine.
 */
export function createShell(options: { runner: KubectlRunner; now?: () => number }): AgentShell {
  const now = options.now ?? (() => performance.now());
  let line: Line = { deadline: 0, stopped: false, calls: [] };
  let running = false;

  const sleep = async (ms: number) => {
    const left = Math.max(0, line.deadline - now());
    if (ms > left) line.stopped = true;
    await new Promise((resolve) => setTimeout(resolve, Math.min(ms, left)));
  };

  const kubectl = async (args: string[], ctx: ResolvedCommandContext): Promise<ExecResult> => {
    const invocation = classifyKubectl(args);
    const stdin = Buffer.from(latin1FromBytes(ctx.stdin), 'latin1');
    const policy = kubectlPolicy(invocation, stdin.length > 0);
    const left = Math.floor(line.deadline - now());
    if ('refuse' in policy) return finished(args, 1, '', `${policy.refuse}\n`);
    if (left <= 0) {
      line.stopped = true;
      return finished(args, STOPPED, '', `[not run: kubectl ${args.join(' ').slice(0, 80)}]\n`);
    }
    let result: KubectlResult;
    try {
      const files = await agentFiles(ctx.fs);
      const timeoutMs = Math.min(left, policy.limitMs ?? left);
      result = await options.runner.run({ argv: args, cwd: ctx.cwd, stdin, files, timeoutMs, signal: ctx.signal });
      await storeFiles(ctx.fs, result.files);
    } catch (error) {
      if (!ctx.signal?.aborted) line.lost ??= error;
      throw error;
    }
    const followed = result.timedOut && policy.limitMs !== undefined && policy.limitMs < left;
    if (result.timedOut && !followed) line.stopped = true;
    const notes = [
      followed ? `[stopped following after ${policy.limitMs / 1000} s]\n` : '',
      result.truncated ? '[output ended at 4 MiB; narrow it with -l, -o, --tail]\n' : '',
    ].join('');
    const exitCode = followed ? 0 : result.timedOut ? STOPPED : result.exitCode;
    return finished(args, exitCode, result.stdout.toString('latin1'), result.stderr.toString() + notes);
  };

  const finished = (argv: string[], exitCode: number, stdout: string, stderr: string): ExecResult => {
    line.calls.push({ argv, exitCode });
    return { ...bytesOutput(unsafeBytesFromLatin1(stdout)), stderr, exitCode };
  };

  const timeout = async (args: string[], ctx: ResolvedCommandContext): Promise<ExecResult> => {
    const words = withoutOptions(args, ['-k', '-s', '--kill-after', '--signal']);
    const ms = parseDuration(words[0] ?? '');
    if (ms === undefined || words.length < 2) return text('', 'timeout: usage: timeout DURATION COMMAND\n', 125);
    const outer = line.deadline;
    const wasStopped = line.stopped;
    line.deadline = Math.min(outer, now() + ms);
    try {
      const result = await inner(words.slice(1), ctx);
      const expired = now() >= line.deadline && line.stopped;
      if (expired && line.deadline < outer) line.stopped = wasStopped;
      return expired ? { ...result, exitCode: STOPPED } : result;
    } finally {
      line.deadline = outer;
    }
  };

  const report = async (args: string[]): Promise<ExecResult> => {
    const verdict = readVerdict(args.join(' '));
    if (!verdict) return text('', `${unknownVerdict(args.join(' '))}\n`, 2);
    line.report = verdict;
    return text(`Reported: ${verdict}\n`, '', 0);
  };

  const bash = new Bash({
    commands: getCommandNames().filter((name) => !LEFT_OUT.has(name)) as CommandName[],
    customCommands: [
      defineCommand('kubectl', kubectl),
      defineCommand('k', kubectl),
      defineCommand('report', report),
      defineCommand('timeout', timeout),
      defineCommand('sudo', (args, ctx) => inner(withoutOptions(args, ['-u', '-g']), ctx)),
      defineCommand('watch', watch),
      defineCommand('help', async () => text(HELP, '', 0)),
    ] satisfies Command[],
    cwd: HOME,
    env: START_ENV,
    files: { '/proc/version': 'Linux version 6.1.0 (x86_64)\n' },
    executionLimits: LIMITS,
    sleep,
  });
  let cwd = HOME;
  let env: Record<string, string> = {};

  return {
    async exec(source, { signal, timeoutMs = LINE_TIMEOUT_MS } = {}) {
      if (running) throw new Error('The shell runs one line at a time');
      running = true;
      const started = now();
      line = { deadline: started + timeoutMs, stopped: false, calls: [] };
      try {
        const done = (exitCode: number, stdout: string, stderr: string): ShellResult => {
          const durationMs = Math.round(now() - started);
          return { stdout: polishOutput(stdout), stderr, exitCode, durationMs, kubectlCalls: line.calls, report: line.report };
        };
        const mistake = syntaxError(source);
        if (mistake) return done(2, `bash: ${mistake}\n`, '');
        const cut = AbortSignal.any([AbortSignal.timeout(timeoutMs + WIND_UP_MS), ...(signal ? [signal] : [])]);
        // One stream, as on a terminal: else errors would lose their place among the output.
        const result = await bash.exec(`exec 2>&1\n${source}`, { signal: cut, cwd, env, rawScript: true });
        if (line.lost) throw line.lost;
        signal?.throwIfAborted();
        cwd = result.env.PWD ?? cwd;
        env = Object.fromEntries(Object.entries(result.env).filter(([name]) => /^\w+$/.test(name) && !INTERPRETER_ENV.has(name)));
        const stopped = line.stopped || cut.aborted;
        const own = cut.aborted ? '' : polishOutput(result.stderr);
        return done(stopped ? STOPPED : result.exitCode, result.stdout, stopped ? `${own}[stopped after ${timeoutMs / 1000} s]\n` : own);
      } finally {
        running = false;
      }
    },
  };
}

/** Runs words as a command of its own, with what is piped into the one around it. */
async function inner(words: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
  if (!ctx.exec || words.length === 0) return text('', '', 0);
  return ctx.exec('"$@"', { cwd: ctx.cwd, stdin: latin1FromBytes(ctx.stdin), stdinKind: 'bytes', signal: ctx.signal, args: words });
}

/** A screen that redraws itself helps nobody here: the command is shown once. */
async function watch(args: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
  const result = await inner(withoutOptions(args, ['-n', '--interval']), ctx);
  return { ...result, stderr: `${result.stderr}[watch shows the command once; repeat it to see changes]\n` };
}

function withoutOptions(args: string[], withValue: string[]): string[] {
  let i = 0;
  while (i < args.length && args[i].startsWith('-')) i += withValue.includes(args[i]) ? 2 : 1;
  return args.slice(i);
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

function text(stdout: string, stderr: string, exitCode: number): ExecResult {
  return { stdout, stderr, exitCode, stdoutKind: 'text' };
}
