import { gunzipSync, gzipSync } from 'node:zlib';
import type { Deployment, KubeObject, ResourceQuota, Service } from '../kube/types.ts';
import { type Baseline, contentsOf, type NamedObject, objectKey } from './snapshot.ts';

/** Kubernetes refuses Secrets above 1 MiB; base64 is part of what travels, not of what counts. */
const MAX_BYTES = 1024 * 1024;
const KEY = 'baseline.json.gz';

export interface BaselineLists {
  deployments: readonly Deployment[];
  services: readonly Service[];
  /** The app's own, without what the gym put there (guard quota): an agent cannot change those, so there is nothing to compare. */
  quotas: readonly ResourceQuota[];
  /** Every other object of the app that must remain by name, with what it holds where that is known. */
  others: readonly NamedObject[];
}

/**
 * Remembers the healthy arena. Keeps of each object what the oracle compares (no managedFields, no status).
 * Throws when there is no Deployment: an empty baseline would call everything healthy.
 */
export function captureBaseline(lists: BaselineLists, now: Date): Baseline {
  if (lists.deployments.length === 0) throw new Error('The arena has no Deployment yet; capture its baseline once the app is healthy');
  const keys = (kind: string, objects: readonly KubeObject[]) =>
    objects.map((o) => objectKey(kind, o.metadata.namespace ?? '', o.metadata.name));
  return {
    deployments: lists.deployments.map((d) => ({ metadata: identity(d), spec: d.spec })),
    services: lists.services.map((s) => ({ metadata: identity(s), spec: s.spec })),
    quotas: lists.quotas.map((q) => ({ metadata: identity(q), spec: q.spec })),
    objects: [
      ...new Set([
        ...keys('Deployment', lists.deployments),
        ...keys('Service', lists.services),
        ...keys('ResourceQuota', lists.quotas),
        ...lists.others.map((o) => objectKey(o.kind, o.namespace, o.name)),
      ]),
    ].sort(),
    contents: Object.fromEntries(contentsOf(lists.others)),
    capturedAt: now.toISOString(),
  };
}

const identity = ({ metadata }: KubeObject) => ({
  name: metadata.name,
  namespace: metadata.namespace,
  uid: metadata.uid,
  labels: metadata.labels,
});

/** `data` of the Secret that holds the baseline: gzip, then base64. Throws above 1 MiB. */
export function baselineToSecretData(baseline: Baseline): Record<string, string> {
  const bytes = gzipSync(JSON.stringify(baseline));
  if (bytes.length > MAX_BYTES) throw new Error(`The baseline takes ${bytes.length} bytes; a Secret holds at most ${MAX_BYTES}`);
  return { [KEY]: bytes.toString('base64') };
}

/** The inverse of baselineToSecretData. Throws when the Secret is not one of ours. */
export function baselineFromSecretData(data: Record<string, string> | undefined): Baseline {
  const text = data?.[KEY];
  if (!text) throw new Error(`The Secret has no ${KEY}; it is not a baseline`);
  // An operator of before may have stored it: an Incident outlives an upgrade.
  return { contents: {}, ...(JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString()) as Omit<Baseline, 'contents'>) };
}
