import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CurriculumSpec } from '../../src/api/curriculum.ts';
import type { EpisodeStatus } from '../../src/api/episode.ts';
import { API_VERSION, GYM_NAMESPACE } from '../../src/api/group.ts';
import { restart } from '../../src/cli/curriculum/restart.ts';
import { known, statusIn } from '../../src/curriculum/testing.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { Resources } from '../../src/kube/resource.ts';
import { installBase } from '../../src/operator/install.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { type Ended, gymctl, startGymctl } from '../support/gymctl.ts';

/** No operator runs: these tests write what one would, and look at what a person sees of it. */
let plane: ControlPlane;
let client: KubeClient;
let dir: string;

beforeAll(async () => {
  plane = await startControlPlane();
  client = new KubeClient(loadKubeConfig({ path: plane.kubeconfigPath }));
  await installBase(client);
  dir = await mkdtemp(join(tmpdir(), 'curriculum-commands-'));
}, 300_000);
afterAll(async () => {
  await client?.close();
  await plane?.stop();
  if (dir) await rm(dir, { recursive: true });
});

const inGym = (name: string) => ({ namespace: GYM_NAMESPACE, name });
const onPlane = (args: readonly string[]): string[] => [...args, '--kubeconfig', plane.kubeconfigPath];
const curriculum = (...args: string[]): Promise<Ended> => gymctl(onPlane(['curriculum', ...args]));
const statusOf = async (name: string) => (await client.get(Resources.curricula, inGym(name))).status;

/** A failure for a person: this exit code, a sentence on standard error and no stack, and nothing that a pipe would take for a result. */
function expectRefusal(ended: Ended, says: string | RegExp, code = 1): void {
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toMatch(says);
  expect(ended.stderr).not.toContain('    at ');
}

async function imported(document: string, ...args: string[]): Promise<Ended> {
  const { child, ended } = startGymctl(onPlane(['curriculum', 'import', '-', ...args]));
  child.stdin?.end(document);
  return ended;
}

/** A Curriculum that has learned something, as an operator leaves it. */
async function makeTaught(name: string): Promise<void> {
  const metadata = inGym(name);
  await client.create(Resources.curricula, { apiVersion: API_VERSION, kind: 'Curriculum', metadata, spec: {} as CurriculumSpec });
  const learned = {
    ...{ trials: 21, trialsInTier: 2, tierResults: [0.5, 1], designed: 3 },
    mastery: [known('oom_kill', 0.9, true), known('crashloop', 0.25)],
    runs: [{ name: 'grpo-1', trials: 21, drawn: { 'oom_kill/1/0': 4 } }],
  };
  await restart(client, metadata, statusIn('beginner', undefined, learned));
}

