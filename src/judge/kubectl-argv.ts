import { canonicalResource } from './resource-names.ts';

/** What a kubectl command names: a kind in its canonical singular form and, where given, one object. */
export interface KubectlTarget {
  resource: string;
  name?: string;
}

/** One kubectl command as its arguments tell it, without asking the cluster. */
export interface KubectlInvocation {
  /** The words after `kubectl`, quotes removed. */
  argv: string[];
  /** `get`, `rollout undo`, `set image`, ...; empty when there is none. */
  verb: string;
  /** Canonical kind of the first target, e.g. `deployment` for `deploy/x`. */
  resource?: string;
  name?: string;
  targets: KubectlTarget[];
  /** Words that are neither verb nor flag, as written, up to `--`. */
  positionals: string[];
  /** Words after `--`: what `exec`, `run` and `debug` start in a container. */
  command: string[];
  namespace?: string;
  allNamespaces: boolean;
  /** Values by long flag name (`o` -> `output`); a switch has the value `true`. */
  flags: Map<string, string[]>;
  /** Would change API objects. What `exec` does inside a container does not count. */
  mutating: boolean;
  readOnly: boolean;
}

// pflag wants a value after every flag that is not in this list (kubectl 1.35, all commands together).
const SWITCHES = new Set(
  `all all-containers all-namespaces all-pods allow-missing-template-keys append-hash arguments-only attach cached client command
  delete-emptydir-data disable-compression disable-eviction edit enable-alpha-plugins enable-helm expose flatten follow force force-conflicts
  generate-name help ignore-daemonsets ignore-errors ignore-not-found insecure-skip-tls-verify insecure-skip-tls-verify-backend interactive
  keep-annotations keep-init-containers keep-labels keep-liveness keep-readiness keep-startup leave-stdin-open list local match-server-version
  merge minify namespaced no-headers no-preserve now output-watch-events overwrite prefix previous privileged prune quiet record recursive
  remove-extra-permissions remove-extra-subjects replace resolve rm save-config server-print server-side set-image share-processes short
  show-capacity show-events show-kind show-labels show-managed-fields show-swap stdin sum suspend timestamps tty use-openapi-print-columns
  use-protocol-buffers wait warnings-as-errors watch watch-only windows-line-endings`.split(/\s+/),
);

// Flags that may stand alone and otherwise take their value after `=` only (pflag's NoOptDefVal).
const OPTIONAL_VALUE: Record<string, string> = { 'dry-run': 'client', cascade: 'background', validate: 'strict' };

const SHORT: Record<string, string> = {
  A: 'all-namespaces',
  c: 'container',
  e: 'env',
  f: 'filename',
  h: 'help',
  i: 'stdin',
  k: 'kustomize',
  l: 'selector',
  L: 'label-columns',
  n: 'namespace',
  o: 'output',
  p: 'patch',
  q: 'quiet',
  R: 'recursive',
  s: 'server',
  t: 'tty',
  v: 'v',
  w: 'watch',
};

const SHORT_BY_VERB: Record<string, Record<string, string>> = {
  logs: { f: 'follow', p: 'previous' },
  log: { f: 'follow', p: 'previous' },
  delete: { i: 'interactive' },
  proxy: { p: 'port', w: 'www' },
};

const GROUPS: Record<string, Set<string>> = {
  rollout: new Set(['history', 'pause', 'restart', 'resume', 'status', 'undo']),
  set: new Set(['env', 'image', 'resources', 'selector', 'serviceaccount', 'sa', 'subject']),
  auth: new Set(['can-i', 'reconcile', 'whoami']),
  apply: new Set(['edit-last-applied', 'set-last-applied', 'view-last-applied']),
  certificate: new Set(['approve', 'deny']),
  'cluster-info': new Set(['dump']),
  config: new Set(),
  plugin: new Set(['list']),
};

const MUTATING = new Set(
  `annotate apply autoscale cordon create debug delete drain edit expose label patch replace run scale taint uncordon
  rollout-pause rollout-restart rollout-resume rollout-undo set-env set-image set-resources set-selector set-serviceaccount set-sa set-subject
  auth-reconcile apply-edit-last-applied apply-set-last-applied certificate-approve certificate-deny`.split(/\s+/),
);

const POD_VERBS = new Set(['logs', 'log', 'exec', 'attach', 'port-forward', 'debug']);
const NODE_VERBS = new Set(['cordon', 'uncordon', 'drain']);
const NO_TARGET = new Set([
  'api-resources',
  'api-versions',
  'version',
  'kustomize',
  'completion',
  'options',
  'config',
  'cluster-info',
  'plugin',
]);

/**
 * Reads the arguments of one kubectl command the way kubectl does (flags anywhere, `-nX`, `-n=X`, `-it`, `--flag value`).
 *
 * @param argv the words after `kubectl`; unknown verbs and flags are kept as they are, nothing is rejected
 */
