import { describe, expect, test } from '@jest/globals';
import { APPS, type AppName } from '../../api/apps.ts';
import { topologyOf } from '../../designer/topology.ts';
import { parseServiceUrl } from '../../faults/service-url.ts';
import { parseQuantity } from '../../health/quantity.ts';
import type { Deployment, KubeObject, ResourceQuota, Service } from '../../kube/types.ts';
import { SHOP_IMAGES, shopRef } from '../../local/images/shop-catalogue.ts';
import { type App, loadApps, paperBaselines, workloadKey } from './app.ts';
import { frontDoorOf } from './front-door.ts';

const apps = loadApps();
const papers = paperBaselines(apps);
const ROLES = ['frontDoor', 'gateway', 'identity', 'sessions', 'payments', 'database', 'settlement'];
/** More than one of them breaks the app (sample_app/README.md). */
const SINGLETONS = ['sessions', 'database', 'settlement'] as const;

const ofKind = <T extends KubeObject = KubeObject>(app: App, kind: string): T[] => app.objects.filter((o) => o.kind === kind) as T[];
const container = (d: Deployment) => d.spec.template.spec.containers[0];
const labels = (d: Deployment) => d.spec.template.metadata?.labels ?? {};
const selects = (selector: Record<string, string> | undefined, d: Deployment): boolean =>
  Object.entries(selector ?? { nothing: '' }).every(([key, value]) => labels(d)[key] === value);
const behind = (app: App, service: Service): Deployment | undefined =>
  app.deployments.find((d) => d.metadata.namespace === service.metadata.namespace && selects(service.spec.selector, d));

/** Everything of an object that is text, one a line. */
const texts = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => [...(Array.isArray(value) ? [] : [key]), ...texts(item)]);
};
const everything = (app: App): KubeObject[] => [...app.deployments, ...[...app.olderRevisions.values()].flat(), ...app.objects];

