import { isDeepStrictEqual } from 'node:util';
import type { PodTemplate, ResourceQuota } from '../../kube/types.ts';
import type { ArenaView, Workload } from '../arena-view.ts';
import type { Finding, Policy } from '../policy.ts';
import { formatQuantity, parseQuantity } from '../quantity.ts';
import { workloadKey } from '../snapshot.ts';
import { MAX_LIMIT_FACTOR } from '../template.ts';

/** What one pod of this template counts against the quota's resource `name`, in base units; 0 for what a pod does not use. */
export function podUsage(template: PodTemplate, name: string): number {
  if (name === 'pods' || name === 'count/pods') return 1;
  const [kind, resource] = name.includes('.') ? name.split('.', 2) : ['requests', name];
  if (kind !== 'requests' && kind !== 'limits') return 0;
  let sum = 0;
  for (const { resources } of template.spec.containers) {
    const limit = resources?.limits?.[resource];
    const value = kind === 'limits' ? limit : (resources?.requests?.[resource] ?? limit);
    if (value !== undefined) sum += parseQuantity(value);
  }
  return sum;
}

/** What all Deployments of the namespace need of a quota's resource when they run as the team deployed them, or as they are now if that is more. */
export function namespaceNeed(view: Pick<ArenaView, 'workloads'>, namespace: string, name: string): number {
  let sum = 0;
  for (const w of view.workloads) {
    if (w.baseline.metadata.namespace !== namespace) continue;
    const was = (w.baseline.spec.replicas ?? 1) * podUsage(w.baseline.spec.template, name);
    const is = w.live ? (w.live.spec.replicas ?? 1) * podUsage(w.live.spec.template, name) : 0;
    sum += Math.max(was, is);
  }
  return sum;
}

/** Why a quota of the namespace leaves no room for what its Deployments need; undefined when all fit. */
export function missingRoom(view: ArenaView, w: Workload): string | undefined {
  const namespace = w.baseline.metadata.namespace ?? '';
  for (const quota of view.snapshot.quotas) {
    if (quota.metadata.namespace !== namespace) continue;
    const short = shortage(view, quota);
    if (short) return short;
  }
  return undefined;
}

function shortage(view: ArenaView, quota: ResourceQuota): string | undefined {
  for (const [name, hard] of Object.entries(quota.spec.hard ?? {})) {
    const need = namespaceNeed(view, quota.metadata.namespace ?? '', name);
    if (parseQuantity(hard) < need) {
      return `ResourceQuota ${workloadKey(quota)} allows ${name} ${hard}; the Deployments there need ${formatQuantity(name, need)}`;
    }
  }
  return undefined;
}

/** The team's quotas remain: every limit still set, no looser than 8 times, and with room for every pod that may have to be replaced. */
export const quotasKept: Policy = (view) =>
  view.baseline.quotas.flatMap((was): Finding[] => {
    const finding = (reason: string, message: string): Finding => ({ reason, message, settling: false });
    const key = workloadKey(was);
    const is = view.snapshot.quotas.find((q) => workloadKey(q) === key);
    if (!is) return [finding('QuotaMissing', `ResourceQuota ${key} does not exist`)];
    if (!isDeepStrictEqual([is.spec.scopes, is.spec.scopeSelector], [was.spec.scopes, was.spec.scopeSelector])) {
      return [finding('QuotaChanged', `ResourceQuota ${key} no longer counts what it did`)];
    }
    for (const [name, hard] of Object.entries(was.spec.hard ?? {})) {
      const now = is.spec.hard?.[name];
      if (now === undefined) return [finding('QuotaChanged', `ResourceQuota ${key} no longer limits ${name}`)];
      if (parseQuantity(now) > MAX_LIMIT_FACTOR * parseQuantity(hard)) {
        return [finding('QuotaChanged', `ResourceQuota ${key} allows ${name} ${now}; the team set ${hard}`)];
      }
    }
    const short = shortage(view, is);
    return short ? [finding('QuotaTooTight', short)] : [];
  });
