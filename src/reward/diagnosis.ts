/** What was really broken. */
export interface TrueFault {
  /** Name of the broken workload. */
  readonly workload: string;
  readonly type: string;
}

export interface DiagnosisKey {
  readonly faults: readonly TrueFault[];
  /** Words that name a fault class, by type (`Fault.diagnosisTerms`); every class the gym knows. */
  readonly terms: Readonly<Record<string, readonly string[]>>;
  /** Every workload of the app. */
  readonly workloads: readonly string[];
}

const WORKLOAD_SHARE = 0.5;
const CLASS_SHARE = 0.5;
const WRONG_WORKLOAD = 0.5;
// A true diagnosis often names the symptom's class beside the cause's ("OOMKilled, so it crash-loops").
const FREE_EXTRA_CLASSES = 1;

/**
 * Score of `diagnose: TEXT`, 0..1: half for the right workloads, half for the right fault classes (shared between several faults), minus half
 * for each wrong workload named. Naming more classes than one beyond the number of faults divides the class half, so a list of
 * everything is worth little. A no-fault control has nothing to name: 1 when the text names no workload.
 */
export function scoreDiagnosis(text: string, key: DiagnosisKey): number {
  const { named, rest } = namedWorkloads(text, key.workloads);
  const broken = new Set(key.faults.map((fault) => fault.workload));
  const wrong = [...named].filter((name) => !broken.has(name)).length;
  if (key.faults.length === 0) return wrong === 0 ? 1 : 0;
  const rightWorkloads = [...broken].filter((name) => named.has(name)).length / broken.size;
  const types = new Set(key.faults.map((fault) => fault.type));
  const namedTypes = new Set(Object.keys(key.terms).filter((type) => key.terms[type].some((term) => says(rest, term))));
  const rightTypes = [...types].filter((type) => namedTypes.has(type)).length;
  const classes = rightTypes / Math.max(types.size, namedTypes.size - FREE_EXTRA_CLASSES);
  return Math.min(1, Math.max(0, WORKLOAD_SHARE * rightWorkloads + CLASS_SHARE * classes - WRONG_WORKLOAD * wrong));
}

/** Workloads that the text names, pods (`payment-api-7d9f-x2`) and DNS names (`payment-api.payments`) included; `rest` is the text without them. */
function namedWorkloads(text: string, workloads: readonly string[]): { named: Set<string>; rest: string } {
  const byLength = [...workloads].sort((a, b) => b.length - a.length);
  const named = new Set<string>();
  const rest = text.toLowerCase().replace(/[a-z0-9][a-z0-9-]*/g, (word) => {
    const hit = byLength.find((name) => word === name || word.startsWith(`${name}-`));
    if (!hit) return word;
    named.add(hit);
    return ' ';
  });
  return { named, rest: plainWords(rest) };
}

/** True when a word of the text begins with the term: `quota` is said by `quotas`, `oom` not by `room`. */
function says(words: string, term: string): boolean {
  return words.includes(` ${plainWords(term).trim()}`);
}

function plainWords(text: string): string {
  return ` ${text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()} `;
}
