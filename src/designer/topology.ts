import type { Target } from '../api/incident.ts';
import { parseServiceUrl } from '../faults/service-url.ts';
import { type Baseline, workloadKey } from '../health/snapshot.ts';
import type { Deployment, Service } from '../kube/types.ts';

/** What the workloads of the shop do, whatever they are called in an overlay. */
export type Role = 'frontDoor' | 'gateway' | 'identity' | 'sessions' | 'payments' | 'database' | 'settlement';

/** Who a variable leads to: these are the programs' own names (sample_app/README.md), so they hold in every overlay. */
const LEADS_TO: Readonly<Record<string, Role>> = {
  PAYMENT_GATEWAY_URL: 'gateway',
  PAYMENT_API_URL: 'payments',
  AUTH_SERVICE_URL: 'identity',
  SESSION_STORE_URL: 'sessions',
  DATABASE_URL: 'database',
};

/** One workload asks another for each request; both as namespace/name. */
export interface Dependency {
  readonly from: string;
  readonly to: string;
  /** The variable that holds the URL. */
  readonly variable: string;
}

/** Who asks whom in the app, read from the URLs in its Deployments. */
export interface Topology {
  readonly dependencies: readonly Dependency[];
  readonly roleOf: ReadonlyMap<string, Role>;
  readonly targetOf: ReadonlyMap<Role, Target>;
}

/** Reads the topology out of the app. Workloads of another shop than sample_app's simply have no role. */
export function topologyOf(app: Baseline): Topology {
  const dependencies = app.deployments.flatMap((d) => dependenciesOf(d, app));
  const asked = new Set(dependencies.map((d) => d.to));
  const roleOf = new Map<string, Role>();
  for (const { to, variable } of dependencies) if (LEADS_TO[variable]) roleOf.set(to, LEADS_TO[variable]);
  for (const { from, variable } of dependencies) {
    if (asked.has(from)) continue;
    if (LEADS_TO[variable] === 'gateway') roleOf.set(from, 'frontDoor');
    if (LEADS_TO[variable] === 'database') roleOf.set(from, 'settlement');
  }
  const targets = new Map(app.deployments.map((d) => [workloadKey(d), { namespace: d.metadata.namespace ?? '', name: d.metadata.name }]));
  const targetOf = new Map([...roleOf].map(([key, role]) => [role, targets.get(key) as Target]));
  return { dependencies, roleOf, targetOf };
}

/** Fewest dependencies between two workloads (namespace/name), in whichever direction they are asked; Infinity when nothing joins them. */
export function hopsBetween({ dependencies }: Topology, from: string, to: string): number {
  let reached = new Set([from]);
  for (let hops = 0; ; hops++) {
    if (reached.has(to)) return hops;
    const next = new Set(reached);
    for (const d of dependencies) {
      if (reached.has(d.from)) next.add(d.to);
      if (reached.has(d.to)) next.add(d.from);
    }
    if (next.size === reached.size) return Number.POSITIVE_INFINITY;
    reached = next;
  }
}

function dependenciesOf(deployment: Deployment, app: Baseline): Dependency[] {
  const from = workloadKey(deployment);
  return deployment.spec.template.spec.containers.flatMap((c) =>
    (c.env ?? []).flatMap(({ name, value }) => {
      const service = value && serviceAt(value, deployment.metadata.namespace ?? '', app);
      const behind = service && app.deployments.find((d) => serves(service, d));
      return behind ? [{ from, to: workloadKey(behind), variable: name }] : [];
    }),
  );
}

/** The Service that a URL leads to from `namespace`; in a live arena the URL holds the real namespace, which begins with the plain one. */
function serviceAt(url: string, namespace: string, app: Baseline): Service | undefined {
  const [name, where = namespace] = parseServiceUrl(url)?.host.split('.') ?? [];
  return app.services.find(({ metadata }) => {
    const plain = metadata.namespace ?? '';
    return metadata.name === name && (where === plain || where.startsWith(`${plain}-`));
  });
}

function serves({ metadata, spec }: Service, deployment: Deployment): boolean {
  const labels = deployment.spec.template.metadata?.labels ?? {};
  const selector = Object.entries(spec.selector ?? {});
  return deployment.metadata.namespace === metadata.namespace && selector.length > 0 && selector.every(([k, v]) => labels[k] === v);
}
