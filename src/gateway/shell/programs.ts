import { type Command, defineCommand, type ExecResult, latin1FromBytes, type ResolvedCommandContext } from 'just-bash';
import { readVerdict, unknownVerdict } from './action.ts';
import { parseDuration } from './duration.ts';
import { type Line, TIMED_OUT } from './line.ts';

/** The clock of the shell and the line that is running on it. */
export interface ShellState {
  now: () => number;
  line: Line;
}

/** Programs of the shell beside kubectl: those that must mind the line's time, and those whose usual spelling the interpreter does not take. */
export function shellPrograms(state: ShellState): Command[] {
  return [
    defineCommand('report', (args) => report(state, args)),
    defineCommand('sleep', (args) => sleep(state, args)),
    defineCommand('timeout', (args, ctx) => timeout(state, args, ctx)),
    defineCommand('sudo', (args, ctx) => runWords(withoutOptions(args, ['-u', '-g']), ctx)),
    defineCommand('watch', watch),
    defineCommand('less', page),
    defineCommand('more', page),
    defineCommand('xargs', (args, ctx) => original(xargsWords(args), ctx)),
    defineCommand('grep', (args, ctx) => original(withoutColor(args), ctx)),
  ];
}

/** `-I{}`, `-n1`, `-P4` apart, and `-L` as the `-n` it is for lists of names. Words of the command that xargs runs stay as they are. */
export function xargsWords(args: readonly string[]): string[] {
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [, option, value] = /^-([InPLd])(.*)$/s.exec(args[i]) ?? [];
    if (!args[i].startsWith('-')) return [...words, ...args.slice(i)];
    if (option === undefined) words.push(args[i]);
    else words.push(option === 'L' ? '-n' : `-${option}`, value || (args[++i] ?? ''));
  }
  return words;
}

async function report(state: ShellState, args: string[]): Promise<ExecResult> {
  const verdict = readVerdict(args.join(' '));
  if (!verdict) return text('', `${unknownVerdict(args.join(' '))}\n`, 2);
  state.line.report = verdict;
  return text(`Reported: ${verdict}\n`, '', 0);
}

async function sleep({ now, line }: ShellState, args: string[]): Promise<ExecResult> {
  const parts = args.map(parseDuration);
  if (parts.length === 0 || parts.includes(undefined)) return text('', `sleep: invalid time interval '${args.join(' ')}'\n`, 1);
  const wanted = parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
  const left = Math.max(0, line.deadline - now());
  if (wanted > left) line.stopped = true;
  await new Promise((resolve) => setTimeout(resolve, Math.min(wanted, left)));
  return text('', '', wanted > left ? TIMED_OUT : 0);
}

async function timeout(state: ShellState, args: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
  const { line, now } = state;
  const words = withoutOptions(args, ['-k', '-s', '--kill-after', '--signal']);
  const ms = parseDuration(words[0] ?? '');
  if (ms === undefined || words.length < 2) return text('', 'timeout: usage: timeout DURATION COMMAND\n', 125);
  const outer = { deadline: line.deadline, stopped: line.stopped };
  line.deadline = Math.min(outer.deadline, now() + ms);
  line.stopped = false;
  try {
    const result = await runWords(words.slice(1), ctx);
    return line.stopped ? { ...result, exitCode: TIMED_OUT } : result;
  } finally {
    // Only what the line's own time cut short ends the line.
    line.stopped = outer.stopped || (line.stopped && now() >= outer.deadline);
    line.deadline = outer.deadline;
  }
}

/** A screen that redraws itself helps nobody here: the command is shown once. */
async function watch(args: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
  const words = withoutOptions(args, ['-n', '--interval']);
  const result = words.length === 1 ? await exec(words[0], [], ctx) : await runWords(words, ctx);
  return { ...result, stderr: `${result.stderr}[watch shows the command once; repeat it to see changes]\n` };
}

/** There is no screen to page on. */
function page(args: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
  return exec(
    'cat',
    args.filter((arg) => !/^-./.test(arg)),
    ctx,
  );
}

/** Runs words as a command of its own, with what is piped into the one around it. */
async function runWords(words: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
  if (words.length === 0) return text('', '', 0);
  return exec(`'${words[0].replaceAll("'", `'\\''`)}'`, words.slice(1), ctx);
}

async function exec(script: string, args: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
  if (!ctx.exec) throw new Error('The interpreter gave no way to run a command');
  return ctx.exec(script, { cwd: ctx.cwd, stdin: latin1FromBytes(ctx.stdin), stdinKind: 'bytes', signal: ctx.signal, args });
}

async function original(args: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
  if (!ctx.origCommand) throw new Error('The interpreter has no such command');
  return ctx.origCommand(args);
}

function withoutColor(args: string[]): string[] {
  const end = args.indexOf('--');
  return args.filter((arg, i) => (end >= 0 && i > end) || !/^--colou?r(=.*)?$/.test(arg));
}

function withoutOptions(args: string[], withValue: string[]): string[] {
  let i = 0;
  while (i < args.length && args[i].startsWith('-')) i += withValue.includes(args[i]) ? 2 : 1;
  return args.slice(i);
}

function text(stdout: string, stderr: string, exitCode: number): ExecResult {
  return { stdout, stderr, exitCode, stdoutKind: 'text' };
}
