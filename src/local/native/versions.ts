/** Versions of all that a native node is made of. Kubernetes 1.35 is the last that runs on containerd 1.x, which Debian 12 ships. */
export const VERSIONS = {
  kubernetes: '1.35.4',
  etcd: '3.6.5',
  coredns: '1.14.7',
  metricsServer: '0.9.0',
  crane: '0.21.3',
  helm: '3.19.2',
  pause: '1',
} as const;
