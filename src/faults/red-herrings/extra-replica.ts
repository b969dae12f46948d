import { isSingleton } from '../../health/policies/intent.ts';
import { podUsage } from '../../health/policies/quotas.ts';
import { parseQuantity } from '../../health/quantity.ts';
import type { FaultContext } from '../fault.ts';
import type { RedHerring } from './red-herring.ts';

const oneMore = ({ deployment }: FaultContext): number => (deployment.spec.replicas ?? 1) + 1;

/** The namespace's quotas have room for one more pod of the target beside everything that the team runs there. */
function fits({ baseline, deployment, target }: FaultContext): boolean {
  const here = baseline.deployments.filter((d) => d.metadata.namespace === target.namespace);
  const need = (name: string): number =>
    here.reduce((sum, d) => sum + (d.spec.replicas ?? 1) * podUsage(d.spec.template, name), podUsage(deployment.spec.template, name));
  return baseline.quotas
    .filter((q) => q.metadata.namespace === target.namespace)
    .every((q) => Object.entries(q.spec.hard ?? {}).every(([name, hard]) => need(name) <= parseQuantity(hard)));
}

export const extraReplica: RedHerring = {
  kind: 'extra_replica',
  description: 'A healthy workload runs one replica more than it did, as after somebody scaled it up.',
  params: {},
  makesPods: true,
  canTarget: (context) => !isSingleton(context.deployment) && (context.deployment.spec.replicas ?? 1) > 0 && fits(context),
  mutations: (context) => {
    const { namespace, name } = context.target;
    const patch = { spec: { replicas: oneMore(context) } };
    return [{ verb: 'patch', kind: 'Deployment', namespace, name, type: 'merge', patch, subresource: 'scale' }];
  },
};
