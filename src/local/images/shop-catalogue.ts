import { IMAGE_REGISTRY } from '../../api/defaults.ts';

/**
 * Every image of the sample app that a manifest names, those of all its overlays: the same files under other names and tags. Older releases
 * share their files with today's; what they understand (schema, settings) is fixed in their environment, as it was when they were built.
 */
export interface ShopImage {
  /** Repository within the registry. */
  name: string;
  tag: string;
  /** Folder under sample_app/images. */
  source: 'shop' | 'web-app' | 'frontend-cache' | 'payment-db';
  /** Build arguments of the Dockerfile. */
  args: Readonly<Record<string, string>>;
}

/** What one overlay calls each image; tags are of today's release, of the one before, and of the one before that. */
interface Names {
  readonly folder: string;
  readonly api: Releases;
  readonly gateway: Releases;
  readonly worker: Releases;
  readonly identity: Releases;
  readonly site: Releases;
  readonly cache: Releases;
  readonly database: Releases;
}
type Releases = readonly [name: string, ...tags: string[]];

const OVERLAYS: readonly Names[] = [
  {
    folder: 'shop',
    api: ['payment-api', '2.4.1', '2.3.0', '2.2.4'],
    gateway: ['payment-gateway', '3.2.0', '3.1.5', '3.0.2'],
    worker: ['payment-worker', '2.4.1', '2.3.0', '2.2.4'],
    identity: ['auth-service', '1.7.2', '1.6.0', '1.5.3'],
    site: ['web-app', '1.9.0', '1.8.2', '1.7.0'],
    cache: ['frontend-cache', '7.0'],
    database: ['payment-db', '15'],
  },
  {
    folder: 'tickets',
    api: ['order-api', '1.12.0', '1.11.3', '1.10.1'],
    gateway: ['box-office', '5.1.0', '5.0.4', '4.9.2'],
    worker: ['order-clerk', '1.12.0', '1.11.3', '1.10.1'],
    identity: ['member-login', '0.9.4', '0.9.1', '0.8.7'],
    site: ['ticket-site', '3.3.1', '3.2.0', '3.0.5'],
    cache: ['visit-store', 'redis7'],
    database: ['order-db', 'pg15'],
  },
];

type Understood = Readonly<Record<string, string>>;
/** What today's release, the one before and the one before that understand, where that is not what the Dockerfile says. */
const OLD_SCHEMA: readonly Understood[] = [{}, { SUPPORTED_SCHEMA: '6' }, { SUPPORTED_SCHEMA: '5' }];
const OLD_SETTINGS: readonly Understood[] = [{}, { SUPPORTED_CONFIG: '3' }, {}];

export const SHOP_IMAGES: readonly ShopImage[] = OVERLAYS.flatMap(({ folder, ...names }) => {
  const releases = (source: ShopImage['source'], [name, ...tags]: Releases, understands: readonly Understood[] = []): ShopImage[] =>
    tags.map((tag, i) => ({ name: `${folder}/${name}`, tag, source, args: { RELEASE: tag, ...understands[i] } }));
  return [
    ...releases('shop', names.api, OLD_SCHEMA),
    ...releases('shop', names.gateway, OLD_SETTINGS),
    ...releases('shop', names.worker, OLD_SCHEMA),
    ...releases('shop', names.identity, OLD_SETTINGS),
    ...releases('web-app', names.site),
    ...releases('frontend-cache', names.cache),
    ...releases('payment-db', names.database),
  ];
});

export function shopRef(image: ShopImage): string {
  return `${IMAGE_REGISTRY}/${image.name}:${image.tag}`;
}
