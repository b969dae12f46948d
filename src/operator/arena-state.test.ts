import { expect, test } from '@jest/globals';
import { contentHash } from '../health/content.ts';
import type { ArenaSnapshot } from '../health/snapshot.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Resource } from '../kube/resource.ts';
import { ArenaReader, rememberedByName } from './arena-state.ts';
import type { World } from './world.ts';

const arena = { id: 'k3x9a1b2c3', plain: ['auth', 'payments'] };
const settings = { currencies: 'EUR' };
const LIVE: Record<string, object[]> = {
  configmaps: [
    { metadata: { name: 'settings' }, data: settings },
    { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': 'x' } },
    { metadata: { name: 'oncall-notes' } },
  ],
  secrets: [{ metadata: { name: 'credentials' }, data: { password: 'eA==' } }],
  cronjobs: [{ metadata: { name: 'report' }, spec: {} }],
};
const client = {
  list: async ({ plural }: Resource, { namespace }: { namespace: string }) => ({
    items: namespace === 'payments-k3x9a1b2c3' ? (LIVE[plural] ?? []) : [],
  }),
} as unknown as KubeClient;
const reader = new ArenaReader(client, {} as World);

test('a complete look knows every object, and of ConfigMaps and Secrets the hash of what they hold alone', async () => {
  const watched = { deployments: [], services: [], quotas: [] } as unknown as ArenaSnapshot;
  const { present, contents } = await reader.complete(arena, watched);
  expect([...(present ?? [])].sort()).toEqual([
    'ConfigMap payments/oncall-notes',
    'ConfigMap payments/settings',
    'CronJob payments/report',
    'Secret payments/credentials',
  ]);
  expect([...(contents ?? [])].sort()).toEqual([
    ['ConfigMap payments/oncall-notes', contentHash({})],
    ['ConfigMap payments/settings', contentHash({ data: settings })],
    ['Secret payments/credentials', contentHash({ data: { password: 'eA==' } })],
  ]);
});

test('a baseline remembers what the manifests bring, with what the arena holds', async () => {
  const made = (kind: string, name: string) => ({ kind, metadata: { namespace: 'payments', name } });
  const objects = [made('ConfigMap', 'settings'), made('Secret', 'gone'), made('CronJob', 'report'), made('Service', 'payment-api')];
  expect(rememberedByName({ objects }, await reader.holders(arena))).toEqual([
    { kind: 'ConfigMap', namespace: 'payments', name: 'settings', content: contentHash({ data: settings }) },
    { kind: 'Secret', namespace: 'payments', name: 'gone' },
    { kind: 'CronJob', namespace: 'payments', name: 'report' },
  ]);
});
