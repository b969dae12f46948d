/** What a request line asks for, in Kubernetes' terms. Pure. */

export interface ResourceTarget {
  readonly kind: 'resource';
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** As the client spelt it; undefined for cluster-scoped and all-namespace requests. */
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export type Target =
  | ResourceTarget
  | { readonly kind: 'discovery'; readonly path: string; readonly group?: string }
  | { readonly kind: 'openapi'; readonly path: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'other'; readonly path: string }
  | { readonly kind: 'malformed' };

export interface RequestLine {
  readonly target: Target;
  readonly query: Query;
}

/** Query parameters in the order sent. The API server reads the first value of all but the repeatable ones, and so does `first`. */
export class Query {
  readonly #values: [string, string][];

  constructor(values: Iterable<[string, string]>) {
    this.#values = [...values];
  }

  first(name: string): string | undefined {
    return this.#values.find(([key]) => key === name)?.[1];
  }

  /** A boolean as apimachinery reads it: present and neither "false" nor "0", so `?watch` and `?watch=` are true. */
  flag(name: string): boolean {
    const value = this.first(name);
    return value !== undefined && !['false', '0'].includes(value.toLowerCase());
  }

  all(name: string): string[] {
    return this.#values.filter(([key]) => key === name).map(([, value]) => value);
  }

  /** With a parameter set to one value, or removed. */
  with(name: string, value: string | undefined): Query {
    const rest = this.#values.filter(([key]) => key !== name);
    return new Query(value === undefined ? rest : [...rest, [name, value]]);
  }

  /** With every value of a parameter mapped. */
  map(name: string, change: (value: string) => string): Query {
    return new Query(this.#values.map(([key, value]): [string, string] => [key, key === name ? change(value) : value]));
  }

  /** As it goes upstream: known parameters only, written by us, so that no second reader can see other parameters than we do. */
  toString(): string {
    const seen = new Set<string>();
    const kept = this.#values.filter(([key]) => {
      if (REPEATABLE.has(key)) return true;
      if (!SINGLE.has(key) || seen.has(key)) return false;
      seen.add(key);
      return true;
    });
    return kept.length === 0 ? '' : `?${kept.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}`;
  }
}

const REPEATABLE = new Set(['command', 'dryRun']);
const SINGLE = new Set(
  (
    'allowWatchBookmarks continue fieldManager fieldSelector fieldValidation force includeObject labelSelector limit pretty resourceVersion ' +
    'resourceVersionMatch sendInitialEvents timeout timeoutSeconds watch gracePeriodSeconds orphanDependents propagationPolicy hash ' +
    'container follow insecureSkipTLSVerifyBackend limitBytes previous sinceSeconds sinceTime stream tailLines timestamps stdin stdout stderr tty'
  ).split(' '),
);

/** Reads a request line. Paths that two readers could read differently (escaped slashes, dots, empty or control characters) are malformed. */
export function parseRequestLine(url: string): RequestLine {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new Query(new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)));
  const segments = split(path);
  return { query, target: segments ? classify(segments) : { kind: 'malformed' } };
}

/** Canonical upstream path of a resource; `namespace` must be the real name. */
export function resourcePath(target: ResourceTarget, namespace = target.namespace): string {
  const prefix = target.group ? `/apis/${target.group}/${target.version}` : `/api/${target.version}`;
  // A Namespace is named by the same segment that scopes what is inside it.
  const scope = namespace && target.resource !== 'namespaces' ? ['namespaces', namespace] : [];
  const name = target.resource === 'namespaces' && namespace ? namespace : target.name;
  const rest = [...scope, target.resource, ...(name ? [name] : []), ...(target.subresource ? [target.subresource] : [])];
  return [prefix, ...rest.map(encodeURIComponent)].join('/');
}

function split(path: string): string[] | undefined {
  if (!path.startsWith('/')) return undefined;
  const raw = path.slice(1).split('/');
  if (raw.at(-1) === '') raw.pop();
  const segments: string[] = [];
  for (const part of raw) {
    let segment: string;
    try {
      segment = decodeURIComponent(part);
    } catch {
      return undefined;
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is kept out
    if (segment === '' || segment === '.' || segment === '..' || /[/\\%?#\u0000-\u0020\u007f]/.test(segment)) return undefined;
    segments.push(segment);
  }
  return segments;
}

function classify(segments: string[]): Target {
  const path = `/${segments.join('/')}`;
  const [root, ...rest] = segments;
  if (path === '/version') return { kind: 'version' };
  if (root === 'openapi') return rest[0] === 'v2' && rest.length === 1 ? { kind: 'openapi', path } : openapiV3(path, rest);
  if (root === 'api') return rest.length <= 1 ? { kind: 'discovery', path } : resource('', rest[0], rest.slice(1), path);
  if (root === 'apis')
    return rest.length <= 2 ? { kind: 'discovery', path, group: rest[0] } : resource(rest[0], rest[1], rest.slice(2), path);
  return { kind: 'other', path };
}

function openapiV3(path: string, rest: string[]): Target {
  const [version, root, ...group] = rest;
  const known =
    version === 'v3' &&
    (root === undefined || (root === 'api' && group.length <= 1) || (root === 'apis' && group.length <= 2) || rest.length === 2);
  return known ? { kind: 'openapi', path } : { kind: 'other', path };
}

function resource(group: string, version: string, parts: string[], path: string): Target {
  if (parts[0] === 'watch' || parts[0] === 'proxy') return { kind: 'other', path };
  const base = { kind: 'resource', group, version } as const;
  if (parts[0] === 'namespaces' && group === '') {
    const [, namespace, inner, ...rest] = parts;
    if (inner === undefined || ((inner === 'status' || inner === 'finalize') && rest.length === 0)) {
      return { ...base, resource: 'namespaces', ...(namespace && { namespace, name: namespace }), ...(inner && { subresource: inner }) };
    }
    return named({ ...base, namespace }, [inner, ...rest], path);
  }
  if (parts[0] === 'namespaces' && parts.length > 2) return named({ ...base, namespace: parts[1] }, parts.slice(2), path);
  return named(base, parts, path);
}

function named(base: Omit<ResourceTarget, 'resource'>, parts: string[], path: string): Target {
  const [resource, name, subresource, ...rest] = parts;
  // Only proxies have paths below a subresource; what they would reach is not decided by what follows.
  if (rest.length > 0 && subresource !== 'proxy') return { kind: 'other', path };
  return { ...base, resource, ...(name && { name }), ...(subresource && { subresource }) };
}