describe('gymctl curriculum', () => {
  test('status prints tier, mastery and runs, as text or JSON', async () => {
    await makeTaught('taught');
    const { code, stdout } = await curriculum('status', 'taught');
    expect(code).toBe(0);
    expect(stdout).toContain('Curriculum taught (standard): tier beginner, difficulty up to 0.4, judged by a ');
    expect(stdout).toMatch(/^21 trials counted, 2 in this tier, success 0.75 over the last 2$/m);
    expect(stdout).toMatch(/^oom_kill +10 +0.90 +yes +yes/m);
    expect(stdout).toMatch(/^grpo-1 +21 +open$/m);
    const json = JSON.parse((await curriculum('status', 'taught', '--json')).stdout);
    expect(json).toMatchObject({ name: 'taught', tier: 'beginner', trials: 21, weakSpots: ['crashloop'] });
  }, 60_000);

  test('export | import goes on elsewhere through a pipe or a file, and replaces what is there', async () => {
    await makeTaught('source');
    const { code, stdout: document } = await curriculum('export', 'source');
    expect([code, JSON.parse(document)]).toMatchObject([0, { format: 'kube-sre-gym/curriculum', name: 'source', status: { trials: 21 } }]);

    const piped = await imported(document, '--name', 'piped');
    expect(piped).toMatchObject({ code: 0, stderr: '' });
    expect(piped.stdout).toContain('Curriculum piped was made: 21 trials, tier beginner; removed 0 Assignments');
    expect(piped.stdout).toContain('other scenarios than source would get');
    const file = join(dir, 'source.json');
    await writeFile(file, document);
    const again = await curriculum('import', file);
    expect(again.stdout).toBe('Curriculum source was there and is replaced: 21 trials, tier beginner; removed 0 Assignments\n');

    const { stdout: copy } = await curriculum('export', 'piped');
    expect(JSON.parse(copy)).toEqual({ ...JSON.parse(document), name: 'piped' });
    expect((await statusOf('source'))?.mastery).toEqual(JSON.parse(document).status.mastery);
  }, 60_000);

  test('reset forgets what was learned, and says what that was', async () => {
    await makeTaught('blank');
    const { code, stdout } = await curriculum('reset', 'blank');
    expect([code, stdout]).toEqual([0, 'Curriculum blank starts anew: removed 21 trials in tier beginner, 1 runs and 0 Assignments\n']);
    expect(await statusOf('blank')).toMatchObject({ trials: 0, mastery: [], runs: [], designed: 3 });
    expect((await curriculum('status', 'blank')).stdout).toContain('has no status yet');
  }, 60_000);

  test('simulate trains a learner without a cluster', async () => {
    const { code, stdout } = await gymctl(['curriculum', 'simulate', '--learner', 'fast', '--episodes', '80', '--seed', '1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^80 episodes, 10 trials counted: tier \w+, /m);
  }, 60_000);

  test('status, export and reset of a name that nothing has say which there are', async () => {
    await makeTaught('the-one');
    const all = await Promise.all(['status', 'export', 'reset'].map((verb) => curriculum(verb, 'nowhere')));
    for (const ended of all)
      expectRefusal(ended, new RegExp(`Curriculum nowhere does not exist in namespace ${GYM_NAMESPACE}; there is .*the-one`));
  }, 60_000);

  test.each<[string, () => Promise<Ended>, RegExp]>([
    ['what is no JSON', () => imported('tier: expert'), /standard input cannot be imported as a Curriculum: it is no JSON/],
    [
      'a document of another kind',
      () => imported('{"format": "x", "version": 1, "name": "n", "spec": {}}'),
      /format: must be kube-sre-gym/,
    ],
    [
      'a file that is not there',
      () => curriculum('import', join(dir, 'nothing.json')),
      /nothing\.json cannot be read: .*; give a file that/,
    ],
  ])(
    'import of %s is refused before anything is written',
    async (_, run, says) => {
      const before = await client.list(Resources.curricula, { namespace: GYM_NAMESPACE });
      expectRefusal(await run(), says);
      const { items } = await client.list(Resources.curricula, { namespace: GYM_NAMESPACE });
      expect(items.map(({ metadata }) => metadata.resourceVersion)).toEqual(before.items.map(({ metadata }) => metadata.resourceVersion));
    },
    60_000,
  );

  test.each<[string, string[], RegExp]>([
    ['an unknown learner', ['--learner', 'genius'], /'genius' is invalid\. Allowed choices are/],
    ['too few episodes for a group', ['--learner', 'fast', '--episodes', '3'], /give a whole number of 8 or more/],
  ])(
    'simulate with %s was called wrongly',
    async (_, args, says) => {
      expectRefusal(await gymctl(['curriculum', 'simulate', ...args]), says, 2);
    },
    60_000,
  );
});

describe('gymctl episodes explain', () => {
  const explain = (...args: string[]): Promise<Ended> => gymctl(onPlane(['episodes', 'explain', ...args]));

  async function makeEpisode(name: string, status: EpisodeStatus): Promise<void> {
    const spec = { incident: { faults: [{ type: 'scale_zero', target: { namespace: 'auth', name: 'auth-service' }, params: {} }] } };
    const made = await client.create(Resources.episodes, { apiVersion: API_VERSION, kind: 'Episode', metadata: inGym(name), spec });
    await client.replace(Resources.episodes, { ...made, status }, { subresource: 'status' });
  }

  test('prints how a reward comes about, as text or JSON', async () => {
    const rewardParts = { base: -2, bonus: 0, shaping: 0, partialCredit: 0.5 };
    await makeEpisode('ended', { outcome: 'GaveUp', scorable: true, reward: -1.5, rewardParts, fixScore: 0.5, diagnosisScore: 1 });
    const { code, stdout } = await explain('ended');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ended: GaveUp, reward -1.5$/m);
    expect(stdout).toMatch(/-2.* base: not resolved$/m);
    expect(stdout).toMatch(/\+0.5.* partial credit: faults fixed 50 %, diagnosis 100 %$/m);
    expect(JSON.parse((await explain('ended', '--json')).stdout)).toMatchObject({ name: 'ended', outcome: 'GaveUp', rewardParts });
  }, 60_000);

  test('says so where there is nothing to explain', async () => {
    await makeEpisode('failed', { outcome: 'InfrastructureFailed', scorable: false });
    expect(await explain('failed')).toMatchObject({ code: 0, stdout: expect.stringContaining('InfrastructureFailed, unscorable') });
  }, 60_000);

  test('of a name that nothing has is refused', async () => {
    expectRefusal(await explain('nowhere'), `Episode nowhere does not exist in namespace ${GYM_NAMESPACE}; gymctl episodes list shows`);
  }, 60_000);

  test('without a name was called wrongly', async () => {
    expectRefusal(await explain(), /missing required argument 'name'/, 2);
  }, 60_000);
});
