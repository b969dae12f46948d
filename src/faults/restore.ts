import type { FaultStatus } from '../api/incident.ts';
import type { Baseline } from '../health/snapshot.ts';
import { contextOf } from './engine.ts';
import type { Mutation } from './fault.ts';

/**
 * Mutations that put back what these faults broke: the Deployment of each target and the quotas of each target's namespace, exactly as the
 * baseline has them, whatever was changed in them since. Quotas first: pods have to be let in. Repeating them changes nothing more.
 *
 * @param baseline of the arena itself: templates of another one name other namespaces
 * @throws Error when the baseline lacks a target
 */
export function restoreMutations(faults: readonly Pick<FaultStatus, 'target'>[], baseline: Baseline): Mutation[] {
  const namespaces = new Set(faults.map(({ target }) => target.namespace));
  const quotas = baseline.quotas.filter(({ metadata }) => namespaces.has(metadata.namespace ?? ''));
  return [
    ...quotas.map(
      ({ metadata, spec }): Mutation => ({
        ...{ verb: 'patch', kind: 'ResourceQuota', namespace: metadata.namespace ?? '', name: metadata.name, type: 'json' },
        patch: [{ op: 'add', path: '/spec/hard', value: spec.hard ?? {} }],
      }),
    ),
    ...faults.map(({ target }): Mutation => {
      const { spec } = contextOf(target, baseline).deployment;
      return {
        ...{ verb: 'patch', kind: 'Deployment', namespace: target.namespace, name: target.name, type: 'json' },
        // "add" sets a member that is there already, too (RFC 6902).
        patch: [
          { op: 'add', path: '/spec/replicas', value: spec.replicas ?? 1 },
          { op: 'add', path: '/spec/template', value: spec.template },
        ],
      };
    }),
  ];
}
