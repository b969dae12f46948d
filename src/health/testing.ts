/** Builders for tests: a small healthy arena whose objects a test then breaks. */
import type { Container, ContainerStatus, Deployment, EndpointSlice, Pod, ReplicaSet, ResourceQuota, Service } from '../kube/types.ts';
import { REVISION } from './arena-view.ts';
import { captureBaseline } from './baseline.ts';
import { evaluate, type OracleResult } from './oracle.ts';
import type { JudgedFault } from './policy.ts';
import { type ArenaSnapshot, type Baseline, type NamedObject, type ObjectKey, type Transaction, workloadKey } from './snapshot.ts';

export const NOW = new Date('2026-03-01T12:00:00Z');

export interface WorkloadOptions {
  replicas?: number;
  singleton?: boolean;
  container?: Partial<Container>;
}

/** A deep copy of JSON (structuredClone makes objects of another realm under jest). */
export const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Seconds before NOW, as Kubernetes writes times. */
export const ago = (seconds: number): string => new Date(NOW.getTime() - seconds * 1000).toISOString().replace('.000Z', 'Z');

/** An arena in memory: change its lists, then ask for the snapshot. All pods have been ready for ten minutes. */
export class TestArena {
  time = NOW;
  deployments: Deployment[] = [];
  replicaSets: ReplicaSet[] = [];
  pods: Pod[] = [];
  services: Service[] = [];
  endpointSlices: EndpointSlice[] = [];
  quotas: ResourceQuota[] = [];
  transactions: Transaction[] = [paid(5)];
  absent = new Set<ObjectKey>();
  /** Hashes of what ConfigMaps and Secrets hold. */
  contents = new Map<ObjectKey, string>([
    ['ConfigMap payments/payment-db-config', 'settings'],
    ['Secret payments/payment-db-credentials', 'password'],
  ]);
  #serial = 0;

