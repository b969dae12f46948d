import { expect, test } from '@jest/globals';
import { ContextCluster } from './context.ts';

test('images that cannot be loaded are to be pushed, and the sentence names the call that then works', async () => {
  const cluster = new ContextCluster({ name: 'prod', dir: '/nowhere', kubectl: 'kubectl' });
  await expect(cluster.loadImage()).rejects.toThrow(
    /push them to a registry that "prod" pulls from, then run gymctl up --provider context --name prod --registry REGISTRY$/,
  );
});
