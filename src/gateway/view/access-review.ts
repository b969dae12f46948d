/** "May I?" asked through the view: what it adds to RBAC's answer, so that `auth can-i` tells what will happen. Pure. */
import { plainNamespace } from '../../kube/arena-names.ts';
import { CLUSTER_READS, type Perspective } from './policy.ts';

type Json = Record<string, unknown>;

/** Paths besides resources that the view serves. */
const SERVED_PATHS = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', '/version', '/version/'];
const READS = ['get', 'list', 'watch'];

/** Either the finished answer to a SelfSubjectAccessReview, or the review (plain names) to ask RBAC with. */
export function planAccessReview(review: Json, view: Perspective): { answer: Json } | { ask: Json } {
  const spec = asJson(review.spec);
  const path = asJson(spec.nonResourceAttributes).path;
  if (typeof path === 'string') {
    const verb = asJson(spec.nonResourceAttributes).verb;
    return { answer: answer(review, verb === 'get' && isServed(path)) };
  }
  const attributes = asJson(spec.resourceAttributes);
  const { verb, group = '', resource, subresource = '', name = '', namespace = '' } = attributes as Record<string, string | undefined>;
  if (resource === undefined) return { ask: review };
  const info = view.index.find(group, resource);
  if (resource === 'namespaces' && group === '') {
    const known = name === '' || plainNamespace(name, view.arena) !== undefined;
    return { answer: answer(review, !subresource && known && (verb === 'get' || (verb === 'list' && name === ''))) };
  }
  if (info && !info.namespaced) {
    const read = READS.includes(verb ?? '') && !subresource && CLUSTER_READS.includes(`${group}/${resource}`);
    return read ? { answer: answer(review, true) } : { ask: review };
  }
  // The view lists "all namespaces" one by one, so the right to list in one is the right to list in all.
  if (info?.namespaced && namespace === '' && verb === 'list' && !subresource) {
    return { ask: { ...review, spec: { ...spec, resourceAttributes: { ...attributes, namespace: view.arena.plain[0] } } } };
  }
  return { ask: review };
}

/** RBAC's answer to a SelfSubjectRulesReview with what the view serves besides. */
export function addServedRules(review: Json): Json {
  const status = asJson(review.status);
  const cluster = CLUSTER_READS.map((key) => {
    const [group, resource] = key.split('/');
    return { verbs: READS, apiGroups: [group], resources: [resource] };
  });
  const resourceRules = [...(Array.isArray(status.resourceRules) ? status.resourceRules : []), ...cluster];
  return { ...review, status: { ...status, resourceRules, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: SERVED_PATHS }] } };
}

function isServed(path: string): boolean {
  return SERVED_PATHS.some((served) => (served.endsWith('*') ? path.startsWith(served.slice(0, -1)) : path === served));
}

function answer(review: Json, allowed: boolean): Json {
  return { ...review, kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {}, status: { allowed } };
}

function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
