/**
 * Every image of the shop that a manifest names. Older releases share their files with today's; what they understand
 * (schema, settings) is fixed in their environment, as it was when they were built.
 */
export interface ShopImage {
  name: string;
  tag: string;
  /** Folder under sample_app/images. */
  source: 'shop' | 'web-app' | 'frontend-cache' | 'payment-db';
  /** Build arguments of the Dockerfile. */
  args: Readonly<Record<string, string>>;
}

const node = (name: string, tag: string, understands: Readonly<Record<string, string>> = {}): ShopImage => ({
  name,
  tag,
  source: 'shop',
  args: { RELEASE: tag, ...understands },
});

export const SHOP_REGISTRY = 'registry.local/shop';

export const SHOP_IMAGES: readonly ShopImage[] = [
  node('payment-api', '2.4.1'),
  node('payment-api', '2.3.0', { SUPPORTED_SCHEMA: '6' }),
  node('payment-api', '2.2.4', { SUPPORTED_SCHEMA: '5' }),
  node('payment-gateway', '3.2.0'),
  node('payment-gateway', '3.1.5', { SUPPORTED_CONFIG: '3' }),
  node('payment-gateway', '3.0.2'),
  node('payment-worker', '2.4.1'),
  node('payment-worker', '2.3.0', { SUPPORTED_SCHEMA: '6' }),
  node('payment-worker', '2.2.4', { SUPPORTED_SCHEMA: '5' }),
  node('auth-service', '1.7.2'),
  node('auth-service', '1.6.0', { SUPPORTED_CONFIG: '3' }),
  node('auth-service', '1.5.3'),
  { name: 'web-app', tag: '1.9.0', source: 'web-app', args: { RELEASE: '1.9.0' } },
  { name: 'web-app', tag: '1.8.2', source: 'web-app', args: { RELEASE: '1.8.2' } },
  { name: 'web-app', tag: '1.7.0', source: 'web-app', args: { RELEASE: '1.7.0' } },
  { name: 'frontend-cache', tag: '7.0', source: 'frontend-cache', args: {} },
  { name: 'payment-db', tag: '15', source: 'payment-db', args: {} },
];

export function shopRef(image: ShopImage): string {
  return `${SHOP_REGISTRY}/${image.name}:${image.tag}`;
}
