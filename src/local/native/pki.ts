import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../command.ts';
import { kubeadmConfig } from './configs.ts';
import { privateDir, privateFile } from './host.ts';
import { VERSIONS } from './versions.ts';

/**
 * Makes all keys, certificates and kubeconfigs of a cluster with kubeadm: `<dir>/pki/*` and `<dir>/<user>.conf`.
 * `address` is what the API server advertises (not loopback), `endpoint` (host:port) where clients find it.
 */
export async function makePki(o: {
  kubeadm: string;
  dir: string;
  clusterName: string;
  address: string;
  endpoint: string;
  signal?: AbortSignal;
}): Promise<void> {
  const config = join(o.dir, 'kubeadm.yaml');
  const pkiDir = join(o.dir, 'pki');
  await privateDir(o.dir);
  await privateFile(config, kubeadmConfig({ ...o, pkiDir, kubernetesVersion: VERSIONS.kubernetes }));
  const kubeadm = (...args: string[]) => must(o.kubeadm, [...args, '--config', config], { signal: o.signal });
  await kubeadm('init', 'phase', 'certs', 'all');
  await kubeadm('init', 'phase', 'kubeconfig', 'all', '--kubeconfig-dir', o.dir);
  for (const user of ['kube-proxy', 'netpold']) {
    await privateFile(
      join(o.dir, `${user}.conf`),
      await kubeadm('kubeconfig', 'user', '--client-name', `system:${user}`, '--validity-period', '8760h'),
    );
  }
}

/** Copies the kubeconfig whose user may do everything from the first moment, before any role binding exists. */
export async function exportAdminKubeconfig(dir: string, path: string): Promise<void> {
  await copyFile(join(dir, 'super-admin.conf'), path);
}
