import { readFileSync } from 'node:fs';
import { SYSTEM_NAMESPACE } from '../api/group.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Logger } from '../kube/logger.ts';
import { Reflector } from '../kube/reflector.ts';
import { Resources } from '../kube/resource.ts';
import { RunnerPool, slicesOf } from './runner/pool.ts';

const SYNC_TIMEOUT_MS = 30_000;

/** Runner pods of the cluster: the headless Service that names them, and the secret that they want to hear. */
export interface ClusterRunnerOptions {
  service: string;
  secretFile: string;
}

/** Follows which runner pods are Ready and hands them to sessions. Rejects when the secret cannot be read or the API server does not answer. */
export async function clusterRunners(
  client: KubeClient,
  options: ClusterRunnerOptions,
  log: Logger,
): Promise<{ pool: RunnerPool; stop(): Promise<void> }> {
  const secret = readFileSync(options.secretFile, 'utf8').trim();
  const endpoints = new Reflector({
    client,
    resource: Resources.endpointSlices,
    namespace: SYSTEM_NAMESPACE,
    labelSelector: slicesOf(options.service),
    log,
  });
  endpoints.start();
  await endpoints.waitForSync(AbortSignal.timeout(SYNC_TIMEOUT_MS));
  return { pool: new RunnerPool({ endpoints, secret }), stop: () => endpoints.stop() };
}
