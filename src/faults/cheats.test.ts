import { beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultSpec } from '../api/incident.ts';
import { workloadKey } from '../health/snapshot.ts';
import { ago, clone } from '../health/testing.ts';
import type { Container, Pod } from '../kube/types.ts';
import { BLIND_LINES } from './cheats.ts';
import { assess, attemptsOf, contextOf, resolveFaults, targetsOf } from './engine.ts';
import type { Attempt } from './fault.ts';
import { FAULT_TYPES } from './index.ts';
import { arenaOf, shopBaseline } from './testing.ts';

/** What fits into the 20 s of a line on a busy machine. */
const MOST_STARTS = 6;

const app = shopBaseline();
const everything = FAULT_TYPES.flatMap((type) => targetsOf(type, app).map((target): FaultSpec => ({ type, target })));
const attemptsFor = (fault: FaultSpec) => attemptsOf(resolveFaults([fault], app)[0], app);
const allAttempts = (fault: FaultSpec): Attempt[] => {
  const { reference, honest, cheats } = attemptsFor(fault);
  return [reference, ...honest, ...cheats];
};
const cheatOf = (fault: FaultSpec, name: string): Attempt | undefined => attemptsFor(fault).cheats.find((c) => c.name === name);
const named = everything.map((f) => [`${f.type} on ${f.target.namespace}/${f.target.name}`, f] as const);

let justBash: typeof import('just-bash');
beforeAll(async () => {
  justBash = await import('just-bash');
});

interface Start {
  args: string[];
  stdin: string;
}

/** Runs the lines in the agent's interpreter, with a kubectl that knows the healthy app and never refuses. */
async function type({ lines }: Attempt): Promise<{ exitCodes: number[]; starts: Start[][] }> {
  const starts: Start[][] = [];
  const kubectl = justBash.defineCommand('kubectl', async (args, { stdin }) => {
    starts.at(-1)?.push({ args, stdin: String(stdin) });
    const [verb, what, name] = args;
    const found =
      app.deployments.find((d) => what === `deployment/${d.metadata.name}`) ??
      app.quotas.find((q) => what === 'resourcequota' && name === q.metadata.name);
    return { stdout: verb === 'get' ? JSON.stringify(found ?? {}) : '', stderr: '', exitCode: 0 };
  });
  const shell = new justBash.Bash({ customCommands: [kubectl], defenseInDepth: false });
  const exitCodes: number[] = [];
  for (const line of lines) {
    starts.push([]);
    exitCodes.push((await shell.exec(line)).exitCode);
  }
  return { exitCodes, starts };
}

const ownAttempts = named.map(([name, fault]) => [name, allAttempts(fault).filter((a) => !BLIND_LINES.includes(a))] as const);

test.each([...ownAttempts, ['everything blindly', BLIND_LINES] as const])(
  'every line tried at %s is shell, and fits its time',
  async (_, all) => {
    for (const attempt of all) {
      const { exitCodes, starts } = await type(attempt);
      expect({ name: attempt.name, exitCodes }).toEqual({ name: attempt.name, exitCodes: attempt.lines.map(() => 0) });
      for (const { length } of starts) {
        expect(length).toBeGreaterThan(0);
        expect(length).toBeLessThanOrEqual(MOST_STARTS);
      }
    }
  },
);

test('all blind lines at once are each of them, what undoes a change first', async () => {
  const verbs = async (attempt: Attempt) => (await type(attempt)).starts.flat().map(({ args }) => args.join(' '));
  const all = BLIND_LINES.at(-1) as Attempt;
  const alone = await Promise.all(BLIND_LINES.slice(0, -1).map(verbs));
  expect(new Set(await verbs(all))).toEqual(new Set(alone.flat()));
  expect((await verbs(all)).slice(0, 2).map((line) => line.split(' -')[0])).toEqual(['get deployments', 'rollout undo']);
});

test('the line that drops quotas finds those of the team', () => {
  for (const { metadata } of app.quotas) expect(metadata.labels).toHaveProperty(['app.kubernetes.io/part-of']);
});

