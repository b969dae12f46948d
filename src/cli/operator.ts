import { hostname } from 'node:os';
import type { Command } from 'commander';
import { operatorDefaults } from '../operator/config.ts';
import { count } from './whole-number.ts';

interface OperatorFlags {
  kubeconfig?: string;
  spareArenas: number;
  maxArenas: number;
  archive: string;
  imageRegistry: string;
  healthPort: number;
  metricsPort: number;
  identity: string;
}

/** `gymctl operator`: all reconcilers, in the cluster from the chart or outside of it for development. */
export function register(program: Command): void {
  program
    .command('operator')
    .description('run the operator (the chart does it in the cluster; here it is for development)')
    .option('--kubeconfig <path>', 'kubeconfig (default: the pod’s service account, else $KUBECONFIG)')
    .option('--spare-arenas <n>', 'unclaimed copies of the app kept ready', count, operatorDefaults.pool.spare)
    .option('--max-arenas <n>', 'copies of the app in all', count, operatorDefaults.pool.max)
    .option('--archive <file>', 'file that finished episodes are appended to', operatorDefaults.archiveFile)
    .option('--image-registry <host>', 'where the cluster pulls the images of the app from', operatorDefaults.imageRegistry)
    .option('--health-port <port>', '/healthz and /readyz', count, operatorDefaults.healthPort)
    .option('--metrics-port <port>', '/metrics', count, operatorDefaults.metricsPort)
    .option(
      '--identity <name>',
      'name in the leader’s Lease; one that comes back under its old name need not wait for it',
      `${hostname()}-${process.pid}`,
    )
    .action(run);
}

async function run(flags: OperatorFlags): Promise<void> {
  const { startOperator } = await import('../operator/start.ts');
  const running = await startOperator({
    kubeconfig: flags.kubeconfig,
    config: {
      ...operatorDefaults,
      pool: { spare: flags.spareArenas, max: flags.maxArenas },
      archiveFile: flags.archive,
      imageRegistry: flags.imageRegistry,
      healthPort: flags.healthPort,
      metricsPort: flags.metricsPort,
      identity: flags.identity,
    },
  });
  const stop = (): void => {
    void running.stop().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
