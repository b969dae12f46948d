import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { type AppName, DEFAULT_APP, type PerApp, perApp } from '../../api/apps.ts';
import { IMAGE_REGISTRY } from '../../api/defaults.ts';
import { captureBaseline } from '../../health/baseline.ts';
import type { Baseline } from '../../health/snapshot.ts';
import { type ArenaNames, realNamespace } from '../../kube/arena-names.ts';
import type { Deployment, KubeObject } from '../../kube/types.ts';

/** The healthy app as its manifests have it: plain namespaces, newest templates, and the older templates of each Deployment. */
export interface App {
  /** Plain names of its namespaces, the front door's last or wherever the manifests put it. */
  namespaces: readonly string[];
  /** Everything but Namespaces and Deployments, in the order in which it can be created. */
  objects: readonly KubeObject[];
  deployments: readonly Deployment[];
  /** Older templates by `namespace/name`, oldest first. */
  olderRevisions: ReadonlyMap<string, readonly Deployment[]>;
}

const CREATE_FIRST = ['ServiceAccount', 'ResourceQuota', 'LimitRange', 'Secret', 'ConfigMap', 'Service', 'PodDisruptionBudget'];

/** Every app that can be played. `registry`: where the cluster pulls the images from. */
export const loadApps = ({ registry = IMAGE_REGISTRY }: { registry?: string } = {}): PerApp<App> =>
  perApp((name) => loadApp({ name, registry }));

/** Reads `sample_app/rendered/<name>/{current,revision-1,revision-2}.yaml` (kustomize builds, made by `npm run generate`). */
export function loadApp({ name = DEFAULT_APP, registry = IMAGE_REGISTRY }: { name?: AppName; registry?: string } = {}): App {
  const folder = fileURLToPath(new URL(`../../../sample_app/rendered/${name}/`, import.meta.url));
  const read = (file: string): KubeObject[] =>
    parseAllDocuments(readFileSync(folder + file, 'utf8').replaceAll(`image: ${IMAGE_REGISTRY}/`, `image: ${registry}/`)).map((doc) => {
      if (doc.errors.length) throw new Error(`${folder}${file}: ${doc.errors[0].message}`);
      return doc.toJS() as KubeObject;
    });
  return makeApp(read('current.yaml'), [read('revision-1.yaml'), read('revision-2.yaml')]);
}

export function makeApp(current: readonly KubeObject[], older: readonly (readonly KubeObject[])[]): App {
  const deployments = current.filter((o): o is Deployment => o.kind === 'Deployment');
  const olderRevisions = new Map(
    deployments.map((d) => [
      workloadKey(d),
      older.flatMap((set) =>
        set.filter((o): o is Deployment => o.kind === 'Deployment' && workloadKey(o as Deployment) === workloadKey(d)),
      ),
    ]),
  );
  const rank = (o: KubeObject): number => {
    const i = CREATE_FIRST.indexOf(o.kind ?? '');
    return i < 0 ? CREATE_FIRST.length : i;
  };
  const objects = current.filter((o) => o.kind !== 'Namespace' && o.kind !== 'Deployment').sort((a, b) => rank(a) - rank(b));
  const namespaces = [...new Set(current.map((o) => (o.kind === 'Namespace' ? o.metadata.name : (o.metadata.namespace ?? ''))))].filter(
    Boolean,
  );
  return { namespaces: namespaces.sort(), objects, deployments, olderRevisions };
}

export const workloadKey = (d: KubeObject): string => `${d.metadata.namespace}/${d.metadata.name}`;

/**
 * A copy of `object` for one arena: its namespace and every DNS name in it (`x.payments.svc…`) become the arena's own. Bare words stay: a
 * database may well be called payments.
 */
export function forArena<T extends KubeObject>(object: T, arena: ArenaNames): T {
  const dns = new RegExp(`\\.(${arena.plain.join('|')})\\.svc\\b`, 'g');
  const copy = mapStrings(object, (text) => text.replace(dns, (_, plain: string) => `.${realNamespace(plain, arena)}.svc`)) as T;
  copy.metadata = { ...copy.metadata, name: object.metadata.name, namespace: realNamespace(object.metadata.namespace ?? '', arena) };
  return copy;
}

function mapStrings(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((v) => mapStrings(v, map));
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mapStrings(v, map)]));
  return value;
}

/** Every app as its manifests promise it. */
export const paperBaselines = (apps: PerApp<App>): PerApp<Baseline> => perApp((name) => paperBaseline(apps[name]));

/** The app as its manifests promise it: enough to refuse a spec before an arena is spent on it. */
export function paperBaseline(app: App): Baseline {
  const ofKind = <T>(kind: string): T[] => app.objects.filter((o) => o.kind === kind) as T[];
  return captureBaseline(
    { deployments: app.deployments, services: ofKind('Service'), quotas: ofKind('ResourceQuota'), others: [] },
    new Date(0),
  );
}
