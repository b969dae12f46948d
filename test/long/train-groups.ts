/**
 * Lets an agent that can do some faults only train in a Curriculum, in groups as a trainer asks for them, and records what the Curriculum made of it.
 * Fails where that is not what the agent is like.
 * Usage: node test/long/train-groups.ts [--groups 20] [--size 8] [--sessions 8] [--good oom_kill,image_pull]; writes docs/results/train-groups.json.
 */
import { parseArgs } from 'node:util';
import type { Curriculum } from '../../src/api/curriculum.ts';
import { API_VERSION, GYM_NAMESPACE } from '../../src/api/group.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { Resources } from '../../src/kube/resource.ts';
import { startGym } from '../support/gym.ts';
import { playSeed } from '../support/trainee.ts';
import { Results } from './results.ts';
import { unmoved } from './unmoved.ts';

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

/** The last group is counted a moment after its last episode. */
const COUNTED_MS = 30_000;

let state: Curriculum['status'];
const command = `npm run verify:curriculum -- --groups ${groups} --size ${size} --sessions ${sessions} --good ${values.good}`;
const results = await Results.open<EpisodeLine>('train-groups', command, summarize);
const gym = await startGym({ spare: 2, max: sessions + 6, sessions: sessions + 4 });
const ref = { namespace: GYM_NAMESPACE, name: NAME };
const curricula = new Reflector<Curriculum>({ client: gym.client, resource: Resources.curricula, namespace: GYM_NAMESPACE });
curricula.start();
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
    state = curricula.get(ref)?.status;
    console.error(`group ${group + 1}/${groups}: ${state?.tier}, ${state?.masterySummary}, rewards ${state?.lastRewards}`);
  }
  const counted = () => (curricula.get(ref)?.status?.trials === groups ? curricula.get(ref) : undefined);
  state = (await curricula.waitFor(counted, AbortSignal.timeout(COUNTED_MS))).status;
  await results.save();
} finally {
  await curricula.stop();
  await gym.client.delete(Resources.curricula, ref).catch(() => {});
  await gym.stop();
}
console.log(JSON.stringify(results.summary, null, 2));
if (problems(results.lines).length) process.exitCode = 1;

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

/** What contradicts the agent's abilities, a group that did not share its incident, or a Curriculum that does not move with its agent. */
function problems(lines: readonly EpisodeLine[]): string[] {
  const wrong = lines
    .filter(({ faults, outcome }) => (outcome === 'Resolved') !== faults.every((fault) => good.includes(fault)))
    .map(({ group, faults, outcome }) => `group ${group}: ${faults} ended ${outcome}`);
  const mixed = Array.from({ length: groups }, (_, group) => lines.filter((line) => line.group === group))
    .filter((members) => new Set(members.map((m) => `${m.faults} ${m.difficulty}`)).size > 1)
    .map(([{ group }]) => `group ${group} did not share one incident`);
  const weak = (state?.weakSpots ?? []).filter((fault) => good.includes(fault)).map((fault) => `${fault} is called weak`);
  const graduated = (state?.graduated ?? []).filter((fault) => !good.includes(fault)).map((fault) => `${fault} is called graduated`);
  return [...wrong, ...mixed, ...weak, ...graduated, ...unmoved(lines, groups, good)];
}

function summarize(lines: readonly EpisodeLine[]): Record<string, unknown> {
  const { tier, trials, weakSpots, graduated, mastery } = state ?? {};
  return {
    episodes: lines.length,
    resolved: lines.filter((line) => line.outcome === 'Resolved').length,
    tiers: [...new Set(lines.map((line) => line.tier))],
    problems: problems(lines),
    curriculum: { tier, trials, weakSpots, graduated, rates: Object.fromEntries((mastery ?? []).map((m) => [m.fault, m.rate])) },
  };
}
