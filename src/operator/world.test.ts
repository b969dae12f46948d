import { beforeEach, expect, test } from '@jest/globals';
import type { AppName } from '../api/apps.ts';
import type { KubeObject } from '../kube/types.ts';
import { World } from './world.ts';

type Options = ConstructorParameters<typeof World>[0];
type Filter = (object: KubeObject) => boolean;
let filters: Map<string, Filter>;
let listeners: Map<string, (change: { object: KubeObject }) => void>;
let world: World;

/** A world in which two arenas stand, one of each app. */
beforeEach(() => {
  filters = new Map();
  listeners = new Map();
  const arenas = new Map<string, { spec: { app?: AppName } }>([
    ['arena-shopshopsh', { spec: {} }],
    ['arena-ticketstic', { spec: { app: 'tickets' } }],
  ]);
  const reflect = (resource: { plural: string }, { filter }: { filter?: Filter }) => {
    if (filter) filters.set(resource.plural, filter);
    return {
      get: ({ name }: { name: string }) => arenas.get(name),
      subscribe: (listener: (change: { object: KubeObject }) => void) => listeners.set(resource.plural, listener),
    };
  };
  const plainNamespaces = { default: ['auth', 'payments'], tickets: ['booking', 'members'] };
  world = new World({ reflect: reflect as unknown as Options['reflect'], gymNamespace: 'gym', plainNamespaces });
});

const podIn = (namespace: string): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace } });

test('an arena has the namespaces of its app', () => {
  expect(world.names('arena-shopshopsh')).toEqual({ id: 'shopshopsh', plain: ['auth', 'payments'] });
  expect(world.names('arena-ticketstic')).toEqual({ id: 'ticketstic', plain: ['booking', 'members'] });
  expect(world.appOf('arena-ticketstic')).toBe('tickets');
});

test('one that is gone has those of the default app', () => {
  expect(world.names('arena-gonegonego').plain).toEqual(['auth', 'payments']);
});

test.each([
  ['payments-shopshopsh', 'arena-shopshopsh'],
  ['booking-ticketstic', 'arena-ticketstic'],
  ['kube-system', undefined],
  ['website-notanapps1', undefined],
])('what happens in namespace %s is told of %p', (namespace, arena) => {
  const told: string[] = [];
  world.onArenaChange((name) => told.push(name));
  expect(filters.get('pods')?.(podIn(namespace))).toBe(arena !== undefined);
  listeners.get('pods')?.({ object: podIn(namespace) });
  expect(told).toEqual(arena ? [arena] : []);
});
