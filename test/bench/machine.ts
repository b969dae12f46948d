import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { KubeClient } from '../../src/kube/client.ts';

/** What the figures depend on. */
export async function describeMachine(client: KubeClient): Promise<object> {
  const { body } = await client.raw({ method: 'GET', path: '/version' });
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim(),
    memory_gb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    kubernetes: (JSON.parse(body.toString()) as { gitVersion: string }).gitVersion,
    load_before: loadavg()[0],
  };
}

/** The commit of the working tree, marked when files differ from it. */
export function describeCommit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  return git('rev-parse', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') ? ' and changes' : '');
}
