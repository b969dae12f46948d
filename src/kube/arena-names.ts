/**
 * The two spellings of an arena's namespaces: what an on-call engineer types (`payments`) and what the cluster holds (`payments-k3x9…`).
 * Towards the cluster only namespace names are touched, because `payments` is also a word, a label value and a database; towards the agent
 * `-<id>` goes wherever it stands, because a random id has no other meaning. Every mapping is idempotent and accepts both spellings.
 */

export interface ArenaNames {
  /** Random suffix, 10 or more characters of [a-z0-9], the first one a letter. */
  readonly id: string;
  /** Namespaces as the agent knows them. */
  readonly plain: readonly string[];
}

interface Patterns {
  /** Text inside objects: only forms that can be nothing but a namespace. */
  readonly stored: RegExp;
  /** Command lines and stdin of a shell, where `web.auth` is a host far more often than a property. */
  readonly typed: RegExp;
}

const ID = /^[a-z][a-z0-9]{9,}$/;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';
const NAMESPACE_KEY = /namespaces?$/i;
const patternsOf = new WeakMap<ArenaNames, Patterns>();

/** The cluster's name of a plain arena namespace; any other text, real names among it, comes back unchanged. */
export function realNamespace(name: string, arena: ArenaNames): string {
  return arena.plain.includes(name) ? `${name}-${arena.id}` : name;
}

/** The agent's name of a namespace given in either spelling, or undefined when it is not one of the arena's. */
export function plainNamespace(name: string, arena: ArenaNames): string | undefined {
  return arena.plain.find((plain) => name === plain || name === `${plain}-${arena.id}`);
}

/** Maps the namespaces inside free text or a JSON string: DNS names, service account users, namespace fields and API paths; a bare word stays. */
export function toReal(text: string, arena: ArenaNames): string {
  return text.replace(patterns(arena).stored, `$&-${arena.id}`);
}

/** As toReal, for what is typed into a container's shell: there any `label.namespace` counts as a host name. */
export function toRealCommand(text: string, arena: ArenaNames): string {
  return text.replace(patterns(arena).typed, `$&-${arena.id}`);
}

/** Strips the arena's id from text of any kind (JSON, logs, tables), also where taking one out joins the halves of another. */
export function toPlain(text: string, arena: ArenaNames): string {
  const mark = `-${arena.id}`;
  let plain = text;
  while (plain.includes(mark)) plain = plain.replaceAll(mark, '');
  return plain;
}

/** Facts about a body that the body itself may not carry: a patch of a Secret does not say that it is one. */
export interface BodyKind {
  readonly secret?: boolean;
  readonly namespace?: boolean;
}

/**
 * Maps an API object, list or patch (JSON values; protobuf messages as plain objects, with Uint8Array for bytes) to the cluster's names and
 * returns a new value. Beyond toReal on every string it knows the places where a bare name is a namespace: keys that end in "namespace",
 * Namespace objects, the kubernetes.io/metadata.name label, environment variables, JSON-patch operations, last-applied and Secret data.
 */
export function toRealValue(value: unknown, arena: ArenaNames, kind: BodyKind = {}): unknown {
  return new RealMapper(arena).body(value, kind);
}

/** Maps an API object (as toRealValue) to the plain names: strips the id from every key and string, also inside base64 Secret data. */
export function toPlainValue(value: unknown, arena: ArenaNames): unknown {
  if (typeof value === 'string') return toPlain(value, arena);
  if (Array.isArray(value)) return value.map((item) => toPlainValue(item, arena));
  if (!isRecord(value)) return value;
  const isSecret = value.kind === 'Secret';
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (isSecret && key === 'data') return [key, mapSecretData(item, (text) => toPlain(text, arena))];
      if (key === LAST_APPLIED && typeof item === 'string') return [key, mapNested(item, (nested) => toPlainValue(nested, arena))];
      return [toPlain(key, arena), toPlainValue(item, arena)];
    }),
  );
}

/** Maps the values of a Secret's `data`, base64 strings or bytes, that are UTF-8 text; others, and text that maps to itself, stay as they are. */
export function mapSecretData(data: unknown, map: (text: string) => string): unknown {
  if (!isRecord(data)) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, mapSecretValue(value, map)]));
}

function mapSecretValue(value: unknown, map: (text: string) => string): unknown {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : value instanceof Uint8Array ? value : undefined;
  const text = bytes && decodeUtf8(bytes);
  if (text === undefined) return value;
  const mapped = map(text);
  if (mapped === text) return value;
  return typeof value === 'string' ? Buffer.from(mapped).toString('base64') : Buffer.from(mapped);
}

