import {
  bytesOutput,
  type Command,
  defineCommand,
  type ExecResult,
  latin1FromBytes,
  type ResolvedCommandContext,
  unsafeBytesFromLatin1,
} from 'just-bash';
import { classifyKubectl } from '../../judge/command.ts';
import type { KubectlResult, KubectlRunner } from '../runner/kubectl-runner.ts';
import { agentFiles, storeFiles } from './files.ts';
import { inputProblem } from './kubectl-input.ts';
import { kubectlPolicy } from './kubectl-policy.ts';
import { TIMED_OUT } from './line.ts';
import type { ShellState } from './programs.ts';

/** `kubectl`, and `k`: the one program of the shell that is real. It runs on `runner` with the agent's files, for as long as the line has time. */
export function kubectlCommands(runner: KubectlRunner, state: ShellState): Command[] {
  const run = (args: string[], ctx: ResolvedCommandContext) => kubectl(runner, state, args, ctx);
  return [defineCommand('kubectl', run), defineCommand('k', run)];
}

async function kubectl(runner: KubectlRunner, { line, now }: ShellState, argv: string[], ctx: ResolvedCommandContext): Promise<ExecResult> {
  const finish = (exitCode: number, stdout: string, stderr: string): ExecResult => {
    line.calls.push({ argv, exitCode });
    return { ...bytesOutput(unsafeBytesFromLatin1(stdout)), stderr, exitCode };
  };
  const stdin = Buffer.from(latin1FromBytes(ctx.stdin), 'latin1');
  const policy = kubectlPolicy(classifyKubectl(argv), stdin.length > 0);
  if ('refuse' in policy) return finish(1, '', `${policy.refuse}\n`);
  const left = Math.floor(line.deadline - now());
  if (left <= 0) {
    line.stopped = true;
    return finish(TIMED_OUT, '', `[not run: kubectl ${argv.join(' ').slice(0, 80)}]\n`);
  }
  const { limitMs = left } = policy;
  let files: Map<string, Uint8Array>;
  try {
    files = await agentFiles(ctx.fs);
  } catch (error) {
    return finish(1, '', `error: ${(error as Error).message}\n`);
  }
  const problem = inputProblem({ argv, stdin, cwd: ctx.cwd, files: files.keys() });
  if (problem) return finish(1, '', `${problem}\n`);
  let result: KubectlResult;
  try {
    result = await runner.run({ argv, cwd: ctx.cwd, stdin, files, timeoutMs: Math.min(left, limitMs), signal: ctx.signal });
  } catch (error) {
    if (!ctx.signal?.aborted) line.lost ??= error;
    throw error;
  }
  const full = await storeFiles(ctx.fs, result.files).then(
    () => '',
    (error: Error) => `error: not all files could be kept: ${error.message}\n`,
  );
  const followed = result.timedOut && limitMs < left;
  if (result.timedOut && !followed) line.stopped = true;
  const stderr = [
    result.stderr.toString(),
    followed ? `[stopped following after ${limitMs / 1000} s]\n` : '',
    result.truncated ? '[output ended at 4 MiB; narrow it with -l, -o, --tail]\n' : '',
    full,
  ].join('');
  const exitCode = followed ? 0 : result.timedOut ? TIMED_OUT : result.exitCode;
  return finish(exitCode, result.stdout.toString('latin1'), stderr);
}
