import type { ArenaSnapshot } from '../health/snapshot.ts';
import { type Facts, namesIn } from './facts.ts';

/** What an LLM must not say to an agent that has not seen it yet. */
export interface Vocabulary {
  /** Names of everything in the arena, lower case. */
  readonly names: ReadonlySet<string>;
  /** Beginnings of words that name a kind of fault, or a state. */
  readonly stems: readonly string[];
}

/** Words about how something stands, which say half of what is wrong with it. */
const STATES = ['crash', 'restart', 'kill', 'pend', 'evict', 'backoff', 'pull', 'refus', 'unready', 'unhealth'];
/** Words in the terms of faults that say nothing alone. */
const PLAIN = new Set(['out', 'wrong', 'check']);
const MAX_CHARS = 240;

/** `terms`: words that name a fault class (`Fault.diagnosisTerms`), one or several words each. */
export function vocabularyOf(snapshot: ArenaSnapshot | undefined, terms: readonly string[]): Vocabulary {
  const words = terms.flatMap(namesIn).filter((word) => word.length > 2 && !PLAIN.has(word));
  const { deployments = [], pods = [], services = [], quotas = [] } = snapshot ?? {};
  const objects = [...deployments, ...pods, ...services, ...quotas];
  const containers = deployments.flatMap(({ spec }) => spec.template.spec.containers);
  const names = [...objects.flatMap(({ metadata }) => [metadata.name, metadata.namespace ?? '']), ...containers.map(({ name }) => name)];
  return { names: new Set(names.map((name) => name.toLowerCase())), stems: [...new Set([...words, ...STATES])] };
}

/**
 * A sentence of an LLM, fit for an agent: one line of bounded length that names no object, number, state or kind of fault that the agent has
 * not read in the alert or in kubectl's output. Undefined when it is not fit: nothing is taken out of it, for the rest would still point there.
 */
export function fitToSay(text: string | null, { seen }: Pick<Facts, 'seen'>, { names, stems }: Vocabulary): string | undefined {
  const line = (text ?? '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/ +/g, ' ')
    .trim();
  if (line === '' || line.length > MAX_CHARS) return undefined;
  const begins = (stem: string) => [...seen].some((word) => word.startsWith(stem));
  const fit = line.split(' ').every((raw) => {
    const word = raw.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
    const parts = namesIn(word);
    const telling = parts.flatMap((part) => stems.filter((stem) => part.startsWith(stem)));
    if (!telling.every(begins)) return false;
    return !(isName(word) || parts.some((part) => names.has(part))) || parts.every((part) => seen.has(part) || begins(`${part}-`));
  });
  return fit ? line : undefined;
}

/** Written as names, numbers and constants are, not as words: `payment-api`, `4Mi`, `OOMKilled`, `DATABASE_URL`. */
function isName(word: string): boolean {
  return /[0-9./:_=@-]/.test(word) || /[A-Z]{2}|[a-z][A-Z]/.test(word);
}
