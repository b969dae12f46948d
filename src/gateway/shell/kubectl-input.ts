import { MAX_FILES_BYTES } from '../runner/kubectl-runner.ts';

// What Linux takes: 128 KiB a word (MAX_ARG_STRLEN), and well under a quarter of the stack for all.
const MAX_WORD_BYTES = 128 * 1024 - 1;
const MAX_ARGV_BYTES = 1024 ** 2;
const MAX_WORDS = 2048;
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4095;

/** Why Linux would not start kubectl with this input, in its words; undefined when it would. */
export function inputProblem(input: {
  argv: readonly string[];
  stdin: Uint8Array;
  cwd: string;
  files: Iterable<string>;
}): string | undefined {
  const sizes = input.argv.map((word) => Buffer.byteLength(word));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (sizes.length > MAX_WORDS || total > MAX_ARGV_BYTES || sizes.some((size) => size > MAX_WORD_BYTES)) {
    return 'bash: kubectl: Argument list too long';
  }
  if (input.argv.some((word) => word.includes('\0'))) return 'error: arguments cannot contain NUL';
  if (input.stdin.length > MAX_FILES_BYTES) return `error: the input is larger than ${MAX_FILES_BYTES / 1024 ** 2} MiB`;
  for (const path of [input.cwd, ...input.files]) {
    const tooLong = Buffer.byteLength(path) > MAX_PATH_BYTES || path.split('/').some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES);
    if (tooLong) return `error: ${path.slice(0, 60)}...: File name too long`;
    if (path.includes('\0')) return 'error: file names cannot contain NUL';
  }
  return undefined;
}
