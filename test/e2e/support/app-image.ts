import { IMAGE_REGISTRY } from '../../../src/api/defaults.ts';

/** An image that every node of ours has, with a shell and Node.js. */
export const IMAGE = `${IMAGE_REGISTRY}/shop/payment-worker:2.4.1`;
