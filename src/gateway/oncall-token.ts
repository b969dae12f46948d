import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';

/** As long as the API server allows short tokens to be no shorter. */
const LIFETIME_SECONDS = 600;
/** A token is renewed when this much of its life is left. */
const RENEW_BEFORE_MS = 120_000;

/** Short tokens of one ServiceAccount: asked for when needed, shared until they grow old, gone with the ServiceAccount. */
export function tokenSource(o: { client: KubeClient; clock: Clock; namespace: string; serviceAccount: string }): () => Promise<string> {
  let current: { token: Promise<string>; until: number } | undefined;
  return () => {
    const now = o.clock.now().getTime();
    if (current && current.until > now) return current.token;
    const token = o.client
      .tokenRequest({ namespace: o.namespace, serviceAccount: o.serviceAccount }, { expirationSeconds: LIFETIME_SECONDS })
      .then((status) => status.token);
    const asked = { token, until: now + LIFETIME_SECONDS * 1000 - RENEW_BEFORE_MS };
    current = asked;
    token.catch(() => {
      if (current === asked) current = undefined; // the next one asks again
    });
    return token;
  };
}
