/**
 * A second opinion on "Resolved": plain reading of what the cluster held at that moment against what it held before anything was broken. Shares no
 * code with src/health on purpose; where the two disagree, one of them is wrong.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Payment } from './customer.ts';
import type { ArenaState, Json } from './evidence.ts';

export interface AuditInput {
  before: ArenaState;
  after: ArenaState;
  /** `plain namespace/name` of the Deployments that were broken: only those may differ within bounds. */
  targets: readonly string[];
  resolvedAt: Date;
  payments: readonly Payment[];
}

/** No hold is shorter. */
const HOLD_MS = 5000;
/** Kubernetes writes whole seconds, hence one less. */
const STEADY_MS = HOLD_MS - 1000;
const MOST_TIMES_LARGER = 8;
const MOST_TIMES_SLOWER = 2;
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];

/** Everything that is not as it has to be, one sentence each. */
export function audit(input: AuditInput): string[] {
  const { before, after, resolvedAt, payments } = input;
  return [
    ...before.deployments.flatMap((was) => auditDeployment(was, input)),
    ...before.services.flatMap((was) => auditService(was, after, before)),
    ...before.quotas.flatMap((was) => auditQuota(was, after)),
    ...auditPayments(payments, resolvedAt),
  ];
}

function auditDeployment(was: Json, { after, targets, resolvedAt }: AuditInput): string[] {
  const key = `${was.metadata.namespace}/${was.metadata.name}`;
  const say = (text: string) => `Deployment ${key}: ${text}`;
  const is = same(after.deployments, was);
  if (!is) return [say('is gone')];
  const problems: string[] = [];
  const wanted = is.spec.replicas;
  if (wanted < was.spec.replicas) problems.push(say(`has ${wanted} replicas, had ${was.spec.replicas}`));
  if (wanted > was.spec.replicas && was.spec.strategy.type === 'Recreate') problems.push(say(`is a singleton and has ${wanted} replicas`));
  if (is.spec.paused) problems.push(say('is paused'));
  const { observedGeneration, replicas, updatedReplicas, readyReplicas, availableReplicas } = is.status;
  if (observedGeneration !== is.metadata.generation) problems.push(say('was not looked at by its controller'));
  const counts = [replicas, updatedReplicas, readyReplicas, availableReplicas];
  if (counts.some((count) => count !== wanted))
    problems.push(say(`wants ${wanted}, has ${counts.join('/')} in all/updated/ready/available`));

  const pods = after.pods.filter((p) => isOf(p, was) && !p.metadata.deletionTimestamp);
  const steadySince = resolvedAt.getTime() - STEADY_MS;
  const ready = pods.filter((p) => isReady(p));
  if (ready.length !== wanted || pods.length !== wanted) problems.push(say(`has ${pods.length} pods, ${ready.length} of them ready`));
  for (const pod of ready) {
    if (Date.parse(readyCondition(pod).lastTransitionTime) > steadySince)
      problems.push(say(`pod ${pod.metadata.name} was not ready for long`));
    for (const c of pod.status.containerStatuses) {
      if (!c.state.running) problems.push(say(`container ${c.name} does not run`));
      else if (Date.parse(c.state.running.startedAt) > steadySince) problems.push(say(`container ${c.name} has just been started`));
    }
  }
  const plain = `${was.metadata.namespace.replace(/-[a-z0-9]+$/, '')}/${was.metadata.name}`;
  const difference = targets.includes(plain)
    ? repairedDifference(is.spec.template, was.spec.template)
    : isDeepStrictEqual(tidy(is.spec.template), tidy(was.spec.template))
      ? undefined
      : 'its template is not the one from before';
  if (difference) problems.push(say(difference));
  return problems;
}

/** A repaired template: as it was but for limits, probe timings and the spelling of a host, within bounds. */
function repairedDifference(is: Json, was: Json): string | undefined {
  for (const c of was.spec.containers) {
    const now = is.spec.containers.find((other: Json) => other.name === c.name);
    if (!now) return `container ${c.name} is gone`;
    if (repository(now.image) !== repository(c.image)) return `runs ${now.image}, ran ${c.image}`;
    for (const [name, limit] of Object.entries<string>(c.resources?.limits ?? {})) {
      const value = now.resources?.limits?.[name];
      if (value === undefined) return `has no ${name} limit any more`;
      if (amount(value) > MOST_TIMES_LARGER * amount(limit)) return `${name} limit ${value} is absurd`;
      if (amount(value) < amount(c.resources?.requests?.[name] ?? '0')) return `${name} limit ${value} is too low`;
    }
    for (const probe of PROBES.filter((p) => c[p])) {
      if (!now[probe]) return `has no ${probe}`;
      if (!isDeepStrictEqual(handlerOf(now[probe]), handlerOf(c[probe]))) return `${probe} asks something else`;
      if (patience(now[probe]) > MOST_TIMES_SLOWER * patience(c[probe])) return `${probe} is slower`;
    }
  }
  const loose = (template: Json) => {
    const copy = tidy(template);
    for (const c of copy.spec.containers) {
      delete c.resources;
      delete c.image;
      for (const probe of PROBES) delete c[probe];
      for (const e of c.env ?? [])
        if (typeof e.value === 'string') e.value = e.value.replace('.svc.cluster.local', '.svc').replace(/\/$/, '');
    }
    return copy;
  };
  return isDeepStrictEqual(loose(is), loose(was)) ? undefined : 'its template differs in more than what a repair may change';
}

