import type { KubeClient } from '../kube/client.ts';
import { Resources } from '../kube/resource.ts';
import type { KubeObject } from '../kube/types.ts';

/** What the operator needs to know of the cluster's nodes; read once, at start. */
export interface Nodes {
  /** Where the API server's proxy and the kubelet's probes come from: each node's own address, and the first of its pod range (the bridge). */
  cidrs: readonly string[];
  /** One arena for each CPU, at least 2: making one keeps about one busy (6 CPU-seconds, docs/performance.md). */
  arenasAtOnce: number;
}

type Node = KubeObject & {
  spec?: { podCIDRs?: string[] };
  status?: { addresses?: { type: string; address: string }[]; allocatable?: { cpu?: string } };
};

export async function readNodes(client: KubeClient): Promise<Nodes> {
  const nodes = (await client.list(Resources.nodes)).items as Node[];
  const cidrs = nodes.flatMap((node) => {
    const own = (node.status?.addresses ?? [])
      .filter((a) => a.type === 'InternalIP')
      .map((a) => `${a.address}/${a.address.includes(':') ? 128 : 32}`);
    const bridge = (node.spec?.podCIDRs ?? []).filter((c) => !c.includes(':')).map((c) => `${c.replace(/\.0\/\d+$/, '.1')}/32`);
    return [...own, ...bridge];
  });
  const cpus = nodes.reduce((sum, node) => sum + cpusOf(node.status?.allocatable?.cpu ?? '0'), 0);
  return { cidrs, arenasAtOnce: Math.max(2, Math.floor(cpus)) };
}

const cpusOf = (quantity: string): number => (quantity.endsWith('m') ? Number.parseInt(quantity, 10) / 1000 : Number(quantity));
