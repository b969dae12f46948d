import type { Params } from '../api/incident.ts';
import { targetKey } from '../health/snapshot.ts';
import type { FaultContext, ParamRule, Random } from './fault.ts';

/** A parameter that takes one of these values and no other. */
export function oneOf(description: string, values: (context: FaultContext) => readonly string[]): ParamRule {
  return {
    description,
    values,
    problem: (value, context) => (values(context).includes(value) ? undefined : `must be one of ${values(context).join(', ')}`),
  };
}

/** Every parameter of `owner` (a fault type, say), given or chosen. Throws a sentence for an unknown or bad one. */
export function resolveRules(
  owner: string,
  rules: Readonly<Record<string, ParamRule>>,
  given: Params,
  context: FaultContext,
  random: Random,
): Params {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(rules, name));
  if (unknown) {
    const known = Object.keys(rules);
    throw new Error(`${owner} has no parameter ${unknown}; ${known.length ? `it has ${known.join(', ')}` : 'it has none'}`);
  }
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => {
      const values = rule.values(context);
      // Drawn even where a value is given, so that one parameter never moves the others.
      const chosen = values[random(values.length)];
      const value = given[name] ?? chosen;
      const problem = rule.problem(value, context);
      if (problem) throw new Error(`${owner} on ${targetKey(context.target)}: ${name} "${value}" ${problem}`);
      return [name, value];
    }),
  );
}
