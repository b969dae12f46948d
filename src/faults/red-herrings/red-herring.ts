import type { Params } from '../../api/incident.ts';
import type { FaultContext, Mutation, ParamRule } from '../fault.ts';

/**
 * Something that looks like a lead and is none. It stands beside a healthy workload, changes nothing that the oracle compares, and looks as if
 * the team or a controller had done it. Everything here is pure.
 */
export interface RedHerring {
  readonly kind: string;
  /** What an on-call meets, in one sentence, for documentation and designers; never shown to agents. */
  readonly description: string;
  readonly params: Readonly<Record<string, ParamRule>>;
  /** It makes or replaces pods: nothing for a namespace whose quota is broken, where they would be refused or take the room of others. */
  readonly makesPods: boolean;
  /** True for workloads that it does not hurt. */
  canTarget(context: FaultContext): boolean;
  /** The same call again changes nothing more; times come from the baseline. */
  mutations(context: FaultContext, params: Params): readonly Mutation[];
}
