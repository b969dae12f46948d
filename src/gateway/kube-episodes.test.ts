import { expect, test } from '@jest/globals';
import type { Episode } from '../api/episode.ts';
import type { KubeClient } from '../kube/client.ts';
import { TransportError } from '../kube/errors.ts';
import { FakeClock } from '../kube/fake-clock.ts';
import { silentLogger } from '../kube/logger.ts';
import type { Reflector } from '../kube/reflector.ts';
import { KubeEpisodes } from './kube-episodes.ts';
import { GatewayError } from './session-api.ts';

test('an Episode that the watch never showed and that cannot be read is an error for the client', async () => {
  const client = { get: () => Promise.reject(new TransportError('get Episode n/e', new Error('refused'))) } as unknown as KubeClient;
  const unseen = { waitFor: () => Promise.reject(new DOMException('late', 'TimeoutError')) } as unknown as Reflector<Episode>;
  const episodes = new KubeEpisodes({ client, episodes: unseen, namespace: 'n', clock: new FakeClock(), log: silentLogger });
  await expect(episodes.waitFor('e', () => true, 0)).rejects.toThrow(
    new GatewayError('EXECUTION_ERROR', 'Episode e could not be read: get Episode n/e: no answer from the API server: refused'),
  );
});
