/** Label and field selectors: mapped to real names for the API server, and evaluated for the few objects that the view lists itself. Pure. */
import { type ArenaNames, realNamespace } from '../../kube/arena-names.ts';

/** A selector that does not parse; the message is for the client. */
export class InvalidSelector extends Error {}

/** A field selector with the values of namespace fields (metadata.namespace, involvedObject.namespace, ...) in real names. */
export function realFieldSelector(selector: string, arena: ArenaNames): string {
  return selector.replace(
    /((?:^|,)\s*[\w.]*namespace\s*(?:!=|==?)\s*)([a-z0-9-]+)(?=\s*(?:,|$))/g,
    (_all, left, name) => `${left}${realNamespace(name, arena)}`,
  );
}

/** A test of labels against a selector; throws InvalidSelector. */
export function labelMatcher(selector: string): (labels: Record<string, string>) => boolean {
  const tests = splitRequirements(selector).map(parseRequirement);
  return (labels) => tests.every((test) => test(labels));
}

/** A test of fields against a field selector over the given fields; throws InvalidSelector for others. */
export function fieldMatcher(selector: string, supported: readonly string[]): (fields: Record<string, string>) => boolean {
  const tests = selector
    .split(',')
    .filter(Boolean)
    .map((term) => {
      const match = /^\s*([\w.]+)\s*(!=|==?)\s*([^=!]*?)\s*$/.exec(term);
      if (!match) throw new InvalidSelector(`invalid selector: '${term}'; can't understand '${term}'`);
      const [, field, operator, value] = match;
      if (!supported.includes(field)) throw new InvalidSelector(`field label not supported: ${field}`);
      return (fields: Record<string, string>) => ((fields[field] ?? '') === value) === (operator !== '!=');
    });
  return (fields) => tests.every((test) => test(fields));
}

/** Commas inside parentheses belong to a set. */
function splitRequirements(selector: string): string[] {
  return selector.match(/(?:\([^)]*\)|[^,(])+/g)?.map((term) => term.trim()) ?? [];
}

function parseRequirement(term: string): (labels: Record<string, string>) => boolean {
  const key = '([\\w./-]+)';
  const set = new RegExp(`^${key}\\s+(in|notin)\\s*\\(([^()]*)\\)$`).exec(term);
  if (set) {
    const values = set[3].split(',').map((value) => value.trim());
    return (labels) => (set[1] in labels && values.includes(labels[set[1]])) === (set[2] === 'in');
  }
  const equality = new RegExp(`^${key}\\s*(!=|==?)\\s*([\\w.-]*)$`).exec(term);
  if (equality) return (labels) => (labels[equality[1]] === equality[3]) === (equality[2] !== '!=');
  const comparison = new RegExp(`^${key}\\s*([<>])\\s*(\\d+)$`).exec(term);
  if (comparison) {
    const [, name, sign, bound] = comparison;
    return (labels) => (sign === '>' ? Number(labels[name]) > Number(bound) : Number(labels[name]) < Number(bound));
  }
  const presence = new RegExp(`^(!?)\\s*${key}$`).exec(term);
  if (presence) return (labels) => presence[2] in labels === (presence[1] === '');
  throw new InvalidSelector(`unable to parse requirement: found '${term}', expected: identifier`);
}
