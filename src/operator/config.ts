import { IMAGE_REGISTRY } from '../api/defaults.ts';
import { GYM_NAMESPACE, SYSTEM_NAMESPACE } from '../api/group.ts';
import type { RbacSubject } from './arena/guard.ts';

/** What one operator needs to know of where it runs; made once at start from flags and defaults. */
export interface OperatorConfig {
  gymNamespace: string;
  systemNamespace: string;
  pool: { spare: number; max: number };
  /** Who the operator is in RBAC; undefined outside the cluster, where the kubeconfig's user is bound already. */
  operatorSubject?: RbacSubject;
  gatewaySubject?: RbacSubject;
  /** File that finished episodes are appended to, one JSON object a line. */
  archiveFile: string;
  /** Where the cluster pulls the images of the app from. */
  imageRegistry: string;
  healthPort: number;
  metricsPort: number;
  /** Name in the leader Lease. */
  identity: string;
}

export const operatorDefaults = {
  gymNamespace: GYM_NAMESPACE,
  systemNamespace: SYSTEM_NAMESPACE,
  pool: { spare: 2, max: 16 },
  archiveFile: 'episodes.jsonl',
  imageRegistry: IMAGE_REGISTRY,
  healthPort: 8081,
  metricsPort: 8080,
} as const;

/** Where probes and scrapes are answered: in a pod at its own address, which the kubelet asks; elsewhere only on this machine. */
export function probeHost(env: Record<string, string | undefined>): string {
  return env.KUBERNETES_SERVICE_HOST ? '0.0.0.0' : '127.0.0.1';
}