/** Text of the bytes, or undefined when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

class RealMapper {
  readonly #arena: ArenaNames;

  constructor(arena: ArenaNames) {
    this.#arena = arena;
  }

  body(value: unknown, kind: BodyKind): unknown {
    if (Array.isArray(value)) return value.map((item) => (isPatchOperation(item) ? this.#patchOperation(item, kind) : this.#walk(item)));
    if (!isRecord(value)) return this.#walk(value);
    return this.#object(value, { secret: kind.secret || value.kind === 'Secret', namespace: kind.namespace || isNamespace(value) });
  }

  #walk(value: unknown): unknown {
    if (typeof value === 'string') return toReal(value, this.#arena);
    if (Array.isArray(value)) return value.map((item) => this.#walk(item));
    if (!isRecord(value)) return value;
    return this.#object(value, { secret: value.kind === 'Secret', namespace: isNamespace(value) });
  }

  #object(object: Record<string, unknown>, kind: BodyKind): Record<string, unknown> {
    const isNamespaceRequirement = object.key === NAMESPACE_NAME_LABEL;
    const isNamespaceVariable = typeof object.name === 'string' && NAMESPACE_KEY.test(object.name);
    const named = kind.namespace || object.resource === 'namespaces';
    return Object.fromEntries(
      Object.entries(object).map(([key, value]) => {
        const bare =
          NAMESPACE_KEY.test(key) ||
          key === NAMESPACE_NAME_LABEL ||
          (isNamespaceRequirement && key === 'values') ||
          (isNamespaceVariable && key === 'value') ||
          (named && key === 'name');
        if (bare && (typeof value === 'string' || Array.isArray(value))) return [key, this.#names(value)];
        if (kind.secret && key === 'data') return [key, mapSecretData(value, (text) => toReal(text, this.#arena))];
        if (key === LAST_APPLIED && typeof value === 'string') return [key, mapNested(value, (nested) => this.body(nested, kind))];
        if ((key === 'metadata' || key === 'annotations') && isRecord(value)) return [key, this.#object(value, kind)];
        if (key === 'raw' && value instanceof Uint8Array) return [key, this.#rawJson(value)];
        return [key, this.#walk(value)];
      }),
    );
  }

  #patchOperation(operation: Record<string, unknown>, kind: BodyKind): Record<string, unknown> {
    const path = toReal(operation.path as string, this.#arena);
    const steps = path.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = steps.at(-1) ?? '';
    let value = operation.value;
    if (NAMESPACE_KEY.test(last) || last === NAMESPACE_NAME_LABEL) value = this.#names(value);
    else if (last === LAST_APPLIED && typeof value === 'string') value = mapNested(value, (nested) => this.body(nested, kind));
    else if (kind.secret && steps[1] === 'data' && steps.length === 3) value = mapSecretValue(value, (text) => toReal(text, this.#arena));
    else if (kind.secret && path === '/data') value = mapSecretData(value, (text) => toReal(text, this.#arena));
    else value = this.#walk(value);
    const mapped: Record<string, unknown> = { ...operation, path };
    if ('value' in operation) mapped.value = value;
    if (typeof operation.from === 'string') mapped.from = toReal(operation.from, this.#arena);
    return mapped;
  }

  #names(value: unknown): unknown {
    if (typeof value === 'string')
      return this.#arena.plain.includes(value) ? realNamespace(value, this.#arena) : toReal(value, this.#arena);
    return Array.isArray(value) ? value.map((item) => this.#names(item)) : this.#walk(value);
  }

  #rawJson(bytes: Uint8Array): Uint8Array {
    const text = decodeUtf8(bytes);
    return text === undefined ? bytes : Buffer.from(mapNested(text, (nested) => this.body(nested, {})));
  }
}

/** Maps JSON inside a string and writes it as Go does, so that text which maps to itself keeps its bytes; text that is not JSON stays. */
function mapNested(text: string, map: (value: unknown) => unknown): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const before = JSON.stringify(value);
  const after = JSON.stringify(map(value));
  if (before === after) return text;
  const escaped = after.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return text.endsWith('\n') ? `${escaped}\n` : escaped;
}

function patterns(arena: ArenaNames): Patterns {
  let found = patternsOf.get(arena);
  if (!found) {
    if (!ID.test(arena.id))
      throw new Error(`Arena id ${JSON.stringify(arena.id)} must be 10 or more characters of [a-z0-9] that start with a letter`);
    found = compile(arena.plain);
    patternsOf.set(arena, found);
  }
  return found;
}

function compile(plain: readonly string[]): Patterns {
  if (plain.length === 0) return { stored: /(?!)/g, typed: /(?!)/g };
  // Longest first, and never followed by what would make it part of a longer name: `payments-<id>` is already real.
  const names = [...plain].sort((a, b) => b.length - a.length).map((name) => name.replace(/[^a-z0-9-]/g, '\\$&'));
  const end = '(?![\\w-])';
  const alternatives = (branches: [before: string, after: string][]) =>
    new RegExp(branches.map(([before, after]) => `${before}(?:${names.join('|')})${end}${after}`).join('|'), 'g');
  const always: [string, string][] = [
    ['(?<=\\.)', '(?=\\.(?:svc|pod)(?![\\w-]))'], // x.payments.svc, *.payments.svc.cluster.local
    ['(?<=(?:^|[^\\w.$-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.|[})]\\.)', '(?=:[0-9$])'], // x.payments:8080, ${HOST}.payments:8080
    ['(?<=(?:://|@)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.|(?:://|@)\\$[{(]?\\w+[})]?\\.)', '(?!\\.\\w)'], // http://x.payments/path
    ['(?<=system:serviceaccounts?:)', ''],
    ['(?<=/namespaces/)', ''],
    ['(?<=[nN]amespace["\']?[ \\t]?[:=][ \\t]?["\']?)', '(?!\\.)'], // namespace: payments
  ];
  return {
    // x-y.payments between blanks or quotes; or the whole string: a host. `config.auth` inside code stays.
    stored: alternatives([
      ...always,
      ['(?<=(?:^|[\\s"\'`=,;(\\[|])[a-z0-9][a-z0-9]*-[a-z0-9-]*[a-z0-9]\\.)', '(?=$|[\\s"\'`,;)\\]|/])'],
      ['(?<=^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)', '(?=$|/)'],
    ]),
    typed: alternatives([
      ...always,
      ['(?<=(?:^|[^\\w.$/-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.|[})]\\.)', '(?!\\.\\w)'],
      ['(?<=(?:^|\\s)(?:-n|--namespace)[ =])', ''],
    ]),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isNamespace(value: Record<string, unknown>): boolean {
  return value.kind === 'Namespace';
}

function isPatchOperation(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && typeof value.op === 'string' && typeof value.path === 'string';
}