  /** Adds a healthy Deployment `namespace/name` with its ReplicaSet and pods. */
  addWorkload(key: string, { replicas = 1, singleton = false, container = {} }: WorkloadOptions = {}): this {
    const [namespace, name] = key.split('/');
    const labels = { 'app.kubernetes.io/name': name };
    const probe = { periodSeconds: 2, failureThreshold: 3, timeoutSeconds: 2 };
    this.deployments.push({
      metadata: { name, namespace, uid: this.#uid(), generation: 3, annotations: { [REVISION]: '3' } },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        strategy: singleton ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%', maxSurge: 0 } },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name,
                image: `registry.local/shop/${name}:2.4.1`,
                args: [name],
                env: [
                  {
                    name: 'DATABASE_URL',
                    value: 'postgres://shop:$(DB_PASSWORD)@payment-db.payments-k3x9a1b2c3.svc.cluster.local:5432/shop',
                  },
                ],
                ports: [{ name: 'http', containerPort: 8080 }],
                livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, ...probe },
                readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, ...probe },
                resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '128Mi' } },
                ...container,
              },
            ],
          },
        },
      },
    });
    return this.rollOut(key, 600);
  }

  addService(key: string, port = 8080): this {
    const [namespace, name] = key.split('/');
    this.services.push({
      metadata: { name, namespace, uid: this.#uid() },
      spec: { selector: { 'app.kubernetes.io/name': name }, ports: [{ name: 'http', port, targetPort: 'http' }] },
    });
    return this.publish(key);
  }

  addQuota(key: string, hard: Record<string, string>): this {
    const [namespace, name] = key.split('/');
    this.quotas.push({ metadata: { name, namespace, uid: this.#uid() }, spec: { hard } });
    return this;
  }

  deployment(key: string): Deployment {
    const found = this.deployments.find((d) => workloadKey(d) === key);
    if (!found) throw new Error(`The test arena has no ${key}`);
    return found;
  }

  container(key: string): Container {
    return this.deployment(key).spec.template.spec.containers[0];
  }

  service(key: string): Service {
    const found = this.services.find((s) => workloadKey(s) === key);
    if (!found) throw new Error(`The test arena has no Service ${key}`);
    return found;
  }

  podsOf(key: string): Pod[] {
    return this.pods.filter((p) => p.metadata.namespace === key.split('/')[0] && p.metadata.name.startsWith(`${key.split('/')[1]}-`));
  }

  /** What the controllers do: a new ReplicaSet for the live template and ready pods of it, `seconds` ago; older ones are gone. */
  rollOut(key: string, seconds = 30): this {
    const d = this.deployment(key);
    const { name, namespace, uid = '' } = d.metadata;
    const gone = new Set(this.podsOf(key));
    this.pods = this.pods.filter((p) => !gone.has(p));
    const revision = String(Number(d.metadata.annotations?.[REVISION] ?? 0) + 1);
    d.metadata.annotations = { ...d.metadata.annotations, [REVISION]: revision };
    const replicas = d.spec.replicas ?? 1;
    const set: ReplicaSet = {
      metadata: {
        name: `${name}-${revision}`,
        namespace,
        uid: this.#uid(),
        annotations: { [REVISION]: revision },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true }],
      },
      spec: { replicas, selector: d.spec.selector, template: clone(d.spec.template) },
    };
    this.replicaSets.push(set);
    for (let i = 0; i < replicas; i++) this.pods.push(this.#pod(set, seconds));
    d.status = {
      observedGeneration: d.metadata.generation,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
    };
    for (const s of this.services) if (workloadKey(s) === key) this.publish(key);
    return this;
  }

  /** What the endpoint controller does. */
  publish(key: string): this {
    const service = this.service(key);
    const { name, namespace } = service.metadata;
    this.endpointSlices = this.endpointSlices.filter((s) => s.metadata.labels?.['kubernetes.io/service-name'] !== name);
    const selected = this.pods.filter(
      (p) =>
        p.metadata.namespace === namespace && Object.entries(service.spec.selector ?? {}).every(([k, v]) => p.metadata.labels?.[k] === v),
    );
    this.endpointSlices.push({
      metadata: { name: `${name}-slice`, namespace, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: selected.map((p) => ({
        addresses: [p.status?.podIP ?? ''],
        conditions: { ready: p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false },
      })),
    });
    return this;
  }

  /** The pods of a workload as the kubelet reports them when their container is in `state`, `seconds` ago. */
  setContainers(key: string, change: Partial<ContainerStatus>, seconds = 1): this {
    for (const pod of this.podsOf(key)) {
      pod.status = {
        ...pod.status,
        conditions: [{ type: 'Ready', status: change.ready ? 'True' : 'False', lastTransitionTime: ago(seconds) }],
        containerStatuses: (pod.status?.containerStatuses ?? []).map((s) => ({ ...s, ready: false, ...change })),
      };
    }
    const d = this.deployment(key);
    d.status = { ...d.status, readyReplicas: 0, availableReplicas: 0 };
    for (const s of this.services) if (workloadKey(s) === key) this.publish(key);
    return this;
  }

  baseline(): Baseline {
    const others = ['ConfigMap payments/payment-db-config', 'Secret payments/payment-db-credentials'].map((key): NamedObject => {
      const [kind, namespace, name] = key.split(/[ /]/);
      return { kind, namespace, name, content: this.contents.get(key) };
    });
    const lists = { deployments: this.deployments, services: this.services, quotas: this.quotas, others };
    return clone(captureBaseline(lists, NOW));
  }

  snapshot(baseline: Baseline): ArenaSnapshot {
    const { time, deployments, replicaSets, pods, services, endpointSlices, quotas, transactions, contents } = this;
    const present = new Set(baseline.objects.filter((key) => !this.absent.has(key)));
    return { time, deployments, replicaSets, pods, services, endpointSlices, quotas, transactions, present, contents };
  }

  #uid(): string {
    this.#serial += 1;
    return `uid-${this.#serial}`;
  }

  #pod(set: ReplicaSet, seconds: number): Pod {
    const { name, namespace, uid = '' } = set.metadata;
    const at = ago(seconds);
    const serial = this.#uid();
    return {
      metadata: {
        name: `${name}-${serial}`,
        namespace,
        uid: serial,
        creationTimestamp: at,
        labels: set.spec.template.metadata?.labels,
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true }],
      },
      spec: set.spec.template.spec,
      status: {
        phase: 'Running',
        podIP: `10.0.0.${this.#serial}`,
        conditions: [
          { type: 'PodScheduled', status: 'True' },
          { type: 'Ready', status: 'True', lastTransitionTime: at },
        ],
        containerStatuses: set.spec.template.spec.containers.map((c) => ({
          name: c.name,
          ready: true,
          restartCount: 0,
          started: true,
          state: { running: { startedAt: at } },
        })),
      },
    };
  }
}

/** payment-api with two replicas and a quota beside the singleton payment-db, auth-service in a namespace of its own. */
export function makeArena(): TestArena {
  return new TestArena()
    .addWorkload('payments/payment-api', { replicas: 2 })
    .addWorkload('payments/payment-db', {
      singleton: true,
      container: { resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '192Mi' } } },
    })
    .addWorkload('auth/auth-service')
    .addService('payments/payment-api')
    .addService('auth/auth-service')
    .addQuota('payments/team-payments', { pods: '12', 'requests.cpu': '500m', 'requests.memory': '1Gi', 'limits.memory': '3Gi' });
}

/** A transaction that went through, started `seconds` before NOW. */
export function paid(seconds: number): Transaction {
  const startedAt = new Date(NOW.getTime() - seconds * 1000);
  return { startedAt, finishedAt: new Date(startedAt.getTime() + 50), ok: true, message: '' };
}

export const failedPayment = (seconds: number): Transaction => ({ ...paid(seconds), ok: false, message: 'POST /pay answered 503' });

/** The workload of makeArena() that a fault is in, and its neighbour. */
export const API = 'payments/payment-api';
export const DB = 'payments/payment-db';
export const TARGET: JudgedFault = { target: { namespace: 'payments', name: 'payment-api' }, proof: [] };

/** What is done to an arena, in words that follow "when", and the reason that the oracle must find. */
export type Case = [sentence: string, change: (arena: TestArena) => void, reason: string];

/** The oracle's word on an arena that was healthy, then changed. */
export function judge(change: (arena: TestArena) => void, faults: readonly JudgedFault[] = [TARGET]): OracleResult {
  const arena = makeArena();
  const baseline = arena.baseline();
  change(arena);
  return evaluate({ snapshot: arena.snapshot(baseline), baseline, faults });
}
