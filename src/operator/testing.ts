import type { ObjectRef } from '../kube/resource.ts';
import type { KubeObject } from '../kube/types.ts';

/** For tests: objects of one kind, as a watch cache shows them the moment they are written. */
export class Objects<T extends KubeObject> {
  readonly all = new Map<string, T>();
  get = ({ name }: ObjectRef): T | undefined => this.all.get(name);
  list = (): T[] => [...this.all.values()];
  put = (object: T): T => {
    this.all.set(object.metadata.name, object);
    return object;
  };
  async waitFor(probe: () => unknown): Promise<void> {
    if (!probe()) throw new Error('The cache never shows that');
  }
}
