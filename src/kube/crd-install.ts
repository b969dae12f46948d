import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { KubeClient } from './client.ts';
import { Reflector } from './reflector.ts';
import { type CustomResourceDefinition, Resources } from './resource.ts';

/** Time an API server gets to serve a new kind. */
const ESTABLISHED_TIMEOUT_MS = 30_000;

/** Reads a CustomResourceDefinition from a YAML file; throws when it is something else. */
export function readCrd(file: string): CustomResourceDefinition {
  const crd = parse(readFileSync(file, 'utf8'), { version: '1.1' }) as CustomResourceDefinition;
  if (crd?.kind !== 'CustomResourceDefinition') throw new Error(`${file} holds no CustomResourceDefinition, but ${crd?.kind ?? 'nothing'}`);
  return crd;
}

/** Creates or upgrades a CustomResourceDefinition and resolves when its kind is served. Throws when that takes too long. */
export async function installCrd(client: KubeClient, crd: CustomResourceDefinition): Promise<void> {
  const resource = Resources.customResourceDefinitions;
  const { name } = crd.metadata;
  const applied = await client.apply(resource, crd);
  const served = (o: CustomResourceDefinition | undefined) =>
    o?.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True');
  if (served(applied)) return;
  const reflector = new Reflector({ client, resource, fieldSelector: `metadata.name=${name}` });
  reflector.start();
  try {
    await reflector.waitFor(() => served(reflector.get({ name })), AbortSignal.timeout(ESTABLISHED_TIMEOUT_MS));
  } catch (error) {
    throw new Error(`CustomResourceDefinition ${name} was stored but is not served; see its conditions with kubectl describe crd ${name}`, {
      cause: error,
    });
  } finally {
    await reflector.stop();
  }
}
