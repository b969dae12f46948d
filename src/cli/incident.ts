import type { Command } from 'commander';
import { GYM_NAMESPACE } from '../api/group.ts';
import type { Incident } from '../api/incident.ts';
import type { Workplace } from '../gateway/episode-client.ts';
import { openWorkplaces } from '../gateway/open-workplaces.ts';
import { systemClock } from '../kube/clock.ts';
import { silentLogger } from '../kube/logger.ts';
import { Resources } from '../kube/resource.ts';
import { cachedProgram } from '../local/cache.ts';
import { KUBECONFIG_HELP, type KubeconfigOptions, withClient } from './client.ts';
import { typedLines } from './typed-lines.ts';

/** `gymctl incident shell NAME`: the arena of an Incident, as an agent sees it. */
export function register(program: Command): void {
  const incident = program.command('incident').description('work on an incident by hand');
  incident
    .command('shell')
    .description('open the agent’s shell on the arena of an incident; lines come from standard input, Ctrl-D leaves')
    .argument('<name>', 'name of the Incident')
    .option('--kubeconfig <path>', KUBECONFIG_HELP)
    .action(shell);
}

function shell(name: string, options: KubeconfigOptions): Promise<void> {
  return withClient(options, async (client) => {
    const incident = await client.find(Resources.incidents, { namespace: GYM_NAMESPACE, name });
    const namespaces = namespacesOf(name, incident);
    const workplaces = await openWorkplaces({ client, clock: systemClock, kubectl: cachedProgram('kubectl'), log: silentLogger });
    try {
      await converse(incident as Incident, await workplaces.open(namespaces));
    } finally {
      await workplaces.close();
    }
  });
}

/** Throws a sentence that says why there is nothing to open. */
function namespacesOf(name: string, incident: Incident | undefined): Record<string, string> {
  if (!incident)
    throw new Error(`Incident ${name} does not exist in namespace ${GYM_NAMESPACE}; see kubectl get incidents -n ${GYM_NAMESPACE}`);
  if (incident.status?.finishedTime) throw new Error(`Incident ${name} is over (${incident.status.phase}) and its arena is gone`);
  if (!incident.status?.namespaces)
    throw new Error(`Incident ${name} has no arena yet; wait until kubectl get incident ${name} shows its namespaces`);
  return incident.status.namespaces;
}

async function converse(incident: Incident, workplace: Workplace): Promise<void> {
  const alert = incident.status?.alert;
  if (alert) console.log(`${alert.severity.toUpperCase()}: ${alert.title}\n${alert.message}\n`);
  try {
    for await (const line of typedLines()) {
      const { output, infrastructure } = await workplace.run(line);
      if (output) process.stdout.write(output.endsWith('\n') ? output : `${output}\n`);
      if (infrastructure) console.error(`gymctl: ${infrastructure}`);
    }
  } finally {
    await workplace.close();
  }
}
