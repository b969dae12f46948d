import { type Command, InvalidArgumentError } from 'commander';
import type { Episode } from '../api/episode.ts';
import { Resources } from '../kube/resource.ts';
import { explainReward } from '../reward/explain.ts';
import { type ClientOptions, withClient, withClientOptions } from './client.ts';
import { alignedColumns } from './table.ts';

interface EpisodesOptions extends ClientOptions {
  json?: boolean;
  limit: number;
}

/** `gymctl episodes list|explain`: what was played and why it was worth what it was. */
export function register(program: Command): void {
  const episodes = program.command('episodes').description('look at what was played');
  const sub = (usage: string, description: string) =>
    withClientOptions(episodes.command(usage).description(description), 'Episodes').option('--json', 'print JSON');

  sub('list', 'print Episodes, the newest last')
    .option('--limit <count>', 'print at most so many', count, 50)
    .action(async (options: EpisodesOptions) => {
      const found = await withClient(options, (client) => client.list(Resources.episodes, { namespace: options.namespace }));
      const newest = found.items.sort(byStart).slice(-options.limit);
      console.log(options.json ? JSON.stringify(newest) : episodeTable(newest));
    });
  sub('explain', 'print how the reward of an Episode comes about')
    .argument('<name>', 'the Episode')
    .action(async (name: string, options: EpisodesOptions) => {
      const ref = { namespace: options.namespace, name };
      const episode = await withClient(options, (client) => client.find(Resources.episodes, ref));
      if (!episode) {
        console.error(`gymctl: Episode ${name} does not exist in namespace ${options.namespace}; gymctl episodes list shows those that do`);
        process.exitCode = 1;
        return;
      }
      const { steps, reward, rewardParts, outcome, scorable, weights, llm, veto } = episode.status ?? {};
      const parts = { name, outcome, scorable, reward, rewardParts, weights, llm, veto, steps };
      console.log(options.json ? JSON.stringify(parts) : explainReward(episode).join('\n'));
    });
}

const byStart = (a: Episode, b: Episode): number =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') || a.metadata.name.localeCompare(b.metadata.name);

/** One line per Episode, columns aligned. */
export function episodeTable(episodes: readonly Episode[]): string {
  const rows = [
    ['NAME', 'OUTCOME', 'STEPS', 'REWARD', 'DIAGNOSIS', 'FIX', 'AGENT'],
    ...episodes.map(({ metadata, spec, status }) => [
      metadata.name,
      status?.outcome ?? status?.phase ?? 'Pending',
      String(status?.decidedSteps ?? 0),
      status?.scorable === false ? 'unscorable' : String(status?.reward ?? '-'),
      String(status?.diagnosisScore ?? '-'),
      String(status?.fixScore ?? '-'),
      spec.agent?.name ?? '-',
    ]),
  ];
  return alignedColumns(rows);
}

function count(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('give a number from 1 up');
  return number;
}
