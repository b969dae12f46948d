/** For tests: the sample app's own manifests as a baseline, with real names as an arena has them. */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { captureBaseline } from '../health/baseline.ts';
import type { Baseline } from '../health/snapshot.ts';
import { NOW } from '../health/testing.ts';
import type { Deployment, KubeObject, ResourceQuota, Service } from '../kube/types.ts';

export function shopBaseline(): Baseline {
  const text = readFileSync(new URL('../../sample_app/rendered/default/current.yaml', import.meta.url), 'utf8');
  const real = text.replaceAll(/\.(payments|frontend|auth)\.svc\b/g, '.$1-k3x9a1b2c3.svc');
  const objects = parseAllDocuments(real).map((d) => d.toJS() as KubeObject);
  const of = <T extends KubeObject>(kind: string) => objects.filter((o) => o.kind === kind) as T[];
  return captureBaseline(
    { deployments: of<Deployment>('Deployment'), services: of<Service>('Service'), quotas: of<ResourceQuota>('ResourceQuota'), others: [] },
    NOW,
  );
}
