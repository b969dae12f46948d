import { cleanLine, type KubectlInvocation, type ParsedCommand, parseCommand } from './command.ts';
import type { JudgedLine, JudgeInput } from './judge.ts';
import { asksOf, findRepeats } from './repeats.ts';

/** A line with what can be read from it without running it. */
export interface ReadLine extends JudgedLine {
  readonly parsed: ParsedCommand;
  readonly failed: boolean;
  /** kubectl ran and had nothing to list. */
  readonly foundNothing: boolean;
  /** Names that kubectl said of the cluster, without those that the agent had typed itself. */
  readonly evidence: ReadonlySet<string>;
}

/** What the rules of the heuristic judge look at. */
export interface Facts {
  readonly line: ReadLine;
  readonly history: readonly ReadLine[];
  readonly repeat: boolean;
  readonly reads: readonly KubectlInvocation[];
  readonly changes: readonly KubectlInvocation[];
  /** Successful changes of earlier lines. */
  readonly changedBefore: readonly KubectlInvocation[];
  /** Closer looks of earlier lines that worked. */
  readonly looksBefore: readonly KubectlInvocation[];
  /** True when the alert or the output of an earlier kubectl said this name (of an object, or of a pod of it). */
  known(name: string): boolean;
  /** Words that the agent has in front of it now: as `known`, with what the judged line itself got from kubectl. */
  readonly seen: ReadonlySet<string>;
}

// Programs that pass on what kubectl printed; any other one could print what the agent made up.
const FILTERS = new Set(['grep', 'egrep', 'fgrep', 'head', 'tail', 'sort', 'uniq', 'wc', 'cut']);
const NAME = /[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/g;

/** Reads the facts out of a judge's input; `history` is bounded by the steps of an episode (64). */
export function factsOf(input: JudgeInput): Facts {
  const history = input.history.filter((line) => line.action === 'Command').map(readLine);
  const line = readLine(input.step);
  const all = [...history, line].map(({ parsed, mutations }) => ({ asks: asksOf(parsed), mutations }));
  const names = new Set(namesIn(`${input.alert.title} ${input.alert.message}`));
  for (const { evidence } of history) for (const name of evidence) names.add(name);
  const worked = history.filter((earlier) => !earlier.failed);
  return {
    line,
    history,
    repeat: findRepeats(all).at(-1) === true,
    reads: line.parsed.kubectl.filter((it) => !it.mutating),
    changes: line.parsed.kubectl.filter((it) => it.mutating),
    changedBefore: history
      .filter((earlier) => earlier.mutations > 0)
      .flatMap((earlier) => earlier.parsed.kubectl.filter((it) => it.mutating)),
    looksBefore: worked.flatMap((earlier) => earlier.parsed.kubectl.filter(isCloseLook)),
    known: (name) => names.has(name) || [...names].some((other) => other.startsWith(`${name}-`)),
    seen: new Set([...names, ...line.evidence]),
  };
}

/** A line is looked back at by every later step of its episode, and read once. */
const READ = new WeakMap<JudgedLine, ReadLine>();

function readLine(line: JudgedLine): ReadLine {
  const known = READ.get(line);
  if (known) return known;
  const parsed = parseCommand(cleanLine(line.command));
  const facts = { ...line, parsed, failed: hasFailed(line, parsed), foundNothing: /^No resources found/m.test(line.output) };
  const read = { ...facts, evidence: evidenceOf(facts) };
  READ.set(line, read);
  return read;
}

/** A filter that matches nothing exits 1 and is no error; an error of kubectl in front of a filter is one although the line exits 0. */
function hasFailed(line: JudgedLine, parsed: ParsedCommand): boolean {
  const filtered = parsed.programs.some((program) => /grep$/.test(program));
  if ((line.exitCode ?? 0) !== 0 && !(filtered && line.exitCode === 1)) return true;
  const showsForeignText = parsed.kubectl.some(({ verb }) => verb === 'logs' || verb === 'exec');
  return !showsForeignText && /^(?:error:|Error from server|Unable to connect)/.test(line.output);
}

/** True when the output is what kubectl said of the cluster, and nothing that the agent could have made it say. */
export function tellsOfCluster(line: Pick<ReadLine, 'parsed' | 'failed'>): boolean {
  const { kubectl, programs } = line.parsed;
  const own = programs.some((program) => !FILTERS.has(program)) || kubectl.some(printsForTheAgent);
  return !line.failed && kubectl.length > 0 && !own;
}

function evidenceOf(line: Omit<ReadLine, 'evidence'>): ReadonlySet<string> {
  if (!tellsOfCluster(line)) return new Set();
  const typed = new Set(namesIn(line.command));
  return new Set(namesIn(line.output).filter((name) => !typed.has(name)));
}

/** Templates print literals, and a program in a container prints what it is told to. */
function printsForTheAgent({ verb, flags }: KubectlInvocation): boolean {
  return /^(?:exec|attach|run|debug|explain|config|create|apply)/.test(verb) || /path|template/.test(flags.get('output')?.at(-1) ?? '');
}

/** Words and names of a text in lower case: `payments/payment-api` is two. */
export function namesIn(text: string): string[] {
  return text.toLowerCase().match(NAME) ?? [];
}

/** A look at something in particular, as against a list of what there is. */
export function isCloseLook(it: KubectlInvocation): boolean {
  if (it.mutating) return false;
  if (/^(?:describe|logs|events|top|exec|debug|attach|rollout (?:history|status))/.test(it.verb)) return true;
  if (it.verb !== 'get') return false;
  const detailed = /^(?:yaml|json)$/.test(it.flags.get('output')?.[0] ?? '');
  return detailed || it.targets.some(({ resource, name }) => name !== undefined || !LISTED_IN_TRIAGE.has(resource));
}

const LISTED_IN_TRIAGE = new Set(
  'pod deployment all namespace node service replicaset statefulset daemonset job cronjob ingress'.split(' '),
);

/** True for a list of what there is. */
export function isOverview(it: KubectlInvocation): boolean {
  return it.verb === 'get' && it.targets.length > 0 && !isCloseLook(it);
}

/** True when one name is the other or a part of the app that belongs to it: a pod or ReplicaSet of a Deployment. */
export function related(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}-`) || b.startsWith(`${a}-`);
}
