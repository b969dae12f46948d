// Singular names and short names as `kubectl api-resources` of Kubernetes 1.35 lists them.
const KINDS: Record<string, string> = {
  configmap: 'cm',
  cronjob: 'cj',
  customresourcedefinition: 'crd crds',
  daemonset: 'ds',
  deployment: 'deploy',
  endpoint: 'ep endpoints',
  endpointslice: '',
  event: 'ev',
  horizontalpodautoscaler: 'hpa',
  ingress: 'ing',
  job: '',
  lease: '',
  limitrange: 'limits',
  namespace: 'ns',
  networkpolicy: 'netpol networkpolicies',
  node: 'no',
  persistentvolume: 'pv',
  persistentvolumeclaim: 'pvc',
  pod: 'po',
  poddisruptionbudget: 'pdb',
  priorityclass: 'pc',
  replicaset: 'rs',
  replicationcontroller: 'rc',
  resourcequota: 'quota',
  role: '',
  rolebinding: '',
  secret: '',
  service: 'svc',
  serviceaccount: 'sa',
  statefulset: 'sts',
  storageclass: 'sc',
};

const CANONICAL = new Map<string, string>();
for (const [kind, shorts] of Object.entries(KINDS)) {
  for (const name of [kind, `${kind}s`, `${kind}es`, ...shorts.split(' ').filter(Boolean)]) CANONICAL.set(name, kind);
}

/** The singular name of a kind however it is written: `po`, `Pods`, `deployments.apps`, `deployment.v1.apps`. Unknown kinds come back in lower case. */
export function canonicalResource(word: string): string {
  const plain = word.toLowerCase().split('.')[0];
  return CANONICAL.get(plain) ?? plain;
}
