/** What the view does with a request, decided from its line alone. Pure. */
import { type ArenaNames, plainNamespace, realNamespace } from '../../kube/arena-names.ts';
import type { ResourceIndex } from './resource-index.ts';
import { type Hidden, isHiddenKey } from './response-objects.ts';
import {
  type Attributes,
  forbidden,
  forbiddenPath,
  methodNotAllowed,
  namespaceNotFound,
  refused,
  resourceNotFound,
  type Status,
} from './status.ts';
import type { RequestLine, ResourceTarget } from './target.ts';

export type Decision =
  | { readonly act: 'refuse'; readonly status: Status }
  /** A request inside one arena namespace (real name), as the on-call engineer. */
  | { readonly act: 'forward'; readonly target: ResourceTarget; readonly namespace: string }
  /** An allowed read, or a review of oneself, at the cluster scope. */
  | { readonly act: 'cluster'; readonly target: ResourceTarget }
  /** A list over all namespaces: one list per arena namespace. */
  | { readonly act: 'merge'; readonly target: ResourceTarget }
  | { readonly act: 'namespaces' }
  | { readonly act: 'document'; readonly path: string };

export interface Perspective {
  readonly arena: ArenaNames;
  readonly hidden: Hidden;
  /** The user that refusals name, in the plain spelling. */
  readonly user: string;
  readonly index: ResourceIndex;
}

const READS = ['get', 'list', 'watch'];
/** Cluster-scoped resources that any on-call engineer may look at, as group/resource. */
export const CLUSTER_READS: readonly string[] = [
  '/nodes',
  'metrics.k8s.io/nodes',
  'storage.k8s.io/storageclasses',
  'scheduling.k8s.io/priorityclasses',
  'apiregistration.k8s.io/apiservices',
];
/** Reviews that concern nobody but their sender. */
export const SELF_REVIEWS: readonly string[] = [
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authentication.k8s.io/selfsubjectreviews',
];
const UNAVAILABLE: Record<string, string> = {
  'pods/attach': 'attach is not available here; use "kubectl logs" to read and "kubectl exec" to run a command',
  'pods/portforward': 'port-forward is not available here; use "kubectl exec" with wget or curl inside a pod',
  'pods/proxy': 'proxy is not available here; use "kubectl exec" with wget or curl inside a pod',
  'services/proxy': 'proxy is not available here; use "kubectl exec" with wget or curl inside a pod',
};

/** Kubernetes' verb for a request, or undefined for methods that its API does not have. */
export function verbOf(method: string, { target, query }: RequestLine): string | undefined {
  const named = target.kind !== 'resource' || target.name !== undefined;
  if (method === 'GET') return named ? 'get' : query.flag('watch') ? 'watch' : 'list';
  if (method === 'DELETE') return named ? 'delete' : 'deletecollection';
  return { POST: 'create', PUT: 'update', PATCH: 'patch' }[method];
}

/** Decides on an authenticated request. */
export function decide(method: string, line: RequestLine, view: Perspective): Decision {
  const { target } = line;
  const verb = verbOf(method, line);
  if (!verb) return refuse(methodNotAllowed());
  switch (target.kind) {
    case 'malformed':
      return refuse(resourceNotFound());
    case 'other':
      return refuse(forbiddenPath(view.user, method.toLowerCase(), target.path));
    case 'version':
    case 'openapi':
    case 'discovery': {
      const path = target.kind === 'version' ? '/version' : target.path;
      if (method !== 'GET') return refuse(forbiddenPath(view.user, method.toLowerCase(), path));
      const group = target.kind === 'discovery' ? target.group : /^\/openapi\/v3\/apis\/([^/]+)/.exec(path)?.[1];
      return group && isHiddenKey(group, view.hidden) ? refuse(resourceNotFound()) : { act: 'document', path };
    }
    default:
      return decideResource(verb, target, view);
  }
}

function decideResource(verb: string, target: ResourceTarget, view: Perspective): Decision {
  const { arena } = view;
  if (isHiddenKey(target.group, view.hidden)) return refuse(resourceNotFound());
  const plain = target.namespace === undefined ? undefined : plainNamespace(target.namespace, arena);
  const attributes: Attributes = { ...target, verb, namespace: plain };
  if (target.resource === 'namespaces' && target.group === '') return decideNamespaces(verb, target, plain, attributes, view);
  if (target.namespace !== undefined) {
    if (plain === undefined) return refuse(namespaceNotFound(target.namespace));
    const message = UNAVAILABLE[`${target.resource}/${target.subresource}`];
    if (message) return refuse(refused(attributes, message));
    if (target.resource === 'serviceaccounts' && target.subresource === 'token') return refuse(forbidden(view.user, attributes));
    if (target.subresource === 'proxy') return refuse(forbidden(view.user, attributes));
    return { act: 'forward', target, namespace: realNamespace(plain, arena) };
  }
  const info = view.index.find(target.group, target.resource, target.version);
  if (!info) return refuse(resourceNotFound());
  const key = `${target.group}/${target.resource}`;
  if (!info.namespaced) {
    const review = verb === 'create' && !target.name && SELF_REVIEWS.includes(key);
    const read = READS.includes(verb) && !target.subresource && CLUSTER_READS.includes(key);
    return review || read ? { act: 'cluster', target } : refuse(forbidden(view.user, attributes));
  }
  if (verb === 'list') return { act: 'merge', target };
  if (verb === 'watch')
    return refuse(refused(attributes, 'a watch over all namespaces is not available here; watch one namespace with -n'));
  // Without a namespace there is nothing to name, create or delete.
  return refuse(target.name ? resourceNotFound() : methodNotAllowed());
}

function decideNamespaces(
  verb: string,
  target: ResourceTarget,
  plain: string | undefined,
  attributes: Attributes,
  view: Perspective,
): Decision {
  if (target.namespace === undefined) {
    if (verb === 'list') return { act: 'namespaces' };
    if (verb === 'watch') return refuse(refused(attributes, 'a watch over namespaces is not available here; list them again'));
    return refuse(forbidden(view.user, attributes));
  }
  if (plain === undefined)
    return refuse(
      verb === 'get' ? namespaceNotFound(target.namespace) : forbidden(view.user, { ...attributes, namespace: target.namespace }),
    );
  if (verb !== 'get' || target.subresource) return refuse(forbidden(view.user, { ...attributes, name: plain }));
  return { act: 'forward', target, namespace: realNamespace(plain, view.arena) };
}

function refuse(status: Status): Decision {
  return { act: 'refuse', status };
}
