import { describe, expect, test } from '@jest/globals';
import { execute } from './execute.ts';
import { MAX_STREAM_BYTES } from './kubectl-runner.ts';

const sh = (script: string, options: { timeoutMs?: number; stdin?: string; signal?: AbortSignal } = {}) =>
  execute(['/bin/sh', '-c', script], {
    env: { ONLY: 'this' },
    timeoutMs: options.timeoutMs ?? 10_000,
    stdin: Buffer.from(options.stdin ?? ''),
    signal: options.signal,
  });

describe('execute', () => {
  test('gives exit code and both streams', async () => {
    const done = await sh('cat; echo err >&2; exit 3', { stdin: 'in' });
    expect({ ...done, stdout: `${done.stdout}`, stderr: `${done.stderr}` }).toEqual({
      exitCode: 3,
      stdout: 'in',
      stderr: 'err\n',
      truncated: false,
      timedOut: false,
    });
  });
  test('passes nothing of our environment', async () => {
    expect(`${(await execute(['/usr/bin/env'], { env: { ONLY: 'this' }, timeoutMs: 10_000, stdin: Buffer.alloc(0) })).stdout}`).toBe(
      'ONLY=this\n',
    );
  });
  test('kills the whole group in time and keeps what was said', async () => {
    const started = performance.now();
    const done = await sh('echo first; sleep 30 & sleep 30', { timeoutMs: 200 });
    expect(done).toMatchObject({ exitCode: 137, timedOut: true });
    expect(`${done.stdout}`).toBe('first\n');
    expect(performance.now() - started).toBeLessThan(5000);
  });
  test('ends what never stops talking', async () => {
    const done = await sh('while :; do echo 0123456789012345678901234567890123456789; done');
    expect(done).toMatchObject({ truncated: true, timedOut: false });
    expect(done.stdout.length).toBe(MAX_STREAM_BYTES);
  });
  test('ends when the caller leaves', async () => {
    const leave = new AbortController();
    setTimeout(() => leave.abort(), 100);
    expect(await sh('sleep 30', { signal: leave.signal })).toMatchObject({ exitCode: 137, timedOut: false });
  });
  test('a program that ignores its input does no harm', async () => {
    expect((await sh('exit 0', { stdin: 'x'.repeat(1_000_000) })).exitCode).toBe(0);
  });
  test('a program that is not there is an error', async () => {
    await expect(execute(['/no/such'], { env: {}, timeoutMs: 1000, stdin: Buffer.alloc(0) })).rejects.toThrow(/ENOENT/);
  });
});