export function classifyKubectl(argv: readonly string[]): KubectlInvocation {
  const { flags, words, command } = readFlags(argv);
  const head = words[0] ?? '';
  const grouped = GROUPS[head] !== undefined && words[1] !== undefined && (GROUPS[head].size === 0 || GROUPS[head].has(words[1]));
  const verb = grouped ? `${head} ${words[1]}` : head;
  const positionals = words.slice(grouped ? 2 : 1);
  const targets = readTargets(verb, positionals);
  const last = (flag: string) => flags.get(flag)?.at(-1);
  const mutating =
    MUTATING.has(verb.replace(' ', '-')) &&
    !(verb === 'create' && positionals[0] === 'token') &&
    (last('dry-run') ?? 'none') === 'none' &&
    !isSet(flags, 'list') &&
    !isSet(flags, 'local') &&
    !isSet(flags, 'help');
  return {
    argv: [...argv],
    verb,
    resource: targets[0]?.resource,
    name: targets[0]?.name,
    targets,
    positionals,
    command,
    namespace: last('namespace'),
    allNamespaces: isSet(flags, 'all-namespaces'),
    flags,
    mutating,
    readOnly: !mutating,
  };
}

/** Whether a switch is on: given, and not given last as `--flag=false`. */
export function isSet(flags: ReadonlyMap<string, readonly string[]>, flag: string): boolean {
  const value = flags.get(flag)?.at(-1);
  return value !== undefined && value !== 'false';
}

function readFlags(argv: readonly string[]): { flags: Map<string, string[]>; words: string[]; command: string[] } {
  const flags = new Map<string, string[]>();
  const words: string[] = [];
  const add = (name: string, value: string) => flags.set(name, [...(flags.get(name) ?? []), value]);
  let i = 0;
  for (; i < argv.length && argv[i] !== '--'; i++) {
    const word = argv[i];
    if (word.startsWith('--')) {
      const at = word.indexOf('=');
      const name = at < 0 ? word.slice(2) : word.slice(2, at);
      if (at >= 0) add(name, word.slice(at + 1));
      else if (isSwitch(name, words)) add(name, OPTIONAL_VALUE[name] ?? 'true');
      else add(name, argv[++i] ?? '');
    } else if (word.startsWith('-') && word.length > 1) {
      i = readShort(argv, i, words, add);
    } else {
      words.push(word);
    }
  }
  return { flags, words, command: argv.slice(i + 1) };
}

function readShort(argv: readonly string[], start: number, words: string[], add: (name: string, value: string) => void): number {
  const word = argv[start];
  for (let at = 1; at < word.length; at++) {
    const name = SHORT_BY_VERB[words[0] ?? firstWord(argv)]?.[word[at]] ?? SHORT[word[at]] ?? word[at];
    if (isSwitch(name, words) && word[at + 1] !== '=') {
      add(name, 'true');
      continue;
    }
    const rest = word.slice(at + 1);
    if (rest) {
      add(name, rest.startsWith('=') ? rest.slice(1) : rest);
      return start;
    }
    add(name, argv[start + 1] ?? '');
    return start + 1;
  }
  return start;
}

function firstWord(argv: readonly string[]): string {
  return argv.find((word) => !word.startsWith('-')) ?? '';
}

function isSwitch(name: string, words: string[]): boolean {
  if (name === 'containers') return words[0] === 'top';
  if (name === 'raw') return words[0] === 'config';
  return SWITCHES.has(name) || name in OPTIONAL_VALUE;
}

function readTargets(verb: string, positionals: string[]): KubectlTarget[] {
  if (verb === '' || NO_TARGET.has(verb.split(' ')[0])) return [];
  if (verb === 'auth can-i') return targetsOf(positionals.slice(1));
  if (verb === 'cp') return positionals.filter((word) => word.includes(':')).map((word) => ({ resource: 'pod', name: word.split(':')[0] }));
  if (verb === 'run') return positionals[0] ? [{ resource: 'pod', name: positionals[0] }] : [];
  if (verb === 'explain') return positionals[0] ? [{ resource: canonicalResource(positionals[0].split('.')[0]) }] : [];
  if (NODE_VERBS.has(verb)) return positionals.map((name) => ({ resource: 'node', name }));
  if (POD_VERBS.has(verb)) {
    const first = positionals[0];
    if (!first) return [{ resource: 'pod' }];
    return first.includes('/') ? targetsOf([first]) : [{ resource: 'pod', name: first }];
  }
  if (verb === 'create') return createTarget(positionals);
  if (verb === 'set serviceaccount' || verb === 'set sa') return targetsOf(positionals.slice(0, -1));
  // `label pod x a=b old-`, `set image deploy/x c=img`: what follows the objects is data.
  return targetsOf(
    positionals.filter((word) => !word.includes('=') && !(/^(label|annotate|taint|set env)$/.test(verb) && word.endsWith('-'))),
  );
}

function createTarget(positionals: string[]): KubectlTarget[] {
  const kind = positionals[0];
  if (!kind) return [];
  const hasType = ['secret', 'service', 'svc'].includes(kind);
  return [{ resource: canonicalResource(kind), name: positionals[hasType ? 2 : 1] }];
}

function targetsOf(words: string[]): KubectlTarget[] {
  if (words.length === 0) return [];
  if (words[0].includes('/')) {
    return words.flatMap((word) => {
      const [kind, name] = word.split('/', 2);
      return name === undefined ? [] : [{ resource: canonicalResource(kind), name: name || undefined }];
    });
  }
  const kinds = words[0].split(',').filter(Boolean).map(canonicalResource);
  const names = words.slice(1);
  return names.length === 0
    ? kinds.map((resource) => ({ resource }))
    : kinds.flatMap((resource) => names.map((name) => ({ resource, name })));
}
