import type { Pod, Service } from '../../kube/types.ts';
import { type ArenaView, isReady, readySince, type Workload } from '../arena-view.ts';
import type { Finding, Policy } from '../policy.ts';
import { workloadKey } from '../snapshot.ts';

/** Time the endpoint controller and the proxies get to follow a pod. */
const FOLLOW_SECONDS = 5;

/** Every Service of the baseline leads to the same workloads on the same ports, and to nothing else. */
export const servicesLead: Policy = (view) =>
  view.baseline.services.flatMap((was): Finding[] => {
    const key = workloadKey(was);
    const finding = (settling: boolean, reason: string, message: string): Finding => ({ reason, message, settling });
    const is = view.snapshot.services.find((s) => workloadKey(s) === key);
    if (!is) return [finding(false, 'ServiceMissing', `Service ${key} does not exist`)];
    const changed = shapeDifference(view, is, was);
    if (changed) return [finding(false, 'ServiceChanged', `Service ${key}: ${changed}`)];
    const selector = was.spec.selector;
    if (!selector || Object.keys(selector).length === 0) return [];

    const intended = intendedPods(view, was);
    const selected = view.snapshot.pods.filter(
      (p) => p.metadata.namespace === was.metadata.namespace && !hasEnded(p) && matches(is.spec.selector, p),
    );
    const others = selected.filter((p) => !intended.some((i) => i.metadata.uid === p.metadata.uid));
    const foreign = others.find((p) => !isLeaving(view, p));
    if (foreign) return [finding(false, 'ServicePolluted', `Service ${key} also selects pod ${foreign.metadata.name}`)];
    if (others.length) return [finding(true, 'ServiceFollows', `Service ${key} still selects pod ${others[0].metadata.name}`)];
    const missed = intended.find((p) => !matches(is.spec.selector, p));
    if (missed) return [finding(false, 'ServiceMisses', `Service ${key} does not select pod ${missed.metadata.name}`)];
    return endpointFindings(view, was, intended);
  });

/** The pod's owners are gone or not seen yet: the garbage collector takes it, or the next look knows whose it is. */
function isLeaving(view: ArenaView, pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp) return true;
  const owner = pod.metadata.ownerReferences?.find((r) => r.controller);
  if (!owner) return false;
  const set = view.snapshot.replicaSets.find((s) => s.metadata.uid === owner.uid);
  if (!set) return owner.kind === 'ReplicaSet';
  const deployment = set.metadata.ownerReferences?.find((r) => r.controller);
  return deployment !== undefined && !view.snapshot.deployments.some((d) => d.metadata.uid === deployment.uid);
}

/** Selected pods and published endpoints are the same; the controller is a moment behind, never long. */
function endpointFindings(view: ArenaView, service: Service, intended: readonly Pod[]): Finding[] {
  const key = workloadKey(service);
  const slices = view.snapshot.endpointSlices.filter(
    (s) =>
      s.metadata.namespace === service.metadata.namespace && s.metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name,
  );
  const published = new Set(
    slices.flatMap((s) => (s.endpoints ?? []).filter((e) => e.conditions?.ready !== false).flatMap((e) => e.addresses)),
  );
  const ready = intended.filter((p) => isReady(p) && !p.metadata.deletionTimestamp && p.status?.podIP);
  const addresses = new Set(ready.map((p) => p.status?.podIP ?? ''));
  const stray = [...published].find((a) => !addresses.has(a));
  const absent = ready.find((p) => !published.has(p.status?.podIP ?? ''));
  if (!stray && !absent && addresses.size > 0) return [];
  const lastChange = Math.max(0, ...intended.map(readySince));
  const settling = view.snapshot.time.getTime() - lastChange <= FOLLOW_SECONDS * 1000;
  if (addresses.size === 0) {
    return [{ reason: 'NoEndpoints', message: `Service ${key} has no ready pod behind it`, settling, mayFollowOthers: true }];
  }
  const message = stray
    ? `Service ${key} leads to ${stray}, which is no ready pod of the app`
    : `Service ${key} does not lead to pod ${absent?.metadata.name}`;
  return [{ reason: 'EndpointsDiffer', message, settling, mayFollowOthers: true }];
}

function shapeDifference(view: ArenaView, is: Service, was: Service): string | undefined {
  const portNumbers = namedPorts(view, was);
  if ((is.spec.type ?? 'ClusterIP') !== (was.spec.type ?? 'ClusterIP'))
    return `its type is ${is.spec.type}; it was ${was.spec.type ?? 'ClusterIP'}`;
  if (is.spec.externalName !== was.spec.externalName || is.spec.externalIPs?.join() !== was.spec.externalIPs?.join())
    return 'it leads outside';
  for (const wanted of was.spec.ports ?? []) {
    const found = is.spec.ports?.find((p) => p.port === wanted.port && (p.protocol ?? 'TCP') === (wanted.protocol ?? 'TCP'));
    if (!found) return `port ${wanted.port} is gone`;
    const target = (p: typeof wanted) => portNumbers.get(String(p.targetPort)) ?? String(p.targetPort ?? p.port);
    if (target(found) !== target(wanted)) return `port ${wanted.port} leads to ${target(found)}; it led to ${target(wanted)}`;
  }
  return undefined;
}

/** The workloads that the baseline's selector meant. */
function intendedWorkloads(view: ArenaView, service: Service): Workload[] {
  return view.workloads
    .filter((w) => w.baseline.metadata.namespace === service.metadata.namespace)
    .filter((w) => contains(w.baseline.spec.template.metadata?.labels, service.spec.selector));
}

/** Their pods, found by owner references. */
const intendedPods = (view: ArenaView, service: Service): Pod[] =>
  intendedWorkloads(view, service).flatMap((w) => [...w.pods, ...w.oldPods, ...w.terminating]);

/** Port names of the intended containers -> numbers, so that `http` and 8080 are the same target. */
function namedPorts(view: ArenaView, service: Service): Map<string, string> {
  const ports = intendedWorkloads(view, service).flatMap((w) => w.baseline.spec.template.spec.containers.flatMap((c) => c.ports ?? []));
  return new Map(ports.flatMap((p) => (p.name ? [[p.name, String(p.containerPort)]] : [])));
}

const hasEnded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

const matches = (selector: Record<string, string> | undefined, pod: Pod): boolean =>
  selector !== undefined && Object.keys(selector).length > 0 && contains(pod.metadata.labels, selector);

function contains(labels: Record<string, string> | undefined, wanted: Record<string, string> | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([k, v]) => labels?.[k] === v);
}