function auditService(was: Json, after: ArenaState, before: ArenaState): string[] {
  const key = `${was.metadata.namespace}/${was.metadata.name}`;
  const is = same(after.services, was);
  if (!is) return [`Service ${key} is gone`];
  const ports = (service: Json) => service.spec.ports.map((p: Json) => `${p.port}:${p.targetPort}`).sort();
  if (!isDeepStrictEqual(is.spec.selector, was.spec.selector)) return [`Service ${key} selects other pods`];
  if (!isDeepStrictEqual(ports(is), ports(was))) return [`Service ${key} has other ports`];
  const slices = after.slices.filter(
    (s) => s.metadata.namespace === was.metadata.namespace && s.metadata.labels?.['kubernetes.io/service-name'] === was.metadata.name,
  );
  const endpoints = slices.flatMap((s) => s.endpoints ?? []).filter((e) => e.conditions?.ready);
  const behind = before.deployments.filter(
    (d) => d.metadata.namespace === was.metadata.namespace && covers(was.spec.selector, d.spec.template.metadata.labels),
  );
  const wanted = behind
    .flatMap((d) => after.pods.filter((p) => isOf(p, d) && isReady(p) && !p.metadata.deletionTimestamp))
    .map((p) => p.metadata.name);
  const found = endpoints.map((e) => e.targetRef?.name);
  if (wanted.length === 0 || !isDeepStrictEqual(found.sort(), wanted.sort())) {
    return [`Service ${key} leads to ${found.join(', ') || 'nothing'}; ready are ${wanted.join(', ') || 'none'}`];
  }
  return [];
}

function auditQuota(was: Json, after: ArenaState): string[] {
  const key = `${was.metadata.namespace}/${was.metadata.name}`;
  const is = same(after.quotas, was);
  if (!is) return [`ResourceQuota ${key} is gone`];
  return Object.entries<string>(was.spec.hard).flatMap(([name, hard]) => {
    const now = is.spec.hard?.[name];
    if (now === undefined) return [`ResourceQuota ${key} no longer limits ${name}`];
    if (amount(now) > MOST_TIMES_LARGER * amount(hard)) return [`ResourceQuota ${key}: ${name} ${now} is absurd`];
    // Before the fault everything fitted, so what was used then must fit now.
    if (amount(now) < amount(was.status?.used?.[name] ?? '0'))
      return [`ResourceQuota ${key}: ${name} ${now} is less than what the app uses`];
    return [];
  });
}

const begunInHold = (payments: readonly Payment[], resolvedAt: Date): Payment[] =>
  payments.filter((p) => p.began >= resolvedAt.getTime() - HOLD_MS && p.began <= resolvedAt.getTime());

/** The payments begun and ended in the hold; what began before it proves nothing. */
export const paymentsOfHold = (payments: readonly Payment[], resolvedAt: Date): Payment[] =>
  begunInHold(payments, resolvedAt).filter((p) => p.ended <= resolvedAt.getTime());

/** The last payment of the hold must have gone through. */
function auditPayments(payments: readonly Payment[], resolvedAt: Date): string[] {
  const last = paymentsOfHold(payments, resolvedAt).at(-1);
  const begun = begunInHold(payments, resolvedAt).length;
  if (!last) return [`None of the ${begun} payments that the auditor began in the last ${HOLD_MS / 1000} s came to an end`];
  return last.problem ? [`The auditor's last payment failed: ${last.problem}`] : [];
}

const same = (list: readonly Json[], was: Json): Json =>
  list.find((o) => o.metadata.name === was.metadata.name && o.metadata.namespace === was.metadata.namespace);

/** Its owner's name is the Deployment's and a hash: a ReplicaSet of it, current or not. */
function isOf(pod: Json, deployment: Json): boolean {
  const owner = pod.metadata.ownerReferences?.[0];
  if (pod.metadata.namespace !== deployment.metadata.namespace || owner?.kind !== 'ReplicaSet') return false;
  return owner.name.replace(/-[^-]+$/, '') === deployment.metadata.name;
}

const readyCondition = (pod: Json): Json => pod.status?.conditions?.find((c: Json) => c.type === 'Ready');
const isReady = (pod: Json): boolean => readyCondition(pod)?.status === 'True';
const covers = (selector: Json, labels: Json): boolean => Object.entries(selector ?? {}).every(([k, v]) => labels?.[k] === v);
const repository = (image: string): string => image.replace(/[:@][^/]*$/, '');

function handlerOf({ httpGet, tcpSocket, exec, grpc }: Json): Json {
  return { httpGet, tcpSocket, exec, grpc };
}

const patience = ({ initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3, timeoutSeconds = 1 }: Json): number =>
  initialDelaySeconds + periodSeconds * failureThreshold + timeoutSeconds;

/** A copy without annotations and without the order of env. */
function tidy(template: Json): Json {
  const copy = structuredClone(template);
  delete copy.metadata.annotations;
  delete copy.metadata.creationTimestamp;
  for (const c of copy.spec.containers) {
    c.env?.sort((a: Json, b: Json) => a.name.localeCompare(b.name));
    if (c.resources && Object.keys(c.resources).length === 0) delete c.resources;
  }
  return copy;
}

const UNITS: Record<string, number> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity as a number. */
function amount(quantity: string | number): number {
  const [, digits, unit] = /^([0-9.]+)([A-Za-z]*)$/.exec(String(quantity)) ?? [];
  if (digits === undefined || UNITS[unit] === undefined) throw new Error(`${quantity} is no quantity that the auditor knows`);
  return Number(digits) * UNITS[unit];
}
