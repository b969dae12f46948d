import { expect, test } from '@jest/globals';
import { probeHost } from './config.ts';

test.each<[string, Record<string, string>, string]>([
  ['a pod everywhere, since the kubelet asks from outside', { KUBERNETES_SERVICE_HOST: '10.96.0.1' }, '0.0.0.0'],
  ['a machine of its own on loopback', { KUBECONFIG: '/root/.kube/config' }, '127.0.0.1'],
])('probes are answered in %s', (_name, env, host) => expect(probeHost(env)).toBe(host));
