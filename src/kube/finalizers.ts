import type { KubeClient } from './client.ts';
import { isNotFound } from './errors.ts';
import type { Resource } from './resource.ts';
import type { KubeObject } from './types.ts';

export const hasFinalizer = (object: KubeObject, finalizer: string): boolean => object.metadata.finalizers?.includes(finalizer) ?? false;

export const isDeleting = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;

/** Sets the whole list of finalizers of `object` as read; throws a conflict when it changed since, because the list would undo that. */
export function setFinalizers<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  object: T,
  finalizers: readonly string[],
): Promise<T> {
  const { resourceVersion, uid } = object.metadata;
  if (!resourceVersion) throw new Error(`${resource.kind} ${object.metadata.name} was never read; its finalizers cannot be changed safely`);
  return client.mergePatch(resource, object.metadata, { metadata: { uid, resourceVersion, finalizers } });
}

/** Adds a finalizer if it is missing; returns the object as it then is. */
export async function ensureFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  if (hasFinalizer(object, finalizer) || isDeleting(object)) return object;
  return setFinalizers(client, resource, object, [...(object.metadata.finalizers ?? []), finalizer]);
}

/** Removes a finalizer once what it guarded is cleaned up. An object that is gone is as good as released. */
export async function removeFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  if (!hasFinalizer(object, finalizer)) return;
  const rest = (object.metadata.finalizers ?? []).filter((f) => f !== finalizer);
  try {
    await setFinalizers(client, resource, object, rest);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
