import { stringify } from 'yaml';
import { VIEW_PORT } from './kubectl-runner.ts';

/**
 * The kubeconfig of one session. The names are neutral: the agent can read this file.
 *
 * @param options.token sent by kubectl only to an https server; over plain http the session's own relay is the proof of who asks
 * @param options.caPem certificate authority of the view; with it the server is https
 * @param options.serverName name in the view's certificate
 * @param options.namespace what `-n` defaults to
 */
export function sessionKubeconfig(options: { token?: string; caPem?: string; serverName?: string; namespace?: string }): string {
  const { token, caPem, serverName, namespace } = options;
  const cluster = {
    server: `${caPem ? 'https' : 'http'}://127.0.0.1:${VIEW_PORT}`,
    ...(caPem && { 'certificate-authority-data': Buffer.from(caPem).toString('base64') }),
    ...(serverName && { 'tls-server-name': serverName }),
  };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubernetes', cluster }],
    users: [{ name: 'oncall', user: token ? { token } : {} }],
    contexts: [{ name: 'oncall@kubernetes', context: { cluster: 'kubernetes', user: 'oncall', ...(namespace && { namespace }) } }],
    'current-context': 'oncall@kubernetes',
  });
}