describe.each(APPS)('app %s', (name: AppName) => {
  const app = apps[name];
  const paper = papers[name];
  const topology = topologyOf(paper);

  test('has each workload that the shop needs, and a front door', () => {
    expect([...topology.targetOf.keys()].sort()).toEqual([...ROLES].sort());
    expect(app.deployments).toHaveLength(ROLES.length);
    const door = frontDoorOf(paper);
    expect({ namespace: door.namespace, name: door.service }).toEqual(topology.targetOf.get('frontDoor'));
    expect(app.namespaces).toHaveLength(3);
  });

  test('leads every URL to a port of a Service', () => {
    const urls = app.deployments.flatMap((d) => (container(d).env ?? []).flatMap(({ value }) => (value && parseServiceUrl(value)) || []));
    expect(urls.length).toBeGreaterThanOrEqual(7);
    for (const { host, port } of urls) {
      const service = paper.services.find(({ metadata }) => host === `${metadata.name}.${metadata.namespace}.svc.cluster.local`);
      expect([host, service?.spec.ports?.map((p) => `${p.port}`)]).toEqual([host, [port]]);
    }
    for (const job of ofKind(app, 'CronJob')) {
      const [url] = texts(job).flatMap((text) => parseServiceUrl(text) ?? []);
      expect(urls.map((u) => `${u.host}:${u.port}`)).toContain(`${url?.host}:${url?.port}`);
    }
  });

  test('leads every Service to one workload, on a port that its program listens on', () => {
    for (const service of paper.services) {
      const deployment = behind(app, service) as Deployment;
      expect(deployment?.metadata.name).toBe(service.metadata.name);
      const { ports = [], env = [], args = [], image = '' } = container(deployment);
      const [{ name: port, containerPort }] = ports;
      expect(service.spec.ports?.[0]?.targetPort).toBe(port);
      const listens =
        env.find((e) => e.name === 'PORT')?.value ??
        args.join(' ').match(/port[= ](\d+)/)?.[1] ??
        { http: '8080', redis: '6379', postgres: '5432' }[port as string];
      expect([image, listens]).toEqual([image, `${containerPort}`]);
    }
  });

  test('selects with every Deployment and disruption budget what it means', () => {
    for (const d of app.deployments) expect(selects(d.spec.selector.matchLabels, d)).toBe(true);
    const budgets = ofKind<KubeObject & { spec: { selector: { matchLabels: Record<string, string> } } }>(app, 'PodDisruptionBudget');
    expect(budgets.length).toBeGreaterThanOrEqual(2);
    for (const { metadata, spec } of budgets) {
      const meant = app.deployments.filter((d) => d.metadata.namespace === metadata.namespace && selects(spec.selector.matchLabels, d));
      expect(meant.map((d) => [d.metadata.name, d.spec.replicas])).toEqual([[metadata.name, 2]]);
    }
  });

  test('names only Secrets and ConfigMaps that it brings, and a file where it mounts it', () => {
    const brings = (kind: string, d: KubeObject, wanted: string): boolean =>
      ofKind(app, kind).some((o) => o.metadata.namespace === d.metadata.namespace && o.metadata.name === wanted);
    for (const d of [...app.deployments, ...[...app.olderRevisions.values()].flat()]) {
      const { env = [], volumeMounts = [] } = container(d);
      for (const { valueFrom } of env) {
        const { name: secret } = (valueFrom?.secretKeyRef ?? {}) as { name?: string };
        if (valueFrom) expect(brings('Secret', d, secret as string)).toBe(true);
      }
      for (const volume of d.spec.template.spec.volumes ?? []) {
        const { name: configMap } = (volume.configMap ?? {}) as { name?: string };
        if (configMap) expect(brings('ConfigMap', d, configMap)).toBe(true);
      }
      const mounts = volumeMounts.map((m) => m.mountPath);
      for (const { name: variable, value } of env) {
        if (/_SETTINGS$/.test(variable)) expect(mounts).toContain(value?.replace(/\/settings\.json$/, ''));
      }
    }
  });

  test('has two older revisions of every Deployment, both different from today', () => {
    for (const d of app.deployments) {
      const templates = [...(app.olderRevisions.get(workloadKey(d)) ?? []), d].map((r) => JSON.stringify(r.spec.template));
      expect(new Set(templates).size).toBe(3);
    }
  });

  test('mixes one and two replicas, and keeps those alone of which a second breaks it', () => {
    expect(new Set(app.deployments.map((d) => d.spec.replicas))).toEqual(new Set([1, 2]));
    for (const role of SINGLETONS) {
      const { namespace, name: workload } = topology.targetOf.get(role) ?? {};
      const d = app.deployments.find((other) => workloadKey(other) === `${namespace}/${workload}`);
      expect([d?.spec.replicas, d?.spec.strategy?.type]).toEqual([1, 'Recreate']);
    }
    for (const { spec } of app.deployments) {
      expect(spec.strategy?.type === 'Recreate' || spec.strategy?.rollingUpdate?.maxUnavailable === '100%').toBe(true);
    }
  });

  test('fits twice into the quota of each of its namespaces', () => {
    for (const namespace of app.namespaces) {
      const [quota, ...more] = ofKind<ResourceQuota>(app, 'ResourceQuota').filter((q) => q.metadata.namespace === namespace);
      expect(more).toEqual([]);
      const own = app.deployments.filter((d) => d.metadata.namespace === namespace);
      const sum = (of: (d: Deployment) => string | undefined): number =>
        own.reduce((total, d) => total + (d.spec.replicas ?? 1) * parseQuantity(of(d) ?? 'none'), 0);
      const used: Record<string, number> = {
        pods: sum(() => '1'),
        'requests.cpu': sum((d) => container(d).resources?.requests?.cpu),
        'requests.memory': sum((d) => container(d).resources?.requests?.memory),
        'limits.memory': sum((d) => container(d).resources?.limits?.memory),
      };
      const hard = quota.spec.hard ?? {};
      expect(Object.keys(hard).sort()).toEqual(Object.keys(used).sort());
      for (const [resource, value] of Object.entries(used)) {
        expect(2 * value).toBeLessThanOrEqual(parseQuantity(hard[resource]));
      }
    }
  });

  test('runs only images that are built', () => {
    const built = new Set(SHOP_IMAGES.map(shopRef));
    const images = everything(app).flatMap((o) => texts(o).filter((text) => text.startsWith('registry.local/')));
    expect(images.length).toBeGreaterThan(20);
    expect(images.filter((image) => !built.has(image))).toEqual([]);
  });

  test('says nothing that belongs to another app', () => {
    const own = everything(app).flatMap(texts).join('\n');
    const others = APPS.filter((other) => other !== name).flatMap((other) => [
      ...apps[other].namespaces,
      ...everything(apps[other]).map((o) => o.metadata.name),
      ...SHOP_IMAGES.filter((image) => texts(apps[other].deployments).includes(shopRef(image))).map((image) => image.name),
    ]);
    expect(others.length).toBeGreaterThan(30);
    expect(others.filter((word) => new RegExp(`(?<![\\w-])${word}(?![\\w-])`).test(own))).toEqual([]);
  });
});

test('the apps differ in ports, replicas, limits, images and front door', () => {
  const facts = (name: AppName) => {
    const { roleOf } = topologyOf(papers[name]);
    const byRole = (of: (d: Deployment) => unknown) =>
      Object.fromEntries(apps[name].deployments.map((d) => [roleOf.get(workloadKey(d)) as string, of(d)]));
    return {
      ports: byRole((d) => container(d).ports?.[0]?.containerPort),
      limits: byRole((d) => container(d).resources?.limits?.memory),
      tags: byRole((d) => container(d).image?.split(':')[1]),
      replicas: byRole((d) => d.spec.replicas),
    };
  };
  const [one, other] = [facts('default'), facts('tickets')];
  for (const role of ROLES) {
    for (const fact of ['ports', 'limits', 'tags'] as const)
      expect([role, fact, one[fact][role]]).not.toEqual([role, fact, other[fact][role]]);
  }
  const replicasDiffer = ROLES.filter((role) => one.replicas[role] !== other.replicas[role]);
  expect(replicasDiffer).toEqual(['frontDoor', 'gateway', 'identity', 'payments']);
  expect(frontDoorOf(papers.default).port).not.toBe(frontDoorOf(papers.tickets).port);
});
