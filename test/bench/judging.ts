import { judgeByRules } from '../../src/judge/heuristic.ts';
import type { JudgedLine } from '../../src/judge/judge.ts';
import { median, round } from './stats.ts';

const TARGET_MS = 5;
/** As much as a frame carries. */
const OUTPUT_BYTES = 16 * 1024;
const ALERT = { severity: 'critical', title: 'Payments fail', message: 'Customers in payments get errors at checkout.' } as const;
/** An episode of the greatest default length: what an on-call types, each line with a full page of output. */
const LINES = [
  'kubectl get pods -A',
  'kubectl get events -n payments --sort-by=.lastTimestamp | tail -40',
  'kubectl describe deployment payment-api -n payments',
  'kubectl logs deploy/payment-api -n payments --previous --tail=100',
  "kubectl get deploy payment-api -n payments -o yaml | grep -A5 'limits:'",
  'kubectl describe pod -n payments -l app=payment-api | grep -i -A3 "last state"',
  'for ns in frontend auth payments; do kubectl get quota,deploy -n $ns -o wide; done',
  'kubectl rollout history deployment/payment-api -n payments',
  'kubectl set resources deployment/payment-api -n payments --limits=memory=256Mi',
  'kubectl rollout status deployment/payment-api -n payments --timeout=60s',
  'kubectl get pods -n payments -w',
  'kubectl patch deploy payment-api -n payments --type=json -p \'[{"op":"remove","path":"/spec/template/spec/nodeSelector"}]\'',
  'kubectl get endpointslices -n payments && kubectl get svc -n payments',
  'kubectl top pods -n payments; kubectl get pods -n payments -o wide',
  'kubectl get pods -A | grep -v Running',
];

/** Milliseconds that the heuristic judge takes for a step, over whole episodes; the last steps, with most before them, are the slowest. */
export function measureJudging(o: { rounds: number; say: (line: string) => void }): object {
  const page = 'payments   payment-api-6d8f7c9b5-x2x9k   0/1   CrashLoopBackOff   4 (12s ago)   5m\n'
    .repeat(OUTPUT_BYTES / 80)
    .slice(0, OUTPUT_BYTES);
  const episode = LINES.map(
    (command): JudgedLine => ({
      action: 'Command',
      command,
      exitCode: 0,
      output: page,
      mutations: /set resources|patch/.test(command) ? 1 : 0,
    }),
  );
  const took: number[] = [];
  for (let round_ = 0; round_ <= o.rounds; round_++) {
    const steps = episode.map((step) => ({ ...step, output: `${step.output}${round_}` }));
    for (const [i, step] of steps.entries()) {
      const began = performance.now();
      judgeByRules({ alert: ALERT, persona: 'junior', step, history: steps.slice(0, i) });
      if (round_ > 0) took.push(performance.now() - began);
    }
  }
  took.sort((a, b) => a - b);
  const p99 = round(took[Math.ceil(took.length * 0.99) - 1], 2);
  o.say(`the heuristic judge: ${p99} ms a step (99th percentile of ${took.length})`);
  return { target: TARGET_MS, met: p99 <= TARGET_MS, p99_ms: p99, median_ms: round(median(took), 3), steps: took.length };
}
