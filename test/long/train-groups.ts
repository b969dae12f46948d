/**
 * Lets an agent that can do some faults only train in a Curriculum, in groups as a trainer asks for them, and records what the Curriculum made of it.
 * Usage: node test/long/train-groups.ts [--groups 20] [--size 8] [--sessions 8] [--good oom_kill,image_pull]; writes docs/results/train-groups.json.
 */
import { parseArgs } from 'node:util';
import type { Curriculum } from '../../src/api/curriculum.ts';
import { API_VERSION, GYM_NAMESPACE } from '../../src/api/group.ts';
import { Resources } from '../../src/kube/resource.ts';
import { startGym } from '../support/gym.ts';
import { playSeed } from '../support/trainee.ts';
import { Results } from './results.ts';

interface EpisodeLine {
  group: number;
  tier: string;
  difficulty: number;
  faults: string[];
  outcome: string;
  reward: number | null;
  steps: number;
  seconds: number;
}

const { values } = parseArgs({
  options: {
    groups: { type: 'string', default: '20' },
    size: { type: 'string', default: '8' },
    sessions: { type: 'string', default: '8' },
    good: { type: 'string', default: 'oom_kill,image_pull,scale_zero,liveness_probe' },
  },
});
const groups = Number(values.groups);
const size = Number(values.size);
const sessions = Number(values.sessions);
const good = values.good.split(',');
const NAME = 'train-groups';

let state: Curriculum['status'];
const command = `npm run verify:curriculum -- --groups ${groups} --size ${size} --sessions ${sessions} --good ${values.good}`;
const results = await Results.open<EpisodeLine>('train-groups', command, summarize);
const gym = await startGym({ spare: 2, max: sessions + 6, sessions: sessions + 4 });
const ref = { namespace: GYM_NAMESPACE, name: NAME };
try {
  await gym.client.create(Resources.curricula, {
    apiVersion: API_VERSION,
    kind: 'Curriculum',
    metadata: ref,
    spec: { groupSize: size, designer: { noFaultShare: 0 } } as Curriculum['spec'],
  });
  // As a synchronous trainer does: the next group is asked for when all of this one are over.
  for (let group = 0; group < groups; group++) {
    let left = size;
    const seat = async (): Promise<void> => {
      while (left-- > 0) await playOne(group);
    };
    await Promise.all(Array.from({ length: Math.min(sessions, size) }, seat));
    state = (await gym.client.get(Resources.curricula, ref)).status;
    console.error(`group ${group + 1}/${groups}: ${state?.tier}, ${state?.masterySummary}, rewards ${state?.lastRewards}`);
  }
} finally {
  await gym.client.delete(Resources.curricula, ref).catch(() => {});
  await gym.stop();
}
console.log(JSON.stringify(results.summary, null, 2));

async function playOne(group: number): Promise<void> {
  const began = Date.now();
  const { status } = await playSeed(gym, { curriculum: NAME, run: 'one', seed: group }, good);
  const assignment = await gym.client.get(Resources.assignments, { namespace: GYM_NAMESPACE, name: status?.assignment as string });
  await results.add({
    group,
    tier: assignment.spec.tier ?? '',
    difficulty: assignment.spec.difficulty,
    faults: assignment.spec.incident.faults.map((f) => f.type),
    outcome: status?.outcome ?? '',
    reward: status?.reward ?? null,
    steps: status?.decidedSteps ?? 0,
    seconds: Math.round((Date.now() - began) / 100) / 10,
  });
}

function summarize(lines: readonly EpisodeLine[]): Record<string, unknown> {
  const { tier, trials, weakSpots, graduated, mastery } = state ?? {};
  return {
    episodes: lines.length,
    resolved: lines.filter((line) => line.outcome === 'Resolved').length,
    tiers: [...new Set(lines.map((line) => line.tier))],
    curriculum: { tier, trials, weakSpots, graduated, rates: Object.fromEntries((mastery ?? []).map((m) => [m.fault, m.rate])) },
  };
}
