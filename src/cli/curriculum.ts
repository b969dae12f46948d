import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import type { Curriculum } from '../api/curriculum.ts';
import { DEFAULT_CURRICULUM } from '../api/defaults.ts';
import { LEARNERS, type LearnerName } from '../curriculum/learners.ts';
import { simulate } from '../curriculum/simulate.ts';
import type { KubeClient } from '../kube/client.ts';
import { Resources } from '../kube/resource.ts';
import { type ClientOptions, withClient, withClientOptions } from './client.ts';
import { type CurriculumDocument, documentOf, parseDocument } from './curriculum/document.ts';
import { restart, store } from './curriculum/restart.ts';
import { DEFAULT_SPEC, defaultRules, simulationText } from './curriculum/simulate.ts';
import { statusText } from './curriculum/status-text.ts';
import { wholeNumber } from './whole-number.ts';

interface SimulateFlags {
  learner: LearnerName;
  episodes: number;
  seed: number;
  json?: boolean;
}

/** `gymctl curriculum status|reset|export|import|simulate`: what agents train next. */
export function register(program: Command): void {
  const curriculum = program.command('curriculum').description('what agents train next');
  const sub = (usage: string, description: string) => withClientOptions(curriculum.command(usage).description(description), 'Curriculum');

  sub('status', 'print where a Curriculum stands: tier, mastery of each fault, the last trials, runs')
    .argument('[name]', 'the Curriculum', DEFAULT_CURRICULUM)
    .option('--json', 'print JSON')
    .action(async (name: string, options: ClientOptions & { json?: boolean }) => {
      const found = await withClient(options, (client) => existing(client, options.namespace, name));
      console.log(options.json ? JSON.stringify({ name, ...found.status }) : statusText(found));
    });

  sub('reset', 'forget what a Curriculum has learned of its agent, and remove its Assignments')
    .argument('<name>', 'the Curriculum')
    .action(async (name: string, options: ClientOptions) => {
      const { before, removed } = await withClient(options, async (client) => {
        const found = await existing(client, options.namespace, name);
        return { before: found.status, removed: await restart(client, { namespace: options.namespace, name }) };
      });
      console.log(
        `Curriculum ${name} starts anew: removed ${before?.trials ?? 0} trials in tier ${before?.tier || '-'}, ${before?.runs.length ?? 0} runs and ${removed} Assignments`,
      );
    });

  sub('export', 'print a Curriculum, spec and what it has learned, as one JSON document')
    .argument('<name>', 'the Curriculum')
    .action(async (name: string, options: ClientOptions) => {
      const found = await withClient(options, (client) => existing(client, options.namespace, name));
      console.log(JSON.stringify(documentOf(found), null, 2));
    });

  sub('import', 'make a Curriculum of an exported document, or let one go on from there; Assignments that it has are removed')
    .argument('<file>', 'what gymctl curriculum export printed; - for standard input')
    .option('--name <name>', 'another name than the exported one; it then draws its future by its own name')
    .action(async (file: string, options: ClientOptions & { name?: string }) => {
      const document = await readDocument(file);
      const ref = { namespace: options.namespace, name: options.name ?? document.name };
      const { made, removed } = await withClient(options, async (client) => ({
        made: await store(client, ref, document.spec),
        removed: await restart(client, ref, document.status),
      }));
      const { trials, tier } = document.status ?? { trials: 0 };
      console.log(
        `Curriculum ${ref.name} ${made ? 'was made' : 'was there and is replaced'}: ${trials} trials, tier ${tier ?? '-'}; removed ${removed} Assignments`,
      );
      if (ref.name !== document.name)
        console.log(`It draws its future by its own name, so other scenarios than ${document.name} would get`);
    });

  curriculum
    .command('simulate')
    .description('train a synthetic learner with the default Curriculum, without a cluster, and print where it ends')
    .addOption(new Option('--learner <name>', 'who learns').choices(Object.keys(LEARNERS)).makeOptionMandatory())
    .option('--episodes <n>', `episodes in all, in groups of ${DEFAULT_SPEC.groupSize}`, wholeNumber(DEFAULT_SPEC.groupSize), 2000)
    .option('--seed <n>', 'decides all that is left to chance', wholeNumber(0), 0)
    .option('--json', 'print JSON')
    .action(({ learner, episodes, seed, json }: SimulateFlags) => {
      const report = simulate({ learner: LEARNERS[learner](), episodes, seed, rules: defaultRules() });
      console.log(json ? JSON.stringify({ learner, seed, ...report }) : simulationText(report));
    });
}

async function existing(client: KubeClient, namespace: string, name: string): Promise<Curriculum> {
  const found = await client.find(Resources.curricula, { namespace, name });
  if (found) return found;
  const { items } = await client.list(Resources.curricula, { namespace });
  const names = items.map(({ metadata }) => metadata.name).join(', ');
  throw new Error(`Curriculum ${name} does not exist in namespace ${namespace}; there is ${names || 'none'}`);
}

async function readDocument(file: string): Promise<CurriculumDocument> {
  if (file === '-') return parseDocument(await text(process.stdin), 'standard input');
  const content = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Error(`${file} cannot be read: ${error.message}; give a file that gymctl curriculum export wrote, or - for standard input`);
  });
  return parseDocument(content, file);
}
