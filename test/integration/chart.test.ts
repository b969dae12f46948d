import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { Arena } from '../../src/api/arena.ts';
import { ARENA_LABEL, GYM_NAMESPACE, SYSTEM_NAMESPACE } from '../../src/api/group.ts';
import { makeSystemNamespace } from '../../src/cli/installed.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { createLogger } from '../../src/kube/logger.ts';
import { Resources } from '../../src/kube/resource.ts';
import type { EnvVar, KubeObject, Secret } from '../../src/kube/types.ts';
import { cachedProgram } from '../../src/local/cache.ts';
import { CHART, installChart } from '../../src/local/chart.ts';
import { must } from '../../src/local/command.ts';
import { PACKAGE_ROOT } from '../../src/local/images/paths.ts';
import { drain } from '../../src/operator/drain.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
let client: KubeClient;
const helm = cachedProgram('helm');

beforeAll(async () => {
  plane = await startControlPlane();
  client = new KubeClient(loadKubeConfig({ path: plane.kubeconfigPath }));
}, 900_000);

afterAll(async () => {
  await client?.close();
  await plane?.stop();
});

const documents = (text: string): KubeObject[] =>
  parseAllDocuments(text, { version: '1.1' })
    .map((d) => d.toJS() as KubeObject)
    .filter((o) => o?.kind);
const key = (o: KubeObject): string => `${o.kind} ${o.metadata.namespace ?? ''}/${o.metadata.name}`;

/** The chart's objects, by `Kind namespace/name`. */
async function rendered(...args: string[]): Promise<Map<string, KubeObject>> {
  const text = await must(helm, ['template', 'gym', CHART, '-n', SYSTEM_NAMESPACE, '--kube-version', '1.35.0', ...args]);
  return new Map(documents(text).map((o) => [key(o), o]));
}

type PodTemplate = {
  spec: { template: { spec: { containers: { args: string[]; env?: EnvVar[]; securityContext: Record<string, unknown> }[] } & object } };
};

