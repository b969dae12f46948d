/**
 * Plays episodes with agents that type at random, several at once, and has every "Resolved" audited by a checker that shares no code with the oracle.
 * Usage: node test/long/random-episodes.ts [--episodes 300] [--sessions 4] [--seed 0]; writes docs/results/random-episodes.json.
 */
import { parseArgs } from 'node:util';
import type { InlineIncident } from '../../src/api/incident.ts';
import { seededIncident } from '../../src/designer/seeded.ts';
import { cachedProgram } from '../../src/local/cache.ts';
import { loadApp, paperBaseline } from '../../src/operator/arena/app.ts';
import type { Agent, Frame } from '../support/agent.ts';
import { type Gym, startGym } from '../support/gym.ts';
import { audit, paymentsOfHold } from './audit.ts';
import { Customer, type Payment } from './customer.ts';
import { EvidenceRecorder, type Json } from './evidence.ts';
import { randomPolicy, STYLES, type Style } from './random-policy.ts';
import { Results } from './results.ts';

interface EpisodeLine {
  seed: number;
  style: Style;
  faults: string[];
  typed: number;
  outcome: string;
  scorable: boolean;
  reward: number | null;
  seconds: number;
  /** What the auditor found wrong with a Resolved; absent for other outcomes. */
  audit?: string[];
  /** The auditor's payments in the five seconds before the resolution. */
  payments?: { ok: number; failed: number };
  /** Where the auditor disagrees: every payment it made, in milliseconds since the resolution. */
  trace?: Payment[];
  problem?: string;
}

const MAX_STEPS = 14;
const GONE_MS = 120_000;
const app = paperBaseline(loadApp());

const { values } = parseArgs({
  options: {
    episodes: { type: 'string', default: '300' },
    sessions: { type: 'string', default: '4' },
    seed: { type: 'string', default: '0' },
  },
});
const episodes = Number(values.episodes);
const sessions = Number(values.sessions);
const firstSeed = Number(values.seed);

const command = `npm run verify:random -- --episodes ${episodes} --sessions ${sessions} --seed ${firstSeed}`;
const results = await Results.open<EpisodeLine>('random-episodes', command, summarize);
const gym = await startGym({ cluster: 'random', spare: 2, max: sessions * 2 + 2, sessions });
const recorder = await EvidenceRecorder.start(cachedProgram('kubectl'), gym.kubeconfig);
let next = firstSeed;
try {
  await Promise.all(Array.from({ length: sessions }, () => playOn()));
} finally {
  await recorder.stop();
  await gym.stop();
}
console.log(JSON.stringify(results.summary, null, 2));
if (results.lines.some((line) => line.audit?.length || line.problem)) process.exitCode = 1;

/** One agent's seat: a new episode as soon as the last is over. */
async function playOn(): Promise<void> {
  while (next < firstSeed + episodes) {
    const seed = next++;
    const line = await playOne(gym, seed);
    await results.add(line);
    const verdict = line.audit ? (line.audit.length ? `AUDIT FAILED: ${line.audit.join('; ')}` : 'audited') : '';
    const done = results.lines.length;
    console.error(
      `[${done}/${episodes}] seed ${seed} ${line.style} ${line.faults.join('+')}: ${line.outcome} ${verdict}${line.problem ?? ''}`,
    );
  }
}

async function playOne(gym: Gym, seed: number): Promise<EpisodeLine> {
  const began = Date.now();
  const { faults } = seededIncident(seed, app);
  const policy = randomPolicy(seed, faults, app, MAX_STEPS);
  const line: EpisodeLine = {
    seed,
    style: policy.style,
    faults: faults.map((f) => `${f.type}:${f.target.namespace}/${f.target.name}`),
    typed: 0,
    outcome: '',
    scorable: true,
    reward: null,
    seconds: 0,
  };
  let agent: Agent | undefined;
  try {
    agent = await gym.connect();
    const name = await begin(agent, { faults }, line);
    if (name) await playAndAudit(gym, agent, name, policy.lines, line);
  } catch (error) {
    line.problem = (error as Error).message;
  } finally {
    await agent?.close();
  }
  line.seconds = Math.round((Date.now() - began) / 100) / 10;
  return line;
}

