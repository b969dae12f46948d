import { lastPodChange } from '../arena-view.ts';
import type { Finding, Policy } from '../policy.ts';

/** After the last change of a pod, clients may need this long to find the new ones (names, connection pools, proxies). */
const RECONNECT_SECONDS = 8;

/** A customer can pay: the newest transaction since the last change of any pod went through. */
export const customersServed: Policy = (view) => {
  const finding = (settling: boolean, reason: string, message: string): Finding[] => [{ reason, message, settling, mayFollowOthers: true }];
  const changed = lastPodChange(view);
  const newest = view.snapshot.transactions
    .filter((t) => t.startedAt.getTime() >= changed)
    .reduce((a, t) => (a && a.startedAt >= t.startedAt ? a : t), undefined as (typeof view.snapshot.transactions)[number] | undefined);
  if (!newest) return finding(true, 'NotTried', 'No customer has tried to pay since the last change');
  if (newest.ok) return [];
  const settling = newest.startedAt.getTime() - changed <= RECONNECT_SECONDS * 1000;
  return finding(settling, 'CustomersHurt', `Customers see: ${newest.message}`);
};
