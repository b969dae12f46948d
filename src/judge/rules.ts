import type { KubectlInvocation } from './command.ts';
import { type Facts, isCloseLook, isOverview, related } from './facts.ts';
import type { Opinion } from './judge.ts';

/** First rule that has an opinion judges the line. Feedback speaks of the way of working only, so it can give nothing away. */
export type Rule = (facts: Facts) => Opinion | undefined;

const WORKLOADS = new Set('deployment statefulset daemonset replicaset job cronjob'.split(' '));
/** Kinds that only hold others back: taking one away can be the repair, once it was looked at. */
const RESTRICTIONS = new Set('resourcequota limitrange networkpolicy poddisruptionbudget'.split(' '));
/** More targets than an incident has faults: that is no repair, it is a sweep. */
const MAX_TARGETS = 3;
/** More reads on one line than a person reads. */
const MAX_READS = 6;
const FAR_AWAY_SECONDS = 3600;

/** Lines that the shell cannot read, or that ask the cluster nothing. */
const noQuestion: Rule = ({ line: { parsed }, changedBefore }) => {
  if (parsed.syntaxError) return { score: -0.5, feedback: 'The shell cannot read this line.' };
  if (parsed.kubectl.length > 0) return undefined;
  if (parsed.programs.length > 0 && parsed.programs.every((program) => program === 'sleep')) {
    return changedBefore.length > 0
      ? { score: 0, feedback: 'Waiting after a change is fine; looking tells more.' }
      : { score: -0.2, feedback: 'Nothing was changed yet, so there is nothing to wait for.' };
  }
  return { score: -0.3, feedback: 'This line asks the cluster nothing.' };
};

/** Changes that destroy what users need, even when the API refuses them. */
const destructive: Rule = (facts) => {
  const { changes, line } = facts;
  const recreates = changes.some(({ verb }) => verb === 'apply' || verb === 'create' || verb === 'replace');
  let worst: Opinion | undefined =
    changes.length > 0 && weakensProbe(line.command)
      ? { score: -0.5, phase: 'fix', feedback: 'This takes away the means to notice that the workload is broken.' }
      : undefined;
  for (const change of changes) {
    const opinion = destruction(change, wasStudied({ ...facts, changes: [change] }), recreates);
    if (opinion && opinion.score < (worst?.score ?? 0)) worst = opinion;
  }
  return worst;
};

function destruction({ verb, targets, flags }: KubectlInvocation, studied: boolean, recreates: boolean): Opinion | undefined {
  const kinds = targets.map(({ resource }) => resource);
  if (verb === 'delete') {
    if (kinds.includes('namespace')) return { score: -1, phase: 'fix', feedback: 'Deleting a namespace takes everything in it down.' };
    if (flags.has('all') || kinds.includes('all')) return { score: -0.8, phase: 'fix', feedback: 'Deleting everything is no repair.' };
    if (recreates) return undefined;
    if (kinds.some((kind) => WORKLOADS.has(kind)))
      return { score: -0.8, phase: 'fix', feedback: 'Deleting a workload takes it from its users.' };
    if (studied && kinds.every((kind) => RESTRICTIONS.has(kind))) return undefined;
    if (kinds.some((kind) => kind !== 'pod')) return { score: -0.6, phase: 'fix', feedback: 'Deleting what others rely on is no repair.' };
  }
  if (verb === 'scale' && flags.get('replicas')?.[0] === '0')
    return { score: -0.6, phase: 'fix', feedback: 'Scaling to zero takes the workload from its users.' };
  if (verb === 'drain' || verb === 'cordon' || verb === 'taint')
    return { score: -0.5, phase: 'fix', feedback: 'Taking a node away hurts every workload on it.' };
  return undefined;
}

