import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { KubeClient } from '../kube/client.ts';
import { installCrd, readCrd } from '../kube/crd-install.ts';
import { type Resource, Resources } from '../kube/resource.ts';
import type { KubeObject } from '../kube/types.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Kinds of the installation that nothing else of the gym ever touches. */
const POLICIES: Record<string, Resource> = {
  ValidatingAdmissionPolicy: cluster('ValidatingAdmissionPolicy', 'validatingadmissionpolicies'),
  ValidatingAdmissionPolicyBinding: cluster('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'),
};

/**
 * Applies what the gym needs of a cluster: kinds, namespaces, roles, admission policies. For development outside the cluster; in production the
 * Helm chart brings the same files. Idempotent.
 */
export async function installBase(client: KubeClient): Promise<void> {
  const crds = readdirSync(`${root}crds`)
    .filter((file) => file !== 'kustomization.yaml')
    .map((file) => readCrd(`${root}crds/${file}`));
  const objects = readdirSync(`${root}deploy/base`)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(`${root}deploy/base/${file}`, 'utf8'), { version: '1.1' }))
    .map((doc) => doc.toJS() as KubeObject)
    .filter((o) => o?.kind !== undefined && o.kind !== 'Kustomization');
  await Promise.all(crds.map((crd) => installCrd(client, crd)));
  for (const object of objects.filter((o) => o.kind === 'Namespace')) await client.apply(resourceFor(object), object);
  await Promise.all(objects.filter((o) => o.kind !== 'Namespace').map((object) => client.apply(resourceFor(object), object)));
}

function resourceFor(object: KubeObject): Resource {
  const known = POLICIES[object.kind ?? ''] ?? Object.values(Resources).find((r) => r.kind === object.kind);
  if (!known) throw new Error(`deploy/base holds a ${object.kind}, which the installation does not know`);
  return known as Resource;
}

function cluster(kind: string, plural: string): Resource {
  return { group: 'admissionregistration.k8s.io', version: 'v1', kind, plural, namespaced: false };
}
