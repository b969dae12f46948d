import { fileURLToPath } from 'node:url';

/** The root of this package: sources, manifests and node_modules lie under it. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
