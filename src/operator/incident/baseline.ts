import type { Incident } from '../../api/incident.ts';
import { baselineFromSecretData } from '../../health/baseline.ts';
import type { Baseline } from '../../health/snapshot.ts';
import type { KubeClient } from '../../kube/client.ts';
import { Resources } from '../../kube/resource.ts';
import type { HealthWatch } from './health-watch.ts';

/** Name of the Secret with the healthy arena of an Incident. */
export const baselineName = (incident: Incident): string => `${incident.metadata.name}-baseline`;

/** The arena of an Incident as it was before the first mutation; undefined while that is not stored. */
export async function baselineOf(
  incident: Incident,
  { client, health }: { client: KubeClient; health: HealthWatch },
): Promise<Baseline | undefined> {
  const uid = incident.metadata.uid as string;
  const known = health.baseline(uid);
  if (known) return known;
  const secret = await client.find(Resources.secrets, { namespace: incident.metadata.namespace as string, name: baselineName(incident) });
  if (!secret) return undefined;
  const baseline = baselineFromSecretData(secret.data);
  health.remember(uid, baseline);
  return baseline;
}
