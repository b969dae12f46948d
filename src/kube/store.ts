import type { KubeObject } from './types.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface Change<T> {
  type: ChangeType;
  object: T;
  /** The object before; only with MODIFIED. */
  old?: T;
}

/** Objects by namespace and name as last seen. What goes in is frozen: a reconciler that writes into the cache throws. */
export class Store<T extends KubeObject> {
  readonly #namespaces = new Map<string, Map<string, T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(ref: { namespace?: string; name: string }): T | undefined {
    return this.#namespaces.get(ref.namespace ?? '')?.get(ref.name);
  }

  /** All objects, or those of one namespace. */
  list(namespace?: string): T[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return [...this.#namespaces.values()].flatMap((objects) => [...objects.values()]);
  }

  /** Stores an object and says what changed: nothing when its resourceVersion is known; two changes when another took its name. */
  put(object: T): Change<T>[] {
    const { name, namespace = '' } = object.metadata;
    const old = this.get(object.metadata);
    if (old && old.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    const objects = this.#namespaces.get(namespace) ?? new Map<string, T>();
    this.#namespaces.set(namespace, objects.set(name, deepFreeze(object)));
    if (!old) this.#size++;
    if (!old) return [{ type: 'ADDED', object }];
    if (old.metadata.uid === object.metadata.uid) return [{ type: 'MODIFIED', object, old }];
    return [
      { type: 'DELETED', object: old },
      { type: 'ADDED', object },
    ];
  }

  /** Removes what has the object's name; says so with `object` as the last state. Nothing when it was not there. */
  remove(object: T): Change<T>[] {
    const { name, namespace = '' } = object.metadata;
    const objects = this.#namespaces.get(namespace);
    if (!objects?.delete(name)) return [];
    if (objects.size === 0) this.#namespaces.delete(namespace);
    this.#size--;
    return [{ type: 'DELETED', object: deepFreeze(object) }];
  }
}

function deepFreeze<V>(value: V): V {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
