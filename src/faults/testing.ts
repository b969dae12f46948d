/** For tests: the sample app's own manifests as a baseline or an arena, with real names as an arena has them. */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { captureBaseline } from '../health/baseline.ts';
import { type Baseline, workloadKey } from '../health/snapshot.ts';
import { clone, NOW, TestArena } from '../health/testing.ts';
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

/** The app as a healthy arena in memory. */
export function arenaOf(app: Baseline): TestArena {
  const { deployments, services, quotas } = clone(app);
  const arena = new TestArena();
  for (const d of deployments) {
    arena.deployments.push({ ...d, metadata: { ...d.metadata, uid: `uid-${d.metadata.name}`, generation: 3 } });
    arena.rollOut(workloadKey(d), 600);
  }
  for (const s of services) {
    arena.services.push(s);
    arena.publish(workloadKey(s));
  }
  arena.quotas.push(...quotas);
  return arena;
}