function weakensProbe(text: string): boolean {
  const delay = /initialDelaySeconds"?\s*:\s*(\d+)/.exec(text);
  return (
    /(?:liveness|readiness|startup)Probe"?\s*:\s*null/.test(text) ||
    /"?op"?\s*:\s*"?remove"?[^}]*Probe/.test(text) ||
    /Probe[\s\S]*\bcommand"?\s*:\s*\[?\s*["-]?\s*"?(?:\/bin\/)?true\b/.test(text) ||
    Number(delay?.[1] ?? 0) >= FAR_AWAY_SECONDS
  );
}

/** One blind change for everything. */
const sweep: Rule = ({ changes, line }) => {
  const aimed = changes.filter(({ verb }) => !/^(?:apply|create|replace|run|expose)/.test(verb));
  const targets = new Set(
    aimed.flatMap(({ namespace, targets }) => targets.map(({ resource, name }) => `${namespace} ${resource}/${name}`)),
  );
  const unnamed = aimed.some(({ targets, flags }) => flags.has('all') || flags.has('selector') || targets.every(({ name }) => !name));
  if (targets.size > MAX_TARGETS || line.mutations > MAX_TARGETS || (unnamed && line.mutations !== 1)) {
    return { score: -0.6, phase: 'fix', feedback: 'Changing everything at once repairs nothing and may break what is healthy.' };
  }
  return undefined;
};

/** The same question with the same answer. */
const repeated: Rule = ({ repeat }) =>
  repeat ? { score: -0.1, feedback: 'You asked this before, and nothing was changed since.' } : undefined;

const change: Rule = (facts) => {
  const { changes, line } = facts;
  if (changes.length === 0) return undefined;
  if (line.mutations === 0) {
    return line.failed
      ? { score: -0.2, phase: 'fix', feedback: 'The change was refused; the error says why.' }
      : { score: 0, phase: 'fix', feedback: 'This changed nothing.' };
  }
  const verbs = changes.map(({ verb }) => verb);
  if (verbs.every((verb) => verb === 'annotate' || verb === 'label'))
    return { score: -0.1, phase: 'fix', feedback: 'Labels and annotations repair little.' };
  if (verbs.some((verb) => /^(?:run|expose|autoscale|create \w+|debug)/.test(verb)) || createsByName(changes)) {
    return { score: -0.2, phase: 'fix', feedback: 'This adds something new beside what is broken.' };
  }
  const restart = changes.every(
    ({ verb, targets }) => verb === 'rollout restart' || (verb === 'delete' && targets.every(({ resource }) => resource === 'pod')),
  );
  const studied = wasStudied(facts);
  if (restart) {
    return studied
      ? { score: 0.1, phase: 'fix', feedback: 'A restart brings the same configuration back.' }
      : { score: 0, phase: 'fix', feedback: 'A restart without a look at the cause is a guess.' };
  }
  return studied
    ? { score: 0.6, phase: 'fix', feedback: 'A change to something you had looked at first.' }
    : { score: 0.1, phase: 'fix', feedback: 'A change to something you had not looked at is a guess.' };
};

function createsByName(changes: readonly KubectlInvocation[]): boolean {
  return changes.some(({ verb, flags }) => verb === 'create' && !flags.has('filename') && !flags.has('kustomize'));
}

/** Every object that is changed was looked at closely before; where the line does not name it (`apply -f`), something was. */
function wasStudied({ changes, looksBefore }: Pick<Facts, 'changes' | 'looksBefore'>): boolean {
  const looked = looksBefore.flatMap(({ targets }) => targets);
  const targets = changes.flatMap((it) => it.targets.map((target) => ({ ...target, namespace: it.namespace })));
  const named = targets.filter(({ name }) => name !== undefined);
  if (named.length === 0) return looksBefore.length > 0;
  return named.every(({ resource, name, namespace }) => {
    if (looked.some((seen) => seen.name !== undefined && related(seen.name, name ?? ''))) return true;
    const listsIt = (it: KubectlInvocation) =>
      it.verb === 'events' ||
      it.targets.some((seen) => (seen.resource === resource || seen.resource === 'event') && seen.name === undefined);
    return looksBefore.some((it) => listsIt(it) && (it.allNamespaces || it.namespace === namespace));
  });
}

