/** What a request was, for those who count. Pure. */
import { verbOf } from './policy.ts';
import type { RequestLine } from './target.ts';

/** One request of the agent's kubectl, as the session counts it. Names are as the client spelt them. */
export interface ViewRequest {
  readonly method: string;
  /** Kubernetes' verb; "get" for documents such as discovery, "unknown" for methods that its API does not have. */
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly dryRun: boolean;
  /** Would change the cluster if it succeeds: no dry run, no review of oneself, no exec; evictions and scale count. */
  readonly mutating: boolean;
  /** HTTP code of the answer; 101 for an exec that began. */
  readonly status: number;
}

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];
/** Subresources that are created without changing an object. */
const CONNECTIONS = ['exec', 'attach', 'portforward', 'proxy', 'token'];

export function describeRequest(method: string, line: RequestLine, dryRun: boolean, status: number): ViewRequest {
  const { target } = line;
  const common = { method, verb: verbOf(method, line) ?? 'unknown', dryRun, status };
  if (target.kind !== 'resource') return { ...common, mutating: false };
  const { group, resource, namespace, name, subresource } = target;
  const changes = WRITES.includes(common.verb) && !resource.endsWith('reviews') && !CONNECTIONS.includes(subresource ?? '');
  return { ...common, group, resource, namespace, name, subresource, mutating: changes && !dryRun };
}

/** Whether a body asks for a dry run: DeleteOptions, alone or inside an eviction. */
export function asksDryRun(value: unknown): boolean {
  const options = value as { dryRun?: unknown; deleteOptions?: { dryRun?: unknown } } | null;
  return [options?.dryRun, options?.deleteOptions?.dryRun].some((list) => Array.isArray(list) && list.includes('All'));
}
