import { beforeAll, expect, test } from '@jest/globals';
import type { Deployment } from '../kube/types.ts';
import { attemptsOf, contextOf, resolveFaults, targetsOf } from './engine.ts';
import { FAULT_TYPES } from './index.ts';
import { shopBaseline } from './testing.ts';

const app = shopBaseline();
const cases = FAULT_TYPES.flatMap((type) => targetsOf(type, app).map((target) => ({ type, target })));
let Bash: typeof import('just-bash').Bash;
beforeAll(async () => {
  ({ Bash } = await import('just-bash'));
});

/** Runs the jq program of a line on `object` in the agent's shell. */
async function runJq(line: string, object: unknown): Promise<unknown> {
  const program = / jq ('(?:[^']|'\\'')*')/.exec(line)?.[1];
  const shell = new Bash({ files: { '/object.json': JSON.stringify(object) }, defenseInDepth: false });
  return JSON.parse((await shell.exec(`jq ${program} /object.json`)).stdout);
}

const withoutNulls = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_, v) => (v === null ? undefined : v)));

test.each(cases.map((c) => [`${c.type} on ${c.target.namespace}/${c.target.name}`, c] as const))(
  'what people edit and apply for %s leaves the rest of the object as it is',
  async (_, spec) => {
    const [record] = resolveFaults([spec], app);
    const edits = attemptsOf(record, app).honest.filter((a) => a.lines[0].includes(' jq '));
    expect(edits.length).toBeGreaterThanOrEqual(3);
    const quota = spec.type === 'resource_quota';
    const healthy = quota ? app.quotas.find((q) => q.metadata.namespace === spec.target.namespace) : contextOf(spec.target, app).deployment;
    for (const { lines } of edits) {
      expect(withoutNulls(await runJq(lines[0], healthy))).toEqual(withoutNulls(healthy as Deployment));
    }
  },
);