const failedRead: Rule = ({ line }) => (line.failed ? { score: -0.2, feedback: 'The command failed; the error says why.' } : undefined);

const emptyRead: Rule = ({ line }) => (line.foundNothing ? { score: 0, feedback: 'There is nothing of that kind here.' } : undefined);

const flood: Rule = ({ reads }) =>
  reads.length > MAX_READS ? { score: 0, phase: 'triage', feedback: 'So much on one line hides what matters.' } : undefined;

/** A look at what was changed, or at everything, after a change. */
const verify: Rule = ({ reads, changedBefore, history }) => {
  if (changedBefore.length === 0) return undefined;
  const changed = changedBefore.flatMap(({ targets }) => targets.flatMap(({ name }) => (name ? [name] : [])));
  const places = new Set(changedBefore.map(({ namespace }) => namespace));
  const looksBack = (it: KubectlInvocation) =>
    /^(?:rollout status|wait)/.test(it.verb) ||
    it.targets.some(({ name }) => name !== undefined && changed.some((other) => related(name, other))) ||
    (isOverview(it) && (it.allNamespaces || places.has(it.namespace)));
  if (!reads.some(looksBack)) return undefined;
  const lastChange = history.findLastIndex(({ mutations }) => mutations > 0);
  const again = history.slice(lastChange + 1).some(({ parsed, failed }) => !failed && parsed.kubectl.some(looksBack));
  return again
    ? { score: 0.1, phase: 'verify', feedback: 'You had looked at the effect already.' }
    : { score: 0.5, phase: 'verify', feedback: 'Good: you look at what your change did.' };
};

const investigate: Rule = ({ reads, looksBefore, known }) => {
  const looks = reads.filter(isCloseLook);
  if (looks.length === 0) return undefined;
  const names = looks.flatMap(({ targets, namespace }) => targets.flatMap(({ name }) => (name ? [name] : namespace ? [namespace] : [])));
  const view = ({ verb, targets }: KubectlInvocation) => `${verb} ${targets.map(({ resource, name }) => `${resource}/${name}`).join()}`;
  const views = new Set(looksBefore.map(view));
  if (looks.every((it) => views.has(view(it)))) return { score: 0.1, phase: 'investigate', feedback: 'You had looked at this already.' };
  if (names.length === 0) return { score: 0.2, phase: 'investigate', feedback: 'A closer look at one object tells more.' };
  return names.some((name) => name.startsWith('$') || known(name))
    ? { score: 0.5, phase: 'investigate', feedback: 'Good: a closer look at something the alert or the cluster named.' }
    : { score: 0.2, phase: 'investigate', feedback: 'Nothing you have seen points here.' };
};

const triage: Rule = ({ reads, history, known }) => {
  const overviews = reads.filter(isOverview);
  if (overviews.length === 0) return undefined;
  const before = history.filter(({ parsed, failed }) => !failed && parsed.kubectl.some(isOverview)).length;
  if (before > 0) return { score: 0.2, phase: 'triage', feedback: 'Another overview; a closer look tells more.' };
  const wide = overviews.some((it) => it.allNamespaces || it.resource === 'namespace' || it.resource === 'node');
  if (wide) return { score: 0.5, phase: 'triage', feedback: 'Good: an overview first.' };
  const there = overviews.some(({ namespace }) => namespace !== undefined && known(namespace));
  return there
    ? { score: 0.4, phase: 'triage', feedback: 'Good: an overview of the place the alert speaks of.' }
    : { score: 0.1, phase: 'triage', feedback: 'This looks at one place only; the trouble may be elsewhere.' };
};

const aside: Rule = () => ({ score: 0, feedback: 'This says little about the incident.' });

export const RULES: readonly Rule[] = [
  noQuestion,
  destructive,
  sweep,
  repeated,
  change,
  failedRead,
  emptyRead,
  flood,
  verify,
  investigate,
  triage,
  aside,
];
