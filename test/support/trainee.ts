import type { Episode } from '../../src/api/episode.ts';
import { OpenEnvClient } from '../../src/cli/runbook/openenv-client.ts';
import { playRunbook } from '../../src/cli/runbook/runbook.ts';
import type { Gym } from './gym.ts';

/**
 * Plays one seed of a Curriculum as an agent would that can do some faults and not others: those it resolves with the runbook, the rest it gives up.
 * Resolves with the final Episode.
 */
export async function playSeed(
  gym: Gym,
  options: { curriculum: string; run: string; seed: number; split?: string },
  goodAt: readonly string[],
): Promise<Episode> {
  const agent = await OpenEnvClient.connect(gym.url);
  try {
    for (let tries = 0; ; tries++) {
      try {
        const frame = await agent.reset({ ...options });
        if (frame.done) throw new Error(`The incident did not start: ${frame.observation.message}`);
        break;
      } catch (error) {
        // The gym had no copy of the app ready, and says so.
        if (tries === 5 || !(error as Error).message.startsWith('No incident within')) throw error;
      }
    }
    const { episode } = (await agent.state()) as unknown as { episode: string };
    const { spec } = await gym.untilIncident(episode, () => true, 'there', 5000);
    if (spec.faults.every(({ type }) => goodAt.includes(type))) {
      await playRunbook(async (line) => {
        const frame = await agent.run(line);
        return { output: frame.observation.command_output, done: frame.done };
      });
    } else await agent.step('report: give-up');
    return await gym.untilEpisode(episode, (e) => e.status?.outcome !== undefined, 'an outcome', 150_000);
  } finally {
    await agent.close();
  }
}