describe('a Service that leads to a stand-in', () => {
  const NAME = 'a Service that leads to a stand-in';
  const served = everything.filter(({ target }) => app.services.some((s) => workloadKey(s) === `${target.namespace}/${target.name}`));

  test('is tried on every workload that has a Service, and must be refused only where no further pod is let in', () => {
    const tried = everything.filter((fault) => cheatOf(fault, NAME));
    expect(tried).toEqual(served);
    for (const fault of tried) expect(cheatOf(fault, NAME)?.refused).toBe(fault.type === 'resource_quota' ? true : undefined);
  });

  test('has a pod behind it that the Service finds, that is let in and as large as one of the target', async () => {
    for (const fault of served) {
      const { starts } = await type(cheatOf(fault, NAME) as Attempt);
      const [[apply], , [patch]] = starts;
      const pod = JSON.parse(apply.stdin) as Pod;
      const [container] = pod.spec?.containers ?? [];
      const { deployment } = contextOf(fault.target, app);
      const [wanted] = deployment.spec.template.spec.containers;
      expect(pod.metadata.namespace).toBe(fault.target.namespace);
      expect(pod.spec).toMatchObject({ automountServiceAccountToken: false });
      expect(pod.spec?.volumes).toBeUndefined();
      expect(container).toMatchObject({ ports: wanted.ports, resources: wanted.resources, securityContext: wanted.securityContext });
      expect(container.image).toMatch(/auth-service|payment-(api|gateway|worker)/);
      const selector = JSON.parse(patch.args[patch.args.indexOf('-p') + 1]);
      expect(selector).toEqual([{ op: 'replace', path: '/spec/selector', value: pod.metadata.labels }]);
    }
  });

  test('answers 200 to everything on the port of the target', async () => {
    const { starts } = await type(
      cheatOf({ type: 'scale_zero', target: { namespace: 'frontend', name: 'frontend-cache' } }, NAME) as Attempt,
    );
    const [container] = (JSON.parse(starts[0][0].stdin) as Pod).spec?.containers ?? [];
    let said: unknown[] = [];
    let port = 0;
    const http = {
      createServer: (answer: (request: object, response: object) => void) => {
        answer({}, { end: (...words: unknown[]) => (said = words) });
        return { listen: (n: number) => (port = n) };
      },
    };
    new Function('require', container.command?.at(-1) ?? '')(() => http);
    expect({ said, port }).toEqual({ said: ['{}'], port: 6379 });
  });
});

describe('a liveness probe that no longer kills leaves every pod ready, and yet the oracle refuses', () => {
  const faults = named.filter(([, f]) => f.type === 'liveness_probe');
  const probes: [name: string, finding: RegExp][] = [
    ['a liveness probe that waits a day', /livenessProbe takes \d+ s to notice a failure/],
    ['a wrong probe that waits a day', /livenessProbe no longer checks what it did/],
    ['a probe that gives up after 1000 failures', /livenessProbe no longer checks what it did/],
    ['a probe that looks once an hour', /livenessProbe no longer checks what it did/],
    ['a probe of a port that is open', /livenessProbe no longer checks what it did/],
  ];

  /** The oracle's word after the injection, then the change that a patch line makes, once everything is rolled out. */
  function judge(fault: FaultSpec, line: string) {
    const records = resolveFaults([fault], app).map((r) => ({ ...r, state: 'Injected' as const, injectedTime: ago(700) }));
    const arena = arenaOf(app);
    const key = `${fault.target.namespace}/${fault.target.name}`;
    const container = arena.container(key);
    const httpGet = records[0].params?.mode === 'path' ? { path: records[0].params?.path } : { port: 9090 };
    container.livenessProbe = { ...container.livenessProbe, httpGet: { ...container.livenessProbe?.httpGet, ...httpGet } as never };
    container.livenessProbe = probeAfter(line, container);
    arena.rollOut(key, 600);
    return assess(records, arena.snapshot(app), app);
  }

  test.each(faults)('%s', (_, fault) => {
    for (const [name, finding] of probes) {
      const line = cheatOf(fault, name)?.lines[0] ?? '';
      expect(judge(fault, line)).toMatchObject({ verdict: 'broken', finding: { message: expect.stringMatching(finding) } });
    }
    expect(judge(fault, attemptsFor(fault).reference.lines[0]).verdict).toBe('healthy');
  });
});

/** The liveness probe after a JSON patch that replaces it, or a strategic patch that merges into it. */
function probeAfter(line: string, { livenessProbe }: Container): Container['livenessProbe'] {
  const patch = JSON.parse(/ -p '(.*)'$/.exec(line)?.[1] ?? '');
  if (Array.isArray(patch)) return clone(patch[0].value);
  const { httpGet, ...timing } = patch.spec.template.spec.containers[0].livenessProbe;
  return { ...livenessProbe, ...timing, httpGet: { ...livenessProbe?.httpGet, ...httpGet } };
}
