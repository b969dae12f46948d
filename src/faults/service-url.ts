/** A URL of a service, cut where a wrong host or port would go; `$(VAR)` references stay as they are. */
export interface ServiceUrl {
  /** Scheme and credentials: "postgres://shop:$(DB_PASSWORD)@". */
  before: string;
  host: string;
  port: string;
  /** Path and query. */
  after: string;
}

/** Undefined for what is not a URL with scheme, host and port. */
export function parseServiceUrl(text: string): ServiceUrl | undefined {
  const found = /^([a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?)([a-zA-Z0-9.-]+):(\d+)(\/.*)?$/.exec(text);
  return found ? { before: found[1], host: found[2], port: found[3], after: found[4] ?? '' } : undefined;
}

/**
 * True when both URLs lead to the same Service from a pod in `namespace` (plain): the name may be short, or end in .svc or the cluster's
 * domain. Real namespaces are the plain name and a suffix.
 */
export function sameServiceUrl(a: string, b: string, namespace: string): boolean {
  const [x, y] = [parseServiceUrl(a), parseServiceUrl(b)];
  if (!x || !y || x.before !== y.before || x.port !== y.port || (x.after || '/') !== (y.after || '/')) return false;
  const [one, other] = [serviceOf(x.host), serviceOf(y.host)];
  if (!one || !other || one.name !== other.name) return false;
  const own = (ns: string | undefined) => ns === undefined || ns === namespace || ns.startsWith(`${namespace}-`);
  return one.namespace === other.namespace || (own(one.namespace) && own(other.namespace) && (!one.namespace || !other.namespace));
}

function serviceOf(host: string): { name: string; namespace?: string } | undefined {
  const [name, namespace, ...rest] = host.replace(/\.$/, '').split('.');
  const domain = rest.join('.');
  return domain === '' || domain === 'svc' || domain === 'svc.cluster.local' ? { name, namespace } : undefined;
}
