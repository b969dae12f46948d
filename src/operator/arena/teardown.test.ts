import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { KubeClient } from '../../kube/client.ts';
import type { Resource } from '../../kube/resource.ts';
import type { KubeObject } from '../../kube/types.ts';
import { tearDown } from './teardown.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

interface Policy extends KubeObject {
  spec: {
    matchConstraints: { resourceRules: { apiGroups: string[]; resources: string[]; operations: string[] }[] };
    validations: { expression: string }[];
  };
}

const REFUSES_FINALIZERS = '!has(object.metadata.finalizers) || size(object.metadata.finalizers) == 0';

const documents = <T extends KubeObject>(file: string): T[] =>
  parseAllDocuments(readFileSync(new URL(`../../../deploy/base/${file}`, import.meta.url), 'utf8')).map((d) => d.toJS() as T);

const named = ({ group, plural }: Resource): string => `${group}/${plural}`;
const kinds = (apiGroups: readonly string[], resources: readonly string[]): string[] =>
  apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}`));

/** Kinds, as `group/plural`, of which the ClusterRole grants one of `verbs`; subresources left out. */
function granted(file: string, role: string, verbs: readonly string[]): string[] {
  const found = documents<KubeObject & { rules?: Rule[] }>(file).find((o) => o.kind === 'ClusterRole' && o.metadata.name === role);
  const rules = (found?.rules ?? []).filter((rule) => rule.verbs.some((verb) => verbs.includes(verb)));
  return rules.flatMap((rule) =>
    kinds(
      rule.apiGroups,
      rule.resources.filter((resource) => !resource.includes('/')),
    ),
  );
}

/** Kinds on which the policies refuse the agent finalizers. */
function refused(): string[] {
  const policies = documents<Policy>('arena-guard-policy.yaml').filter((o) => o.kind === 'ValidatingAdmissionPolicy');
  const refusing = policies.filter(({ spec }) => spec.validations.some(({ expression }) => expression === REFUSES_FINALIZERS));
  const rules = refusing.flatMap(({ spec }) => spec.matchConstraints.resourceRules);
  return rules
    .filter(({ operations }) => operations.includes('CREATE') && operations.includes('UPDATE'))
    .flatMap(({ apiGroups, resources }) => kinds(apiGroups, resources));
}

/** Kinds whose finalizers a teardown takes off, seen from outside: each list holds one object that is blocked. */
async function stripped(): Promise<string[]> {
  const patched: string[] = [];
  const client = {
    list: async () => ({ items: [{ metadata: { name: 'blocked', finalizers: ['example.com/stay'] } }, { metadata: { name: 'free' } }] }),
    mergePatch: async (resource: Resource, ref: unknown, patch: unknown) => {
      expect([ref, patch]).toEqual([{ namespace: 'n', name: 'blocked' }, { metadata: { finalizers: null } }]);
      patched.push(named(resource));
    },
  } as unknown as KubeClient;
  await tearDown(client, { empty: [], forcePods: [], stripFinalizers: ['n'] });
  return patched;
}

test('whatever an agent may make or change in its arena loses its finalizers, or never gets any', async () => {
  const writable = granted('arena-oncall.yaml', 'arena-oncall', ['create', 'update', 'patch']);
  expect(writable).toEqual(expect.arrayContaining(['/pods', '/secrets', 'networking.k8s.io/ingresses']));
  const handled = [...(await stripped()), ...refused()];
  expect(writable.filter((kind) => !handled.includes(kind))).toEqual([]);
});

test.each(['list', 'patch'])('the operator may %s all that it takes finalizers off, whatever becomes of its RoleBinding', async (verb) => {
  const allowed = granted('operator-rbac.yaml', 'kube-sre-gym-operator', [verb]);
  expect((await stripped()).filter((kind) => !allowed.includes(kind))).toEqual([]);
});
