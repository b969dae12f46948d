import { type Command, InvalidArgumentError } from 'commander';

/** `gymctl drain`: what the chart runs before it is uninstalled. */
export function register(program: Command): void {
  program
    .command('drain')
    .description('end all episodes, incidents and arenas and wait until their namespaces are gone (the chart does it before an uninstall)')
    .option('--kubeconfig <path>', 'kubeconfig (default: the pod’s service account, else $KUBECONFIG)')
    .option('--timeout <seconds>', 'give up after this long', seconds, 240)
    .action(run);
}

async function run(flags: { kubeconfig?: string; timeout: number }): Promise<void> {
  const { drain } = await import('../operator/drain.ts');
  const { KubeClient } = await import('../kube/client.ts');
  const { loadKubeConfig } = await import('../kube/config.ts');
  const { createLogger } = await import('../kube/logger.ts');
  const log = createLogger('drain');
  const client = new KubeClient(loadKubeConfig(flags.kubeconfig ? { path: flags.kubeconfig } : {}), { log });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(new Error('interrupted')));
  try {
    await drain({ client, log, timeoutMs: flags.timeout * 1000, signal: stop.signal });
  } finally {
    await client.close();
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number of seconds');
  return value;
}
