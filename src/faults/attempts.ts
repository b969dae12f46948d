import type { Attempt, FaultContext } from './fault.ts';
import { targetContainer } from './target.ts';

/** Text as one word of shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** `deployment/NAME -n NAMESPACE` of the target. */
export const ref = ({ target }: FaultContext): string => `deployment/${target.name} -n ${target.namespace}`;

export const attempt = (name: string, ...lines: string[]): Attempt => ({ name, lines });

/** A strategic patch of the whole Deployment. */
export function patchLine(context: FaultContext, patch: unknown): string {
  return `kubectl patch ${ref(context)} -p ${quote(JSON.stringify(patch))}`;
}

/** A strategic patch of the target's container. */
export function patchContainerLine(context: FaultContext, change: Record<string, unknown>): string {
  const { name } = targetContainer(context.deployment, context.target);
  return patchLine(context, { spec: { template: { spec: { containers: [{ name, ...change }] } } } });
}

/** A JSON patch at `path` below the target's container. */
export function jsonPatchLine(context: FaultContext, operations: readonly { op: string; path: string; value?: unknown }[]): string {
  const { name } = targetContainer(context.deployment, context.target);
  const index = context.deployment.spec.template.spec.containers.findIndex((c) => c.name === name);
  const whole = operations.map((o) => ({ ...o, path: `/spec/template/spec/containers/${index}${o.path}` }));
  return `kubectl patch ${ref(context)} --type=json -p ${quote(JSON.stringify(whole))}`;
}

/** Reads the live Deployment, applies a jq program to it and sends it back in the ways that people do. */
export function editAttempts(context: FaultContext, program: string): Attempt[] {
  // Sent back with its version, an edit is refused when a pod crashed between reading and applying.
  const read = `kubectl get ${ref(context)} -o json | jq ${quote(`${program} | del(.metadata.resourceVersion)`)} > fixed.json`;
  return [
    attempt('edit what is there and apply it', read, 'kubectl apply -f fixed.json'),
    attempt(
      'edit what is there, delete the Deployment and apply the edited one',
      `${read} && kubectl delete ${ref(context)} && kubectl apply -f fixed.json`,
    ),
    attempt('edit what is there and replace it by force', `${read} && kubectl replace --force -f fixed.json`),
  ];
}

/** The jq program that changes the target's container by `update`, e.g. `.image = "x"`. */
export function updateContainer(context: FaultContext, update: string): string {
  const { name } = targetContainer(context.deployment, context.target);
  return `.spec.template.spec.containers |= map(if .name == ${JSON.stringify(name)} then ${update} else . end)`;
}

export const undo = (context: FaultContext): Attempt => attempt('undo the last rollout', `kubectl rollout undo ${ref(context)}`);
