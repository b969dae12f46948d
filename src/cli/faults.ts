import { type Command, Option } from 'commander';
import { APPS, type AppName, DEFAULT_APP } from '../api/apps.ts';
import { FAULT_NAMES, seededIncident } from '../designer/seeded.ts';
import { targetsOf } from '../faults/engine.ts';
import { FAULTS } from '../faults/index.ts';
import { seededRandom } from '../faults/random.ts';
import { type PlayResult, verify } from '../faults/verify.ts';
import { allPlays, type Play, type Scenario, samplePlays } from '../faults/verify-plan.ts';
import { openWorkplaces } from '../gateway/open-workplaces.ts';
import type { Baseline } from '../health/snapshot.ts';
import type { KubeClient } from '../kube/client.ts';
import { systemClock } from '../kube/clock.ts';
import { createLogger } from '../kube/logger.ts';
import { cachedProgram } from '../local/cache.ts';
import { loadApp, paperBaseline } from '../operator/arena/app.ts';
import { KUBECONFIG_HELP, type KubeconfigOptions, withClient } from './client.ts';
import { faultName } from './fault-name.ts';
import { wholeNumber } from './whole-number.ts';

interface VerifyFlags extends KubeconfigOptions {
  app: AppName;
  json?: boolean;
  sample?: boolean;
  seed: number;
  parallel: number;
}

/** `gymctl faults list|verify`. */
export function register(program: Command): void {
  const faults = program.command('faults').description('the faults that the gym can inject');
  const app = new Option('--app <app>', 'the app to break').choices(APPS).default(DEFAULT_APP);
  faults.command('list').description('print every fault, its parameters and what it can hurt').addOption(app).action(list);
  faults
    .command('verify')
    .description('prove faults on a live cluster: each fix resolves, no cheat does (needs a running operator)')
    .argument('[types...]', `what to prove: ${FAULT_NAMES.join(', ')} (default: all)`, collectType)
    .addOption(app)
    .option('--sample', 'per fault only the reference fix, one honest fix, two cheats and nothing')
    .option('--seed <n>', 'chooses targets and the sample', wholeNumber(0), 0)
    .option('--parallel <n>', 'arenas at once', wholeNumber(1), 4)
    .option('--kubeconfig <path>', KUBECONFIG_HELP)
    .option('--json', 'print one JSON array of results')
    .action(run);
}

function list({ app: name }: { app: AppName }): void {
  const app = paperBaseline(loadApp({ name }));
  for (const fault of FAULTS.values()) {
    console.log(`${fault.type}: ${fault.description}`);
    for (const [name, { description, cosmetic }] of Object.entries(fault.params)) {
      console.log(`  ${name}${cosmetic ? ' (cosmetic)' : ''}: ${description}`);
    }
    const targets = targetsOf(fault.type, app).map((t) => `${t.namespace}/${t.name}`);
    console.log(`  hurts ${targets.sort().join(', ')}`);
  }
}

async function run(types: string[], flags: VerifyFlags): Promise<void> {
  const app = paperBaseline(loadApp({ name: flags.app }));
  const scenarios = (types.length ? types : FAULT_NAMES).map((name) => scenarioOf(name, flags.seed, app));
  const plays = scenarios.flatMap((s) =>
    flags.sample ? samplePlays(s, app, seededRandom(`sample ${s.name} ${flags.seed}`)) : allPlays(s, app),
  );
  const results = await withClient(flags, (client) => play(client, plays, flags));
  const failed = results.filter((r) => !r.passed).length;
  if (flags.json) console.log(JSON.stringify(results, null, 1));
  else console.log(`${results.length - failed} of ${results.length} attempts ended as they must`);
  if (failed) process.exitCode = 1;
}

async function play(client: KubeClient, plays: readonly Play[], { app, parallel }: VerifyFlags): Promise<PlayResult[]> {
  const workplaces = await openWorkplaces({ client, clock: systemClock, kubectl: cachedProgram('kubectl'), log: createLogger('verify') });
  try {
    return await verify(plays, {
      client,
      clock: systemClock,
      app,
      openShell: (namespaces) => workplaces.open(namespaces),
      parallel,
      onResult: (r, done, all) => {
        const took = r.resolvedSeconds === undefined ? '' : ` in ${r.resolvedSeconds.toFixed(1)} s`;
        const outcome = r.passed ? `ok, ${r.resolved ? `resolved${took}` : 'not resolved'}` : `FAILED: ${r.problem}`;
        console.error(`[${done}/${all}] ${r.scenario} (${r.targets.join(', ')}) ${r.kind} "${r.attempt}": ${outcome}`);
      },
    });
  } finally {
    await workplaces.close();
  }
}

function scenarioOf(name: string, seed: number, app: Baseline): Scenario {
  return { name, faults: seededIncident(seed, app, name).faults };
}

const collectType = (value: string, previous: string[] = []): string[] => [...previous, faultName(value)];