describe('the chart', () => {
  test('passes helm lint', async () => {
    await must(helm, ['lint', '--strict', CHART, '--namespace', SYSTEM_NAMESPACE]);
  }, 60_000);

  test('holds every object of deploy/base and crds as it is, but for its own namespace and the note that keeps the kinds', async () => {
    const chart = await rendered();
    for (const folder of ['deploy/base', 'crds']) {
      const files = readdirSync(join(PACKAGE_ROOT, folder)).filter((file) => file !== 'kustomization.yaml');
      for (const object of files.flatMap((file) => documents(readFileSync(join(PACKAGE_ROOT, folder, file), 'utf8')))) {
        if (key(object) === `Namespace /${SYSTEM_NAMESPACE}`) {
          expect(chart.has(key(object))).toBe(false);
          continue;
        }
        const found = chart.get(key(object));
        const { 'helm.sh/resource-policy': policy, ...annotations } = found?.metadata.annotations ?? {};
        expect(policy).toBe(object.kind === 'CustomResourceDefinition' ? 'keep' : undefined);
        expect({ ...found, metadata: { ...found?.metadata, annotations } }).toEqual({
          ...object,
          metadata: { ...object.metadata, annotations: object.metadata.annotations ?? {} },
        });
      }
    }
  }, 60_000);

  test('runs nothing with a writable root, a capability too many, or the rights of root, but for the runner’s five', async () => {
    const chart = await rendered();
    const capabilities: Record<string, unknown> = {};
    for (const object of chart.values()) {
      if (!['Deployment', 'Job'].includes(object.kind ?? '')) continue;
      for (const { securityContext } of (object as unknown as PodTemplate).spec.template.spec.containers) {
        expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
        capabilities[object.metadata.name] = securityContext.capabilities;
      }
    }
    const none = { drop: ['ALL'] };
    const runner = { drop: ['ALL'], add: ['SETUID', 'SETGID', 'SYS_CHROOT', 'KILL', 'DAC_OVERRIDE'] };
    expect(capabilities).toEqual({ operator: none, gateway: none, drain: none, runner });
  }, 60_000);

  test('has a runner for each session', async () => {
    const chart = await rendered('--set', 'gateway.maxSessions=3');
    expect(chart.get(`Deployment ${SYSTEM_NAMESPACE}/runner`)).toMatchObject({ spec: { replicas: 3 } });
    const gateway = chart.get(`Deployment ${SYSTEM_NAMESPACE}/gateway`) as unknown as PodTemplate;
    expect(gateway.spec.template.spec.containers[0].args).toContain('--max-sessions=3');
  }, 60_000);

  test('tells the operator of the Curriculum and of an LLM, whose key stays in its Secret', async () => {
    const envOf = async (...args: string[]): Promise<Record<string, unknown>> => {
      const operator = (await rendered(...args)).get(`Deployment ${SYSTEM_NAMESPACE}/operator`) as unknown as PodTemplate;
      const env = operator.spec.template.spec.containers[0].env ?? [];
      return Object.fromEntries(env.map(({ name, value, valueFrom }) => [name, valueFrom ?? value]));
    };
    const none = { MALLOC_ARENA_MAX: '2', GYM_MODE: 'standard', EVAL_MIN_DIFFICULTY: '0' };
    expect(await envOf()).toEqual(none);
    expect(await envOf('--set', 'llm.secretName=llm')).toEqual(none);

    const own = ['llm.backend=hf', 'llm.model=m', 'llm.baseUrl=http://server:8000/v1', 'curriculum.mode=adversarial'];
    const llm = { LLM_BACKEND: 'hf', LLM_MODEL: 'm', LLM_BASE_URL: 'http://server:8000/v1' };
    expect(await envOf('--set', own.join(','))).toEqual({ ...none, GYM_MODE: 'adversarial', ...llm });

    const keys = ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'HF_TOKEN'];
    const fromSecret = keys.map((key) => [key, { secretKeyRef: { name: 'llm', key, optional: true } }]);
    expect(await envOf('--set', 'llm.backend=openai,llm.secretName=llm')).toEqual({
      ...{ ...none, LLM_BACKEND: 'openai', LLM_MODEL: '', LLM_BASE_URL: '' },
      ...Object.fromEntries(fromSecret),
    });
  }, 60_000);

  test('is refused in another namespace, whose operator no admission policy would hold', async () => {
    const args = ['template', 'gym', CHART, '-n', 'default', '--kube-version', '1.35.0'];
    await expect(must(helm, args)).rejects.toThrow(/install this chart with --namespace kube-sre-gym-system/);
  }, 60_000);

  test('is accepted by an API server, twice, and keeps the secret that it made', async () => {
    await makeSystemNamespace(client);
    const install = (id: string) => installChart({ helm, kubeconfig: plane.kubeconfigPath, values: { image: { id } } });
    await install('one');
    const secret = () =>
      client.get(Resources.secrets, { namespace: SYSTEM_NAMESPACE, name: 'runner' }) as Promise<Secret & { data: object }>;
    const { data } = await secret();
    await install('two');
    expect((await secret()).data).toEqual(data);
    const runner = await client.get(Resources.deployments, { namespace: SYSTEM_NAMESPACE, name: 'runner' });
    expect(runner.spec.template.metadata?.annotations).toEqual({ 'kubesregym.dev/image-id': 'two' });
  }, 180_000);

  test('goes in by kubectl apply -k as well', async () => {
    const { kubectl, kubeconfigPath } = plane;
    const text = await must(kubectl, [
      ...['--kubeconfig', kubeconfigPath, 'apply', '--server-side', '--force-conflicts', '--dry-run=server', '-o', 'name'],
      ...['-k', join(PACKAGE_ROOT, 'deploy/base')],
    ]);
    expect(text).toContain('customresourcedefinition.apiextensions.k8s.io/incidents.kubesregym.dev');
    expect(text).toContain('clusterrole.rbac.authorization.k8s.io/kube-sre-gym-operator');
  }, 60_000);
});

describe('drain', () => {
  const log = createLogger('drain', { level: 'silent' });
  const signal = new AbortController().signal;
  const arena = (name: string, finalizers?: string[]): Arena =>
    ({ apiVersion: 'kubesregym.dev/v1alpha1', kind: 'Arena', metadata: { name, namespace: GYM_NAMESPACE, finalizers }, spec: {} }) as Arena;

  test('names what does not go, and lets new arenas be made again', async () => {
    await client.create(Resources.arenas, arena('stuck', ['kubesregym.dev/test']));
    await expect(drain({ client, log, timeoutMs: 3000, signal })).rejects.toThrow(/Not drained: arenas\/stuck still there/);
    await client.create(Resources.arenas, arena('made-later'));
  }, 60_000);

  test('waits for finalizers and namespaces, and lets no arena be made meanwhile', async () => {
    const labels = { [ARENA_LABEL]: 'stuck' };
    await client.apply(Resources.namespaces, { metadata: { name: 'payments-x', labels } });
    let done = false;
    const draining = drain({ client, log, timeoutMs: 60_000, signal }).then(() => {
      done = true;
    });
    // The API server needs a moment to know of the quota; what comes through until then is drained as well.
    const refill = async (i: number): Promise<unknown> => client.create(Resources.arenas, arena(`refill-${i}`)).then(() => refill(i + 1));
    await expect(refill(0)).rejects.toThrow(/quota/);
    await client.mergePatch(Resources.arenas, { namespace: GYM_NAMESPACE, name: 'stuck' }, { metadata: { finalizers: null } });
    expect(done).toBe(false);
    await client.mergePatch(Resources.namespaces, { name: 'payments-x' }, { metadata: { labels: { [ARENA_LABEL]: null } } });
    await draining;
    expect((await client.list(Resources.arenas, { namespace: GYM_NAMESPACE })).items).toEqual([]);
  }, 90_000);
});
