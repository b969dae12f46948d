import { isDeepStrictEqual } from 'node:util';
import type { Container, EnvVar, PodTemplate, Probe } from '../kube/types.ts';
import { parseQuantity } from './quantity.ts';

/** Limits may grow up to this factor over the baseline (fault catalogue). */
export const MAX_LIMIT_FACTOR = 8;
/** A probe may take up to this factor longer than the baseline's to notice a failure (fault catalogue). */
const MAX_PROBE_FACTOR = 2;
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** How a pod template differs from the one the team deployed, annotations apart; undefined when it does not. */
export function templateDifference(live: PodTemplate, baseline: PodTemplate): string | undefined {
  return firstDifference(comparable(live), comparable(baseline), '');
}

/**
 * How a pod template departs from what the baseline intends. Resources, probe timings, image tags and equivalent env values may vary within
 * bounds; everything else must be as it was.
 */
export function intentDifference(
  live: PodTemplate,
  baseline: PodTemplate,
  sameEnv: (live: EnvVar, baseline: EnvVar) => boolean,
): string | undefined {
  for (const wanted of baseline.spec.containers) {
    const found = live.spec.containers.find((c) => c.name === wanted.name);
    if (!found) return `container ${wanted.name} is missing`;
    const problem = imageProblem(found, wanted) ?? resourceProblem(found, wanted) ?? probeProblem(found, wanted);
    if (problem) return `container ${wanted.name}: ${problem}`;
  }
  const containers = live.spec.containers.map((c) => {
    const wanted = baseline.spec.containers.find((b) => b.name === c.name);
    return wanted ? withAllowedParts(c, wanted, sameEnv) : c;
  });
  const labels = keepKeys(live.metadata?.labels ?? {}, Object.keys(baseline.metadata?.labels ?? {}));
  return templateDifference({ metadata: { labels }, spec: { ...live.spec, containers } }, baseline);
}

function withAllowedParts(live: Container, wanted: Container, sameEnv: (live: EnvVar, baseline: EnvVar) => boolean): Container {
  const env = live.env?.map((e) => {
    const was = wanted.env?.find((b) => b.name === e.name);
    return was && !isDeepStrictEqual(e, was) && sameEnv(e, was) ? was : e;
  });
  const probes = Object.fromEntries(PROBES.filter((p) => live[p] && wanted[p]).map((p) => [p, wanted[p]]));
  return { ...live, ...probes, image: wanted.image, resources: wanted.resources, env };
}

/** "registry/name" of an image reference, without tag or digest. */
export function imageRepository(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

function imageProblem(live: Container, wanted: Container): string | undefined {
  if (imageRepository(live.image ?? '') === imageRepository(wanted.image ?? '')) return undefined;
  return `image ${live.image} is not from ${imageRepository(wanted.image ?? '')}`;
}

function resourceProblem(live: Container, wanted: Container): string | undefined {
  const limits = live.resources?.limits ?? {};
  const requests = live.resources?.requests ?? {};
  for (const [name, limit] of Object.entries(wanted.resources?.limits ?? {})) {
    if (limits[name] === undefined) return `${name} limit is gone; it was ${limit}`;
    if (parseQuantity(limits[name]) > MAX_LIMIT_FACTOR * parseQuantity(limit)) {
      return `${name} limit ${limits[name]} is more than ${MAX_LIMIT_FACTOR} times the ${limit} it was`;
    }
  }
  for (const [name, request] of Object.entries(wanted.resources?.requests ?? {})) {
    if (limits[name] !== undefined && parseQuantity(limits[name]) < parseQuantity(request)) {
      return `${name} limit ${limits[name]} is below the ${request} that the container asks for in normal operation`;
    }
    if (requests[name] !== undefined && parseQuantity(requests[name]) > MAX_LIMIT_FACTOR * parseQuantity(request)) {
      return `${name} request ${requests[name]} is more than ${MAX_LIMIT_FACTOR} times the ${request} it was`;
    }
  }
  return undefined;
}

function probeProblem(live: Container, wanted: Container): string | undefined {
  for (const kind of PROBES) {
    const was = wanted[kind];
    if (!was) continue;
    const is = live[kind];
    if (!is) return `${kind} is gone`;
    if (!isDeepStrictEqual(handler(is, live), handler(was, wanted))) {
      return `${kind} no longer checks what it did: ${describeHandler(is)} instead of ${describeHandler(was)}`;
    }
    if (probeSeconds(is) > MAX_PROBE_FACTOR * probeSeconds(was)) {
      return `${kind} takes ${probeSeconds(is)} s to notice a failure; it took ${probeSeconds(was)} s`;
    }
  }
  return undefined;
}

/** Longest time in seconds from a container's start until this probe reports a failure (API defaults for what is absent). */
export function probeSeconds(probe: Probe): number {
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3, timeoutSeconds = 1 } = probe;
  return initialDelaySeconds + periodSeconds * failureThreshold + timeoutSeconds;
}

function handler(probe: Probe, container: Container): unknown {
  const port = (p: number | string) => container.ports?.find((c) => c.name === p)?.containerPort ?? Number(p);
  if (probe.httpGet) {
    const { path = '/', scheme = 'HTTP', host = '' } = probe.httpGet;
    return {
      http: path,
      scheme,
      host,
      port: port(probe.httpGet.port),
      headers: (probe.httpGet as { httpHeaders?: unknown }).httpHeaders ?? [],
    };
  }
  if (probe.tcpSocket) return { tcp: port(probe.tcpSocket.port), host: (probe.tcpSocket as { host?: string }).host ?? '' };
  if (probe.grpc) return { grpc: probe.grpc };
  return { exec: probe.exec?.command ?? [] };
}

function describeHandler(probe: Probe): string {
  if (probe.httpGet) return `HTTP GET ${probe.httpGet.path ?? '/'} on port ${probe.httpGet.port}`;
  if (probe.tcpSocket) return `TCP port ${probe.tcpSocket.port}`;
  if (probe.grpc) return `gRPC port ${probe.grpc.port}`;
  return `exec ${JSON.stringify(probe.exec?.command ?? [])}`;
}

/** The template without what does not matter: annotations, empty fields, the order of env, containers and volumes. */
function comparable(template: PodTemplate): unknown {
  return withoutEmpty({ labels: template.metadata?.labels, spec: template.spec });
}

const BY_NAME = new Set(['env', 'containers', 'initContainers', 'volumes']);

function withoutEmpty(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0) return undefined;
    const items = value.map((v) => withoutEmpty(v));
    return BY_NAME.has(key) ? Object.fromEntries(items.map((item) => [(item as { name: string }).name, item])) : items;
  }
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([k, v]) => [k, withoutEmpty(v, k)] as const);
  const kept = entries.filter(([, v]) => v !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function firstDifference(live: unknown, baseline: unknown, path: string): string | undefined {
  if (isDeepStrictEqual(live, baseline)) return undefined;
  if (isRecord(live) && isRecord(baseline)) {
    for (const key of new Set([...Object.keys(baseline), ...Object.keys(live)])) {
      const found = firstDifference(live[key], baseline[key], path ? `${path}.${key}` : key);
      if (found) return found;
    }
  }
  return `${path} is ${show(live)}; the team deployed ${show(baseline)}`;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function show(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function keepKeys(all: Record<string, string>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([k]) => keys.includes(k)));
}