/** Name of the Episode, which is its Incident's too; undefined when the gym could not start it, which the line then says. */
async function begin(agent: Agent, incident: Pick<InlineIncident, 'faults'>, line: EpisodeLine): Promise<string | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      const frame = await agent.reset({ incident, max_steps: MAX_STEPS });
      const { episode } = (await agent.state()) as unknown as { episode: string };
      if (!frame.done) return episode;
      Object.assign(line, { outcome: 'InfrastructureFailed', scorable: false });
      return undefined;
    } catch (error) {
      if (tries === 5 || !(error as Error).message.startsWith('No incident within')) throw error;
    }
  }
}

async function playAndAudit(gym: Gym, agent: Agent, name: string, lines: readonly string[], line: EpisodeLine): Promise<void> {
  // Parameters are recorded before the first mutation, so this version of the Incident marks the healthy arena.
  const recorded = await recorder.incident(name, (i) => i.status?.faults?.[0]?.state === 'Injecting', 10_000);
  const namespaces = Object.values<string>(recorded.object.status.namespaces);
  const customer = new Customer(recorder.url, recorded.object.status.namespaces.frontend);
  let frame: Frame | undefined;
  try {
    for (const text of lines) {
      frame = await agent.step(text);
      line.typed++;
      if (frame.done) break;
    }
    // A change may still settle after the last line.
    while (frame && !frame.done && frame.observation.cluster_status_summary === 'Settling') frame = await agent.step('true');
    if (!frame?.done) frame = await agent.step('report: resolved');
    const { status } = await gym.untilEpisode(name, (e) => e.status?.outcome !== undefined, 'an outcome', 150_000);
    Object.assign(line, { outcome: status?.outcome, scorable: status?.scorable, reward: status?.reward ?? null });
    await customer.stop();
    await recorder.untilGone(namespaces, GONE_MS);
    if (status?.outcome !== 'Resolved') return;
    const resolved = await recorder.incident(name, (i) => i.status?.resolvedTime !== undefined, 1000);
    const resolvedAt = new Date(resolved.object.status.resolvedTime);
    const late = paymentsOfHold(customer.payments, resolvedAt);
    line.payments = { ok: late.filter((p) => !p.problem).length, failed: late.filter((p) => p.problem).length };
    line.audit = audit({
      before: recorder.asOf(namespaces, recorded.revision),
      after: recorder.asOf(namespaces, resolved.revision),
      targets: recorded.object.status.faults.map((f: Json) => `${f.target.namespace}/${f.target.name}`),
      resolvedAt,
      payments: customer.payments,
    });
    const sinceResolved = (ms: number) => Math.round(ms - resolvedAt.getTime());
    if (line.audit.length)
      line.trace = customer.payments.map((p) => ({ ...p, began: sinceResolved(p.began), ended: sinceResolved(p.ended) }));
  } finally {
    await customer.stop();
    recorder.forget(namespaces);
  }
}

function summarize(lines: readonly EpisodeLine[]): Record<string, unknown> {
  const outcomes: Record<string, number> = {};
  for (const { outcome } of lines) outcomes[outcome || 'none'] = (outcomes[outcome || 'none'] ?? 0) + 1;
  return {
    episodes: lines.length,
    outcomes,
    resolvedByStyle: Object.fromEntries(
      STYLES.map((style) => {
        const played = lines.filter((line) => line.style === style);
        return [style, `${played.filter((line) => line.outcome === 'Resolved').length} of ${played.length}`];
      }),
    ),
    audited: lines.filter((line) => line.audit).length,
    auditFailed: lines.filter((line) => line.audit?.length).length,
    unscorable: lines.filter((line) => !line.scorable).length,
    problems: lines.filter((line) => line.problem).length,
  };
}
