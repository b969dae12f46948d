/** What a random agent types: right fixes, cheats, looks and junk, chosen by a seed. */
import type { FaultSpec } from '../../src/api/incident.ts';
import { attemptsOf, resolveFaults } from '../../src/faults/engine.ts';
import type { Attempt } from '../../src/faults/fault.ts';
import { seededRandom } from '../../src/faults/random.ts';
import type { Baseline } from '../../src/health/snapshot.ts';

/** fixes: looks, then a right fix of everything. cheated: the same after some cheats. cheats: no fix at all. mix: anything in any order. */
export const STYLES = ['fixes', 'cheated', 'cheats', 'mix'] as const;
export type Style = (typeof STYLES)[number];

export interface Policy {
  style: Style;
  lines: string[];
}

const LOOKS = [
  'kubectl get pods -A',
  'kubectl get deployments -A -o wide',
  'kubectl get events -A --sort-by=.lastTimestamp | tail -20',
  'kubectl describe pods -n payments | tail -40',
  'kubectl get resourcequota -A',
  'kubectl logs deployment/payment-api -n payments --tail=20',
  'diagnose: something in payments is short of memory',
];
const JUNK = [
  'ls -la /',
  'kubectl',
  'kubectl get pods -n kube-system',
  'kubectl delete namespace payments',
  'kubectl get secrets -A -o yaml | head -50',
  'kubectl create deployment noise --image=registry.local/shop/web-app:1.9.0 -n frontend',
  'kubectl delete pods --all -n auth',
  'kubectl annotate deployment web-app -n frontend note=seen --overwrite',
  'curl http://web-app.frontend',
  'for i in 1 2 3; do kubectl get pods -n auth; done | sort | uniq -c',
  "echo '{' | kubectl apply -f -",
];

/** At most `most` lines for an incident with these faults. */
export function randomPolicy(seed: number, faults: readonly FaultSpec[], app: Baseline, most: number): Policy {
  const random = seededRandom(`random agent ${seed}`);
  const pick = <T>(from: readonly T[]): T => from[random(from.length)];
  const attempts = resolveFaults(faults, app).map((record) => attemptsOf(record, app));
  const style = pick(STYLES);
  const look = () => [pick(LOOKS)];
  const junk = () => [pick(JUNK)];
  const cheat = () => linesOf(pick(pick(attempts).cheats));
  const fix = () => {
    const { reference, honest } = pick(attempts);
    return linesOf(random(2) ? reference : pick(honest));
  };
  const fixAll = () => attempts.flatMap(({ reference, honest }) => linesOf(random(2) ? reference : pick(honest)));
  const some = (count: number, ...choices: (() => string[])[]) => Array.from({ length: count }, () => pick(choices)()).flat();
  const lines: Record<Style, () => string[]> = {
    fixes: () => [...some(random(3), look), ...fixAll()],
    cheated: () => [...some(1 + random(2), cheat, junk), ...some(random(2), look), ...fixAll()],
    cheats: () => [...some(2 + random(4), cheat, cheat, junk, look), ...(random(2) ? ['report: resolved'] : [])],
    mix: () => some(4 + random(5), cheat, fix, fix, fix, junk, look),
  };
  return { style, lines: lines[style]().slice(0, most) };
}

const linesOf = (attempt: Attempt): string[] => [...attempt.lines];
