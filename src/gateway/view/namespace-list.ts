/** `get namespaces`: the on-call engineer may read each of the arena's namespaces but not list the cluster's. */
import type { ArenaNames } from '../../kube/arena-names.ts';
import { join, type ListPart, smallestVersion } from './merge-lists.ts';
import { type Hidden, plainJson } from './response-objects.ts';
import { fieldMatcher, InvalidSelector, labelMatcher } from './selectors.ts';
import { badRequest } from './status.ts';
import type { Query } from './target.ts';

type Json = Record<string, unknown>;
/** Gets one namespace, by plain name, in the media type given. */
type GetNamespace = (plain: string, accept: string) => Promise<ListPart>;

/** A NamespaceList, or a Table where `accept` asks for one, of those namespaces that exist and match the query's selectors. */
export async function listNamespaces(
  plain: readonly string[],
  query: Query,
  accept: string,
  names: { arena: ArenaNames; hidden: Hidden },
  get: GetNamespace,
): Promise<ListPart> {
  let matches: (namespace: Json) => boolean;
  try {
    matches = matcher(query);
  } catch (error) {
    if (!(error instanceof InvalidSelector)) throw error;
    const status = badRequest(error.message);
    return { status: status.code, document: { ...status } };
  }
  const parts = await Promise.all(plain.map((namespace) => get(namespace, 'application/json')));
  // 403 is what RBAC says of a namespace that has just gone, with its RoleBindings.
  const failed = parts.find((part) => ![200, 403, 404].includes(part.status));
  if (failed) return failed;
  const found = plain.flatMap((namespace, index) => {
    const { status, document } = parts[index];
    // Selectors see what the agent sees: plain names, no hidden labels.
    return status === 200 && matches(JSON.parse(plainJson(document, names.arena, names.hidden))) ? [{ namespace, document }] : [];
  });
  if (/as=(Table|PartialObjectMetadataList)/.test(accept) && found.length > 0) {
    // A single object has no list form of its own.
    const single = accept.replaceAll('PartialObjectMetadataList', 'PartialObjectMetadata');
    const shown = await Promise.all(found.map(({ namespace }) => get(namespace, single)));
    const refused = shown.find((part) => part.status !== 200);
    if (refused) return refused;
    const documents = shown.map((part) => part.document);
    if (documents[0].kind === 'Table') return { status: 200, document: join(documents) };
    return list({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadataList' }, documents);
  }
  return list(
    { apiVersion: 'v1', kind: 'NamespaceList' },
    found.map(({ document }) => document),
  );
}

function list(type: Json, documents: Json[]): ListPart {
  const items = documents.map(({ apiVersion: _version, kind: _kind, ...item }) => item);
  const resourceVersion = smallestVersion(documents);
  return { status: 200, document: { ...type, metadata: resourceVersion ? { resourceVersion } : {}, items } };
}

function matcher(query: Query): (namespace: Json) => boolean {
  const labels = labelMatcher(query.first('labelSelector') ?? '');
  const fields = fieldMatcher(query.first('fieldSelector') ?? '', ['metadata.name', 'status.phase']);
  return (namespace) => {
    const { metadata, status } = namespace as { metadata: { name: string; labels?: Record<string, string> }; status?: { phase?: string } };
    return labels(metadata.labels ?? {}) && fields({ 'metadata.name': metadata.name, 'status.phase': status?.phase ?? '' });
  };
}
