/** Which resources the cluster serves, from aggregated discovery documents. Pure. */

export interface ResourceInfo {
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
}

interface DiscoveryDocument {
  items?: {
    metadata?: { name?: string };
    versions?: {
      version: string;
      resources?: { resource: string; scope: string; verbs?: string[]; responseKind?: { kind?: string } }[];
    }[];
  }[];
}

export class ResourceIndex {
  readonly #byVersion = new Map<string, ResourceInfo>();
  readonly #byGroup = new Map<string, ResourceInfo>();

  constructor(documents: DiscoveryDocument[]) {
    for (const { metadata, versions } of documents.flatMap((document) => document.items ?? [])) {
      const group = metadata?.name ?? '';
      for (const { version, resources } of versions ?? []) {
        for (const { resource, scope, verbs, responseKind } of resources ?? []) {
          const info = { namespaced: scope === 'Namespaced', kind: responseKind?.kind ?? '', verbs: verbs ?? [] };
          this.#byVersion.set(`${group}/${version}/${resource}`, info);
          this.#byGroup.set(`${group}/${resource}`, info);
        }
      }
    }
  }

  /** A resource of that group and version, or of any version when none is given. */
  find(group: string, resource: string, version?: string): ResourceInfo | undefined {
    return version === undefined ? this.#byGroup.get(`${group}/${resource}`) : this.#byVersion.get(`${group}/${version}/${resource}`);
  }
}
