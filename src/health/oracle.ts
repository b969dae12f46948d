import type { WorkloadHealth } from '../api/incident.ts';
import { type ArenaView, lastPodChange, viewArena } from './arena-view.ts';
import { POLICIES } from './policies/index.ts';
import type { Finding, JudgedFault, OracleInput } from './policy.ts';
import { targetKey } from './snapshot.ts';

export interface OracleResult {
  /** broken: will not get better by waiting. settling: may. healthy: nothing is known to be wrong at this moment. */
  verdict: 'healthy' | 'settling' | 'broken';
  /** Why it is not healthy: the first finding that will not settle, else the first. */
  finding?: Finding;
  /** One line per workload of the baseline. */
  workloads: WorkloadHealth[];
  /** Per fault of the input: its target and its proof show nothing wrong. */
  fixed: boolean[];
  /** Every object was looked for; only then may a healthy verdict resolve an Incident. */
  complete: boolean;
  /** The last moment at which anything in the arena moved or a customer failed: a hold cannot have begun before. */
  quietSince: Date;
  /** Start of the newest transaction that went through. */
  lastServedAt?: Date;
}

/**
 * Decides whether the arena is as healthy as its baseline. Pure. Fails closed: what cannot be judged (an empty baseline, an object that
 * does not parse) is broken.
 */
export function evaluate(input: OracleInput): OracleResult {
  if (input.baseline.deployments.length === 0) return unjudgeable(input, 'The baseline is empty, so nothing can be called healthy');
  try {
    return judge(viewArena(input));
  } catch (error) {
    return unjudgeable(input, `The arena cannot be judged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function judge(view: ArenaView): OracleResult {
  const general = POLICIES.flatMap((policy) => policy(view));
  const proofs = view.faults.map((fault) => fault.proof.flatMap((policy) => policy(view)));
  const findings = settle([...proofs.flat(), ...general], view);
  const finding = findings.find((f) => !f.settling) ?? findings[0];
  const served = view.snapshot.transactions.filter((t) => t.ok).map((t) => t.startedAt.getTime());
  const failed = view.snapshot.transactions.filter((t) => !t.ok).map((t) => t.finishedAt.getTime());
  return {
    verdict: finding === undefined ? 'healthy' : finding.settling ? 'settling' : 'broken',
    finding,
    workloads: view.workloads.map((w) => workloadLine(w.key, findings)),
    fixed: view.faults.map((fault, i) => proofs[i].length === 0 && isFixed(fault, general)),
    complete: view.snapshot.present !== undefined,
    quietSince: new Date(Math.max(lastPodChange(view), 0, ...failed)),
    lastServedAt: served.length ? new Date(Math.max(...served)) : undefined,
  };
}

/** After another workload's last change, what depends on it gets this long to follow (back-off of the native node included). */
const FOLLOW_SECONDS = 10;

/** What may follow from others counts as settling while something else still moves, and shortly after. */
function settle(findings: readonly Finding[], view: ArenaView): Finding[] {
  const now = view.snapshot.time.getTime();
  const othersMove = (f: Finding) =>
    findings.some((other) => other.settling && other.workload && other.workload !== f.workload) ||
    now - lastPodChange(view, f.workload) <= FOLLOW_SECONDS * 1000;
  return findings.map((f) => (!f.settling && f.mayFollowOthers && othersMove(f) ? { ...f, settling: true } : f));
}

function isFixed(fault: JudgedFault, general: readonly Finding[]): boolean {
  return !general.some((f) => f.workload === targetKey(fault.target));
}

function workloadLine(workload: string, findings: readonly Finding[]): WorkloadHealth {
  const own = findings.filter((f) => f.workload === workload);
  const worst = own.find((f) => !f.settling) ?? own[0];
  return worst
    ? { workload, healthy: false, reason: worst.reason.slice(0, 64), message: worst.message.slice(0, 512) }
    : { workload, healthy: true };
}

function unjudgeable(input: OracleInput, message: string): OracleResult {
  return {
    verdict: 'broken',
    finding: { reason: 'CannotJudge', message, settling: false },
    workloads: [],
    fixed: input.faults.map(() => false),
    complete: false,
    quietSince: input.snapshot.time,
  };
}
