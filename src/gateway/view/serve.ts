import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ArenaView } from './arena-view.ts';
import { createServingCertificate } from './certificate.ts';

export interface ViewServer {
  /** https URL for kubectl. */
  readonly url: string;
  /** PEM for the kubeconfig's certificate-authority-data. */
  readonly ca: string;
  close(): Promise<void>;
}

/** Serves one arena view over TLS on `host` (a free port unless given); `names` are further names or addresses that kubectl reaches it by. */
export async function serveArenaView(view: ArenaView, { host = '127.0.0.1', port = 0, names = [] as string[] } = {}): Promise<ViewServer> {
  const { key, cert } = createServingCertificate([...new Set([host, ...names])]);
  const server = createServer({
    key,
    cert,
    keepAliveTimeout: 90_000,
    headersTimeout: 15_000,
    requestTimeout: 60_000,
    maxHeaderSize: 64 * 1024,
  });
  server.on('request', (req, res) => void view.handle(req, res));
  server.on('upgrade', (req, socket, head) => void view.handleUpgrade(req, socket, head));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    url: `https://${host}:${(server.address() as AddressInfo).port}`,
    ca: cert,
    close: async () => {
      view.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A kubeconfig for one session: its current namespace is the arena's first. */
export function viewKubeconfig(options: { server: string; ca: string; token: string; namespace: string }): string {
  const { server, ca, token, namespace } = options;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'production', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'oncall', user: { token } }],
    contexts: [{ name: 'production', context: { cluster: 'production', user: 'oncall', namespace } }],
    'current-context': 'production',
  });
}
