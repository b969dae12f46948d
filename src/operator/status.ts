import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from '../kube/client.ts';
import type { Reflector } from '../kube/reflector.ts';
import type { Resource } from '../kube/resource.ts';
import type { KubeObject } from '../kube/types.ts';

/** How long a cache may lag behind a write that the API server acknowledged before the reconcile is tried anew. */
const CATCH_UP_MS = 10_000;

/**
 * Writes `status` if it differs from the object's, bound to its resourceVersion: a conflict throws and the key is tried again. Returns when
 * the cache holds the write, so that the next pass never decides on what it has already changed.
 */
export async function writeStatus<T extends KubeObject & { status?: unknown }>(
  client: KubeClient,
  resource: Resource<T>,
  cache: Reflector<T>,
  object: T,
  status: T['status'],
): Promise<T> {
  const wanted = JSON.parse(JSON.stringify(status)) as T['status'];
  if (isDeepStrictEqual(wanted, object.status)) return object;
  const written = await client.replace(resource, { ...object, status: wanted }, { subresource: 'status' });
  await caughtUp(cache, written);
  return written;
}

/** Resolves when `cache` holds `written` or something newer of that name. */
export async function caughtUp<T extends KubeObject>(cache: Reflector<T>, written: T): Promise<void> {
  const newer = (seen: T | undefined): boolean =>
    !seen ||
    seen.metadata.uid !== written.metadata.uid ||
    // Resource versions are integers that grow (API concepts, guaranteed since Kubernetes 1.35).
    BigInt(seen.metadata.resourceVersion ?? 0) >= BigInt(written.metadata.resourceVersion ?? 0);
  await cache.waitFor(() => newer(cache.get(written.metadata)), AbortSignal.timeout(CATCH_UP_MS));
}

/** As caughtUp, for an object that was just created: absence means not there yet. */
export async function appeared<T extends KubeObject>(cache: Reflector<T>, created: T): Promise<void> {
  await cache.waitFor(() => cache.get(created.metadata) !== undefined, AbortSignal.timeout(CATCH_UP_MS));
}

/** Resolves when `cache` no longer holds an object that was deleted, or shows that it is going. */
export async function vanished<T extends KubeObject>(cache: Reflector<T>, deleted: T): Promise<void> {
  const gone = (seen: T | undefined): boolean =>
    seen?.metadata.uid !== deleted.metadata.uid || seen?.metadata.deletionTimestamp !== undefined;
  await cache.waitFor(() => gone(cache.get(deleted.metadata)), AbortSignal.timeout(CATCH_UP_MS));
}
