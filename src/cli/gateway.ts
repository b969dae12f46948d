import { hostname } from 'node:os';
import type { Command } from 'commander';
import { cachedProgram } from '../local/cache.ts';
import { type HostPort, parseHostPort } from './host-port.ts';
import { version } from './version.ts';
import { count } from './whole-number.ts';

interface GatewayFlags {
  host: string;
  port: number;
  maxSessions: number;
  healthPort: number;
  metricsPort: number;
  kubeconfig?: string;
  kubectl?: string;
  runners?: string;
  hub?: HostPort;
  runnerSecretFile?: string;
}

/** `gymctl gateway`: what agents talk to. */
export function register(program: Command): void {
  program
    .command('gateway')
    .description('run the gateway that agents reset and step (the chart does it in the cluster; here it is for development)')
    .option('--host <address>', 'address to serve on', '127.0.0.1')
    .option('--port <port>', 'port to serve on', count, 8000)
    .option('--max-sessions <n>', 'agents at once', count, 8)
    .option('--health-port <port>', '/healthz and /readyz', count, 8083)
    .option('--metrics-port <port>', '/metrics', count, 8082)
    .option('--kubeconfig <path>', 'kubeconfig (default: the pod’s service account, else $KUBECONFIG)')
    .option('--kubectl <path>', 'statically linked kubectl for the agents (default: the one of the local cluster)')
    .option('--runners <service>', 'headless Service of the runner pods (default: a runner on this machine)')
    .option('--hub <host:port>', 'own address at which the runner pods reach the arena views; with --runners', parseHostPort)
    .option('--runner-secret-file <path>', 'file with the secret that the runner pods want to hear; with --runners')
    .action(run);
}

async function run(flags: GatewayFlags, command: Command): Promise<void> {
  const { startGateway } = await import('../gateway/start.ts');
  const { runners, hub, runnerSecretFile, kubectl, ...plain } = flags;
  const running = await startGateway({
    ...plain,
    cluster: clusterOptions({ runners, hub, runnerSecretFile }, command),
    kubectl: kubectl ?? cachedProgram('kubectl'),
    identity: `gateway-${hostname()}-${process.pid}`.toLowerCase(),
    version,
    production: process.env.OPENENV_MODE === 'production',
  });
  const stop = (): void => {
    void running.stop().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function clusterOptions(flags: Pick<GatewayFlags, 'runners' | 'hub' | 'runnerSecretFile'>, command: Command) {
  const { runners, hub, runnerSecretFile } = flags;
  if (!runners && !hub && !runnerSecretFile) return undefined;
  if (!runners || !hub || !runnerSecretFile) command.error('error: --runners, --hub and --runner-secret-file go together');
  return { service: runners, hub, secretFile: runnerSecretFile };
}
