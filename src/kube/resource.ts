import type { Arena } from '../api/arena.ts';
import type { Assignment } from '../api/assignment.ts';
import type { Curriculum } from '../api/curriculum.ts';
import type { Episode } from '../api/episode.ts';
import { GROUP, VERSION } from '../api/group.ts';
import type { Incident } from '../api/incident.ts';
import type { Step } from '../api/step.ts';
import type {
  Deployment,
  EndpointSlice,
  KubeObject,
  Namespace,
  OpaqueObject,
  Pod,
  ReplicaSet,
  ResourceQuota,
  Secret,
  Service,
} from './types.ts';

/** Where objects of one kind are served. `T` is what they look like; nothing of it exists at run time. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly _type?: T;
}

/** Which object of a resource; `namespace` is needed for namespaced ones. */
export interface ObjectRef {
  namespace?: string;
  name: string;
}

export const apiVersionOf = (resource: Resource): string => (resource.group ? `${resource.group}/${resource.version}` : resource.version);

/** URL path of a collection or an object. Throws when a namespace is missing or out of place: such a request would reach other objects. */
export function resourcePath(resource: Resource, ref: { namespace?: string; name?: string } = {}, subresource?: string): string {
  if (ref.name !== undefined && resource.namespaced && !ref.namespace) throw new Error(`${resource.kind} ${ref.name} needs a namespace`);
  if (!resource.namespaced && ref.namespace) throw new Error(`${resource.kind} has no namespace, but ${ref.namespace} was given`);
  if (ref.name === '') throw new Error(`${resource.kind} needs a name`);
  const segments = [resource.group ? `apis/${resource.group}` : 'api', resource.version];
  if (ref.namespace) segments.push('namespaces', encodeURIComponent(ref.namespace));
  segments.push(resource.plural);
  if (ref.name !== undefined) segments.push(encodeURIComponent(ref.name));
  if (subresource) segments.push(subresource);
  return `/${segments.join('/')}`;
}

function define<T extends KubeObject>(group: string, version: string, kind: string, plural: string, namespaced = true): Resource<T> {
  return { group, version, kind, plural, namespaced };
}

/** Every resource that the gym or the app uses. */
export const Resources = {
  incidents: define<Incident>(GROUP, VERSION, 'Incident', 'incidents'),
  episodes: define<Episode>(GROUP, VERSION, 'Episode', 'episodes'),
  steps: define<Step>(GROUP, VERSION, 'Step', 'steps'),
  arenas: define<Arena>(GROUP, VERSION, 'Arena', 'arenas'),
  curricula: define<Curriculum>(GROUP, VERSION, 'Curriculum', 'curricula'),
  assignments: define<Assignment>(GROUP, VERSION, 'Assignment', 'assignments'),

  namespaces: define<Namespace>('', 'v1', 'Namespace', 'namespaces', false),
  nodes: define<OpaqueObject>('', 'v1', 'Node', 'nodes', false),
  pods: define<Pod>('', 'v1', 'Pod', 'pods'),
  services: define<Service>('', 'v1', 'Service', 'services'),
  configMaps: define<OpaqueObject>('', 'v1', 'ConfigMap', 'configmaps'),
  secrets: define<Secret>('', 'v1', 'Secret', 'secrets'),
  serviceAccounts: define<OpaqueObject>('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  resourceQuotas: define<ResourceQuota>('', 'v1', 'ResourceQuota', 'resourcequotas'),
  limitRanges: define<OpaqueObject>('', 'v1', 'LimitRange', 'limitranges'),
  persistentVolumeClaims: define<OpaqueObject>('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  deployments: define<Deployment>('apps', 'v1', 'Deployment', 'deployments'),
  replicaSets: define<ReplicaSet>('apps', 'v1', 'ReplicaSet', 'replicasets'),
  replicationControllers: define<OpaqueObject>('', 'v1', 'ReplicationController', 'replicationcontrollers'),
  statefulSets: define<OpaqueObject>('apps', 'v1', 'StatefulSet', 'statefulsets'),
  daemonSets: define<OpaqueObject>('apps', 'v1', 'DaemonSet', 'daemonsets'),
  jobs: define<OpaqueObject>('batch', 'v1', 'Job', 'jobs'),
  cronJobs: define<OpaqueObject>('batch', 'v1', 'CronJob', 'cronjobs'),
  horizontalPodAutoscalers: define<OpaqueObject>('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  endpointSlices: define<EndpointSlice>('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  networkPolicies: define<OpaqueObject>('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  ingresses: define<OpaqueObject>('networking.k8s.io', 'v1', 'Ingress', 'ingresses'),
  podDisruptionBudgets: define<OpaqueObject>('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  roles: define<OpaqueObject>('rbac.authorization.k8s.io', 'v1', 'Role', 'roles'),
  roleBindings: define<OpaqueObject>('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings'),
  clusterRoles: define<OpaqueObject>('rbac.authorization.k8s.io', 'v1', 'ClusterRole', 'clusterroles', false),
  clusterRoleBindings: define<OpaqueObject>('rbac.authorization.k8s.io', 'v1', 'ClusterRoleBinding', 'clusterrolebindings', false),
  leases: define<LeaseObject>('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  events: define<EventObject>('events.k8s.io', 'v1', 'Event', 'events'),
  /** The older shape, in which Kubernetes' own controllers still write. */
  coreEvents: define<OpaqueObject>('', 'v1', 'Event', 'events'),
  customResourceDefinitions: define<CustomResourceDefinition>(
    'apiextensions.k8s.io',
    'v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    false,
  ),
} as const;

/** coordination.k8s.io/v1 Lease; times are RFC 3339 with microseconds. */
export interface LeaseObject extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** events.k8s.io/v1 Event. */
export interface EventObject extends KubeObject {
  eventTime?: string;
  type?: string;
  reason?: string;
  action?: string;
  note?: string;
  regarding?: ObjectReference;
  related?: ObjectReference;
  reportingController?: string;
  reportingInstance?: string;
  series?: { count: number; lastObservedTime: string };
}

export interface ObjectReference {
  apiVersion?: string;
  kind?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  resourceVersion?: string;
  fieldPath?: string;
}

export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string;
    scope: string;
    names: { kind: string; plural: string; [field: string]: unknown };
    versions: { name: string; [field: string]: unknown }[];
  };
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

const byKind = new Map<string, Resource>(Object.values(Resources).map((r) => [`${apiVersionOf(r)} ${r.kind}`, r]));

/** The resource of an object's apiVersion and kind. Throws for kinds that the gym does not know: nothing is guessed. */
export function resourceOf(object: { apiVersion?: string; kind?: string; metadata?: { name?: string } }): Resource {
  const key = `${object.apiVersion} ${object.kind}`;
  const resource = byKind.get(key);
  if (!resource)
    throw new Error(`Objects of ${key} (${object.metadata?.name ?? 'unnamed'}) are not known; add the kind to src/kube/resource.ts`);
  return resource;
}
