import { type Command, InvalidArgumentError, Option } from 'commander';
import { openCluster } from '../local/choose.ts';
import type { ClusterStatus, ProviderKind } from '../local/provider.ts';

interface ClusterOptions {
  provider?: ProviderKind;
  name?: string;
}

/** `gymctl cluster up|down|status|kubeconfig|load-image`: a cluster to play in. Results go to standard output, progress to standard error. */
export function register(program: Command): void {
  const cluster = program.command('cluster').description('make, look at and remove a local Kubernetes cluster');
  const sub = (usage: string, description: string) =>
    cluster
      .command(usage)
      .description(description)
      .addOption(
        new Option('--provider <provider>', 'kind of cluster (default: what this machine can hold)').choices(['native', 'kind', 'context']),
      )
      .addOption(new Option('--name <name>', 'name of the cluster, or of the kubeconfig context (default: gym)').argParser(nonEmpty));

  sub('up', 'start the cluster and print the path of its kubeconfig').action(async (options: ClusterOptions) => {
    const stop = new AbortController();
    const onSignal = () => stop.abort(new Error('interrupted'));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal);
    console.log(await (await open(options)).up({ signal: stop.signal }));
  });
  sub('down', 'remove the cluster and everything that belongs to it').action(async (options: ClusterOptions) => {
    await (await open(options)).down();
  });
  sub('status', 'say what runs; exit code 1 when the cluster is not ready')
    .option('--json', 'print one JSON object')
    .action(async (options: ClusterOptions & { json?: boolean }) => {
      const status = await (await open(options)).status();
      console.log(options.json ? JSON.stringify(status) : describe(status));
      if (!status.ready) process.exitCode = 1;
    });
  sub('kubeconfig', 'print the path of a cluster-admin kubeconfig').action(async (options: ClusterOptions) => {
    console.log(await (await open(options)).kubeconfig());
  });
  sub('load-image', 'import OCI or Docker image archives (.tar) into the nodes and print their names')
    .argument('<archives...>', 'image archives')
    .action(async (archives: string[], options: ClusterOptions) => {
      for (const name of await (await open(options)).loadImage(archives)) console.log(name);
    });
}

function open(options: ClusterOptions) {
  return openCluster({ ...options, progress: (line) => console.error(line) });
}

function nonEmpty(value: string): string {
  if (!value) throw new InvalidArgumentError('a name is not empty');
  return value;
}

/** The text form of a status: one line, then one per program of the node. */
export function describe(status: ClusterStatus): string {
  const lines = [`${status.provider} cluster "${status.name}" is ${status.ready ? 'ready' : 'not ready'}: ${status.summary}`];
  if (status.kubeconfig) lines.push(`kubeconfig: ${status.kubeconfig}`);
  for (const p of status.programs) {
    const exit = p.restarts || !p.running ? `, restarts ${p.restarts}${p.lastExit ? `, last ended by ${p.lastExit}` : ''}` : '';
    lines.push(`  ${p.name.padEnd(24)} ${p.running ? 'running' : 'DOWN   '} since ${p.since}${exit}`);
  }
  return lines.join('\n');
}
