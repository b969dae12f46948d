import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments, stringify } from 'yaml';
import { ARENA_LABEL, GYM_NAMESPACE, SYSTEM_NAMESPACE } from '../../src/api/group.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { type CommandResult, run } from '../../src/local/command.ts';
import { PACKAGE_ROOT } from '../../src/local/images/paths.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const BASE = join(PACKAGE_ROOT, 'deploy/base');
const OPERATOR = `system:serviceaccount:${SYSTEM_NAMESPACE}:operator`;
const GATEWAY = `system:serviceaccount:${SYSTEM_NAMESPACE}:gateway`;
const WALL = /operator and gateway of the gym may/;
/** Policies are known to the API server a moment after they are made. */
const ENFORCED_MS = 30_000;

let plane: ControlPlane;

const kubectl = (args: readonly string[], stdin?: string): Promise<CommandResult> =>
  run(plane.kubectl, ['--kubeconfig', plane.kubeconfigPath, ...args], stdin === undefined ? {} : { stdin });

async function must(args: readonly string[], stdin?: string): Promise<void> {
  const { code, stderr } = await kubectl(args, stdin);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
}

const object = (apiVersion: string, kind: string, name: string, more: object = {}): string =>
  stringify({ apiVersion, kind, metadata: { name, labels: {} }, ...more });

const configMap = object('v1', 'ConfigMap', 'made-by-the-gym');
const binding = object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'taken', {
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [],
});

beforeAll(async () => {
  plane = await startControlPlane();
  await must(['apply', '--server-side', '-k', BASE]);
  for (const [name, label] of [
    ['theirs', ''],
    ['arena', `${ARENA_LABEL}=arena-1`],
  ]) {
    await must(['create', 'namespace', name]);
    if (label) await must(['label', 'namespace', name, label]);
    await must(['create', 'configmap', 'settings', '-n', name]);
  }
  // The walls hold whatever RBAC grants: so RBAC grants all.
  await must(['create', 'clusterrolebinding', 'everything', '--clusterrole=cluster-admin', `--user=${OPERATOR}`, `--user=${GATEWAY}`]);
  const limit = Date.now() + ENFORCED_MS;
  for (const [as, args] of [
    [OPERATOR, ['create', 'configmap', 'x', '-n', 'theirs', '--dry-run=server']],
    [OPERATOR, ['create', 'namespace', 'x', '--dry-run=server']],
  ] as const) {
    while ((await kubectl(['--as', as, ...args])).code === 0) if (Date.now() > limit) throw new Error('The policies are not enforced');
  }
}, 900_000);

afterAll(async () => {
  await plane?.stop();
});

describe.each([
  ['the operator', OPERATOR],
  ['the gateway', GATEWAY],
])('%s, granted everything, outside its arenas', (_, user) => {
  test.each<[string, string[], string]>([
    ['makes no object', ['create', '-n', 'theirs', '-f', '-'], configMap],
    ['grants nobody anything', ['create', '-n', 'theirs', '-f', '-'], binding],
    ['changes no object', ['patch', 'configmap', 'settings', '-n', 'theirs', '-p', '{"data":{"a":"b"}}'], ''],
    ['deletes no object', ['delete', 'configmap', 'settings', '-n', 'theirs'], ''],
    ['deletes no collection', ['delete', '--raw', '/api/v1/namespaces/theirs/configmaps'], ''],
    ['reaches into no Service', ['create', '--raw', '/api/v1/namespaces/theirs/services/http:web:80/proxy/', '-f', '-'], '{}'],
    ['touches nothing of the whole cluster', ['create', 'clusterrole', 'x', '--verb=get', '--resource=pods'], ''],
    ['makes no namespace but an arena’s', ['create', 'namespace', 'plain'], ''],
    ['removes no namespace but an arena’s', ['delete', 'namespace', 'theirs'], ''],
    ['turns no namespace into an arena', ['label', 'namespace', 'theirs', `${ARENA_LABEL}=arena-1`], ''],
  ])('%s', async (_, args, stdin) => {
    expect(await kubectl(['--as', user, ...args], stdin)).toMatchObject({ code: 1, stderr: expect.stringMatching(WALL) });
  });

  test.each<[string, string[], string]>([
    ['in an arena', ['create', '--dry-run=server', '-n', 'arena', '-f', '-'], configMap],
    ['in the gym’s own namespaces', ['create', '--dry-run=server', '-n', GYM_NAMESPACE, '-f', '-'], configMap],
    ['and makes arena namespaces', ['create', '--dry-run=server', '-f', '-'], namespace('arena-2')],
  ])('is free %s', async (_, args, stdin) => {
    expect(await kubectl(['--as', user, ...args], stdin)).toMatchObject({ code: 0 });
  });
});

test('nobody else is held by the walls', async () => {
  expect(await kubectl(['create', 'configmap', 'mine', '-n', 'theirs'])).toMatchObject({ code: 0 });
});

test('what the walls do not look at is granted to nobody of the gym across namespaces', () => {
  const granted = parseAllDocuments(readFileSync(join(BASE, 'operator-rbac.yaml'), 'utf8'))
    .map((d) => d.toJS() as KubeObject & { rules?: { resources: string[] }[] })
    .filter((o) => o.kind === 'ClusterRole' && o.metadata.name === 'kube-sre-gym-operator')
    .flatMap((role) => (role.rules ?? []).flatMap((rule) => rule.resources));
  expect(granted).toContain('rolebindings');
  expect(granted.filter((resource) => resource.includes('/') || ['events', 'leases', '*'].includes(resource))).toEqual([]);
});

function namespace(name: string): string {
  return stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [ARENA_LABEL]: name } } });
}
